//! Describes the view as text: what a model needs to decide, with a fixed limit for any size of the
//! sector.
//!
//! Contains only ids and numbers. Names are text of other players, which a model could read as
//! instructions.

use std::fmt::Write;

use sector_sim::strategy::Scout;
use sector_sim::{SystemId, View};

/// Longest description, in characters: about 3,000 tokens.
pub const CHARACTERS_MAX: usize = 8_000;
/// Maximum number of listed items per kind.
const RIVALS: usize = 8;
const FLEETS: usize = 24;
const SYSTEMS: usize = 24;
const TARGETS: usize = 32;

/// Describes the view, idle fleets and borders first. `scout` must be up to date.
#[must_use]
pub fn describe(view: &View<'_>, scout: &Scout) -> String {
    let mut lines = vec![head(view)];
    lines.extend(rivals(view));
    lines.push(
        "Your idle fleets, the strongest first, and where they can go (system, ticks):".to_owned(),
    );
    lines.extend(scout.stacks().iter().take(FLEETS).map(|stack| {
        let lanes =
            view.map.neighbours(stack.system).iter().fold(String::new(), |mut lanes, to| {
                let whose = if view.owns(to.system) { " yours" } else { "" };
                _ = write!(lanes, " {}({}{whose})", to.system, to.ticks);
                lanes
            });
        format!(
            "fleet {} at {} strength {} lanes:{lanes}",
            stack.fleet, stack.system, stack.strength
        )
    }));
    lines.push("Foreign systems at your border:".to_owned());
    lines.extend(scout.targets().iter().take(TARGETS).filter_map(|&target| {
        let (site, resistance) = (view.map.site(target)?, view.resistance(target, 2));
        let owner = resistance.owner.map_or("nobody".to_owned(), |owner| owner.to_string());
        let on_its_way = scout.expected(target);
        Some(format!(
            "system {target} of {owner} value {} garrison {} fleets {} yours on their way {on_its_way}",
            site.value, resistance.garrison, resistance.defence
        ))
    }));
    lines.push("Your systems, those at the border first:".to_owned());
    let inland = scout.owned().filter(|&system| !scout.is_front(system));
    let own = scout.front().iter().copied().chain(inland);
    lines.extend(own.take(SYSTEMS).filter_map(|system| own_system(view, scout, system)));
    bounded(&lines)
}

fn head(view: &View<'_>) -> String {
    let tick = view.board.tick();
    match view.faction() {
        Some(me) => format!(
            "Tick {tick}. You are {} with {} systems of value {}, {} fleets of strength {}, economy {}.",
            view.me, me.systems, me.value, me.fleets, me.strength, me.economy
        ),
        None => format!("Tick {tick}. You are {}.", view.me),
    }
}

fn rivals(view: &View<'_>) -> Vec<String> {
    let others =
        view.board.standing().into_iter().filter(|faction| faction.alive && faction.id != view.me);
    let told = others.take(RIVALS);
    told.map(|faction| {
        let (systems, value, strength) = (faction.systems, faction.value, faction.strength);
        format!("Rival {}: {systems} systems of value {value}, strength {strength}.", faction.id)
    })
    .collect()
}

fn own_system(view: &View<'_>, scout: &Scout, system: SystemId) -> Option<String> {
    let (site, state) = (view.map.site(system)?, view.board.system(system)?);
    let focus = format!("{:?}", state.focus).to_lowercase();
    let threat = scout.threat(system);
    Some(format!(
        "system {system} value {} garrison {} stability {} focus {focus} threat {threat}",
        site.value, state.garrison, state.stability
    ))
}

/// As many whole lines as fit.
fn bounded(lines: &[String]) -> String {
    let mut text = String::new();
    for line in lines.iter().take_while({
        let mut room = CHARACTERS_MAX;
        move |line| {
            let fits = line.len() < room;
            room = room.saturating_sub(line.len() + 1);
            fits
        }
    }) {
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sector_sim::strategy::Classic;
    use sector_sim::world::Size;
    use sector_sim::{FactionId, Game, Rules, Turn, World};

    use super::*;

    fn description(systems: u32, factions: u8, ticks: u64) -> String {
        let rules = Rules::classic();
        let world =
            World::with_size(Arc::new(rules.clone()), 7, Size { systems, factions }).unwrap();
        let mut game = Game::new(
            world,
            Box::new(move |_, faction| Box::new(Classic::new(rules.personality(faction.index())))),
        );
        game.play(ticks);
        let view = game.world().view(FactionId::starter(0).unwrap());
        let mut scout = Scout::default();
        scout.look(&view, &Turn { tick: ticks, missed: 0 });
        describe(&view, &scout)
    }

    #[test]
    fn descriptions_are_complete_and_limited() {
        let small = description(18, 2, 0);
        assert!(small.starts_with("Tick 0. You are F1 with 1 systems"), "{small}");
        for part in ["Rival F2: ", "\nfleet 2 at ", " of nobody value ", "focus balanced threat 0"]
        {
            assert!(small.contains(part), "{part}: {small}");
        }
        let large = description(600, 6, 250);
        assert!(large.len() <= CHARACTERS_MAX && large.lines().count() > 40, "{large}");
    }
}
