//! Phase 9: idle fleets decay and are repaired; fleets of one owner at one system merge.

use crate::board::Fleet;
use crate::ids::SystemId;
use crate::units::scale;
use crate::world::{Side, World};

pub(super) fn upkeep(world: &mut World) {
    let (decay, repair) = (world.rules.upkeep.decay, world.rules.upkeep.repair);
    let mut list = std::mem::take(&mut world.work.list);
    // Fleets at full strength or on a lane are skipped until they change.
    world.work.unrested.drain(&mut list);
    for &slot in &list {
        let fleet = world.board.fleets.at_slot(slot);
        if !world.board.fleets.is_alive(slot) || !fleet.is_idle() {
            continue;
        }
        let (strength, max) = (fleet.strength, fleet.max_strength);
        let worn = strength - scale(strength, decay);
        let repaired = worn.saturating_add(scale(worn, repair)).min(max);
        if repaired != strength {
            world.set_strength(slot, repaired);
        }
    }
    world.work.crowded.drain(&mut list);
    for &index in &list {
        merge_idle(world, SystemId(index));
    }
    world.work.list = list;
}

fn merge_idle(world: &mut World, system: SystemId) {
    // Most systems hold at most one fleet.
    if world.board.fleets.slots_at(system).nth(1).is_none() {
        return;
    }
    let mut sides = std::mem::take(&mut world.work.sides);
    Side::line_up(&mut sides, world.board.fleets.at(system).filter(|fleet| fleet.is_idle()));
    for side in &sides {
        world.merge(side.faction, system, Fleet::is_idle);
    }
    world.work.sides = sides;
}
