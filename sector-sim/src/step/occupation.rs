//! Phase 3: foreign fleets at a system without defending fleets grind its garrison down and then
//! occupy it.
//!
//! Fleets passing through on a route do not take part.

use crate::board::Fleet;
use crate::event::Event;
use crate::ids::{FactionId, SystemId};
use crate::world::{Side, World};

pub(super) fn occupation(world: &mut World) {
    let mut list = std::mem::take(&mut world.work.list);
    world.work.watched.list(&mut list);
    for &index in &list {
        occupy(world, SystemId(index));
    }
    world.work.list = list;
}

fn occupy(world: &mut World, system: SystemId) {
    let state = world.board.systems[system.index()];
    let mut defended = false;
    let mut present = false;
    for fleet in world.board.fleets.at(system) {
        if Some(fleet.owner) == state.owner {
            defended = true;
        } else {
            present = true;
        }
    }
    let settled = |fleet: &&Fleet| Some(fleet.owner) != state.owner && fleet.route.is_empty();
    Side::line_up(&mut world.work.sides, world.board.fleets.at(system).filter(settled));
    if !present && state.occupation_faction.is_none() {
        world.work.watched.remove(system.index());
        return;
    }
    let claim = match world.work.sides.as_slice() {
        _ if defended => None,
        [] => None,
        // Contested: no progress.
        [first, second, ..] if first.strength == second.strength => return,
        [first, ..] => Some((first.strength, first.faction)),
    };
    match claim {
        Some((strength, faction)) if state.garrison > 0 => {
            grind(world, system, faction, strength.min(state.garrison));
            let rest = strength - state.garrison;
            if state.occupation_faction != Some(faction) || rest < world.rules.capture.strength {
                lose_occupation(world, system);
            }
        }
        Some((strength, faction)) if strength >= world.rules.capture.strength => {
            advance(world, system, faction);
        }
        _ => lose_occupation(world, system),
    }
}

/// The attacker and the garrison lose the same strength.
fn grind(world: &mut World, system: SystemId, faction: FactionId, loss: i64) {
    world.board.systems[system.index()].garrison -= loss;
    world.touch(system);
    let mut rest = loss;
    while rest > 0
        && let Some(slot) = world.strongest(faction, system, Fleet::is_idle)
    {
        let strength = world.board.fleets.at_slot(slot).strength;
        let part = strength.min(rest);
        world.set_strength(slot, strength - part);
        rest -= part;
    }
}

fn advance(world: &mut World, system: SystemId, faction: FactionId) {
    if world.board.systems[system.index()].occupation_faction != Some(faction) {
        lose_occupation(world, system);
        world.board.systems[system.index()].occupation_faction = Some(faction);
        world.tell(Event::OccupationStarted { system, faction });
    }
    let state = &mut world.board.systems[system.index()];
    state.occupation_progress += 1;
    let (progress, owner) = (state.occupation_progress, state.owner);
    world.touch(system);
    if progress >= world.rules.capture.ticks {
        world.set_owner(system, Some(faction));
        world.work.captures.push((system, faction, owner));
    }
}

fn lose_occupation(world: &mut World, system: SystemId) {
    let state = &mut world.board.systems[system.index()];
    if let Some(faction) = state.occupation_faction.take() {
        state.occupation_progress = 0;
        world.touch(system);
        world.tell(Event::OccupationLost { system, faction });
    }
}
