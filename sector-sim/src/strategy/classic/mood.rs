//! How wins and losses shift the traits.
//!
//! Confidence rises with battles won and systems taken and falls with losses; weariness rises with every battle. Both
//! fade. Ten ticks in which nothing happens to the faction make it bold, and so does being far ahead.

use crate::event::Event;
use crate::rules::Personality;
use crate::strategy::Turn;
use crate::units::scale;
use crate::view::View;

/// Ticks without an event of its own after which a faction grows bold.
const QUIET_TICKS: u64 = 10;
/// The part of a sector's value that a faction feels safe with, per mille.
const DOMINANT: i64 = 450;
/// What is left of confidence and weariness after a tick, per mille.
const KEPT: i64 = 975;
/// What a battle or a system changes in confidence.
const STEP: i64 = 60;
/// What a battle adds to weariness.
const TOIL: i64 = 60;

/// The traits of a player and what it has lived through.
#[derive(Clone, Debug)]
pub(super) struct Mood {
    personality: Personality,
    /// −500 to 500.
    confidence: i64,
    /// 0 to 500.
    weariness: i64,
    /// The tick of the last event that concerned the faction.
    stirred: u64,
    /// Nothing has happened for a while, or nobody else comes near.
    pub(super) bold: bool,
}

impl Mood {
    pub(super) fn new(personality: Personality) -> Mood {
        Mood { personality, confidence: 0, weariness: 0, stirred: 0, bold: false }
    }

    pub(super) fn reset(&mut self, tick: u64) {
        *self = Mood { stirred: tick, ..Mood::new(self.personality.clone()) };
    }

    /// Takes in the last tick; says whether the faction won or lost a system.
    pub(super) fn notice(&mut self, view: &View<'_>, turn: &Turn) -> bool {
        let me = view.me;
        let mut changed = false;
        // Beyond this many ticks nothing is left to fade.
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

    /// How readily it attacks, 0 to 1000.
    pub(super) fn aggression(&self) -> i64 {
        let boldness = if self.bold { 250 } else { 0 };
        (self.personality.aggression + boldness + self.confidence / 2 - self.weariness / 3)
            .clamp(0, 1000)
    }

    /// How much it wants unowned systems, 0 to 1000.
    pub(super) fn expansionism(&self) -> i64 {
        (self.personality.expansionism + self.weariness / 3).clamp(0, 1000)
    }

    /// How much it prefers valuable systems, 0 to 1000.
    pub(super) fn greed(&self) -> i64 {
        self.personality.greed
    }

    /// How much it keeps back, 0 to 1000.
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
