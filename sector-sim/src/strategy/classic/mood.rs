//! Mood: how wins and losses shift the traits.
//!
//! Confidence rises with battles won and systems captured and falls with losses; weariness rises
//! with every battle. Both decay. A faction becomes bold after ten ticks without events of its own,
//! or when it is far ahead.

use crate::event::Event;
use crate::rules::Personality;
use crate::strategy::Turn;
use crate::units::scale;
use crate::view::View;

/// Ticks without own events after which a faction becomes bold.
const QUIET_TICKS: u64 = 10;
/// Share of the sector's value with which a faction feels safe, per mille.
const DOMINANT: i64 = 450;
/// Share of confidence and weariness kept per tick, per mille.
const KEPT: i64 = 975;
/// Change of confidence per battle or system.
const STEP: i64 = 60;
/// Weariness added per battle.
const TOIL: i64 = 60;

/// Traits of a player, and its mood.
#[derive(Clone, Debug)]
pub(super) struct Mood {
    personality: Personality,
    /// Confidence, −500 to 500.
    confidence: i64,
    /// Weariness, 0 to 500.
    weariness: i64,
    /// Tick of the last event that involved the faction.
    stirred: u64,
    /// Whether the faction is bold.
    pub(super) bold: bool,
}

impl Mood {
    pub(super) fn new(personality: Personality) -> Mood {
        Mood { personality, confidence: 0, weariness: 0, stirred: 0, bold: false }
    }

    pub(super) fn reset(&mut self, tick: u64) {
        *self = Mood { stirred: tick, ..Mood::new(self.personality.clone()) };
    }

    /// Updates the mood after a tick. Returns whether the faction won or lost a system.
    pub(super) fn notice(&mut self, view: &View<'_>, turn: &Turn) -> bool {
        let me = view.me;
        let mut changed = false;
        // After 200 ticks both have decayed to 0.
        for _ in 0..=turn.missed.min(200) {
            self.confidence = scale(self.confidence, KEPT);
            self.weariness = scale(self.weariness, KEPT);
        }
        for event in view.board.events() {
            let (won, lost) = match event {
                Event::Battle { attacker, defender, winner, .. }
                    if *attacker == me || *defender == me =>
                {
                    self.weariness = (self.weariness + TOIL).min(500);
                    (*winner == me, *winner != me)
                }
                Event::Captured { faction, from, .. } => (*faction == me, *from == Some(me)),
                Event::Rebelled { from, to, .. } | Event::Seceded { from, to, .. } => {
                    (*to == me, *from == me)
                }
                _ => continue,
            };
            if !won && !lost {
                continue;
            }
            changed |= !matches!(event, Event::Battle { .. });
            self.stirred = turn.tick;
            self.confidence = (self.confidence + if won { STEP } else { -STEP }).clamp(-500, 500);
        }
        self.bold = turn.tick.saturating_sub(self.stirred) >= QUIET_TICKS || dominates(view);
        changed
    }

    /// Readiness to attack, 0 to 1000.
    pub(super) fn aggression(&self) -> i64 {
        let boldness = if self.bold { 250 } else { 0 };
        (self.personality.aggression + boldness + self.confidence / 2 - self.weariness / 3)
            .clamp(0, 1000)
    }

    /// Preference for unowned systems, 0 to 1000.
    pub(super) fn expansionism(&self) -> i64 {
        (self.personality.expansionism + self.weariness / 3).clamp(0, 1000)
    }

    /// Preference for valuable systems, 0 to 1000.
    pub(super) fn greed(&self) -> i64 {
        self.personality.greed
    }

    /// Share held in reserve, 0 to 1000.
    pub(super) fn caution(&self) -> i64 {
        let boldness = if self.bold { 250 } else { 0 };
        (self.personality.caution - boldness - self.confidence / 2 + self.weariness / 3)
            .clamp(0, 1000)
    }
}

fn dominates(view: &View<'_>) -> bool {
    let living = || view.board.factions().iter().filter(|faction| faction.alive);
    let value: i64 = living().map(|faction| faction.value).sum();
    view.faction().is_some_and(|faction| faction.value * 1000 > value * DOMINANT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Rules;
    use crate::world::World;

    #[test]
    fn quiet_makes_bold_and_fades() {
        let rules = Rules::classic();
        let world = World::new(rules.clone().into(), 7).unwrap();
        let view = world.view(world.board().factions()[0].id);
        let mut mood = Mood::new(rules.personality(0));
        mood.reset(5);
        mood.confidence = 400;
        let caution = mood.caution();
        assert!(!mood.notice(&view, &Turn { tick: 6, missed: 0 }));
        assert!(!mood.bold && mood.confidence == 390);
        mood.notice(&view, &Turn { tick: 15, missed: 8 });
        assert!(mood.bold && mood.confidence < 320);
        mood.notice(&view, &Turn { tick: 1_000_000, missed: 999_984 });
        assert_eq!(mood.confidence, 0);
        assert!(mood.caution() <= caution);
    }
}
