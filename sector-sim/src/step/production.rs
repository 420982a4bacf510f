//! Phase 6: economies fill build stocks, which are turned into fleets.
//!
//! Fleets built in the same tick get their ids in the order of the systems where they appear.

use crate::board::Faction;
use crate::event::Event;
use crate::ids::SystemId;
use crate::units::scale;
use crate::world::World;

pub(super) fn production(world: &mut World) {
    let (rate, cost) = (world.rules.production.stock_rate, world.rules.production.fleet);
    let mut builders = std::mem::take(&mut world.work.builders);
    for index in 0..world.board.factions.len() {
        let faction = &mut world.board.factions[index];
        if faction.systems == 0 {
            continue;
        }
        faction.build_stock = faction.build_stock.saturating_add(scale(faction.economy, rate));
        if faction.build_stock >= cost
            && let Some(system) = muster_system(world, index)
        {
            builders.push((system, index as u8));
        }
    }
    // A system has one owner, so there are no duplicates.
    builders.sort_unstable();
    for (system, index) in builders.drain(..) {
        let index = usize::from(index);
        let id = world.board.factions[index].id;
        // Fleets built together would merge in the same tick, so build one.
        let strength = world.board.factions[index].build_stock / cost * cost;
        if let Some(fleet) = world.add_fleet(id, system, strength, strength) {
            world.board.factions[index].build_stock -= strength;
            world.tell(Event::FleetBuilt { fleet, faction: id, system, strength });
        }
    }
    world.work.builders = builders;
}

/// System where a faction's next fleet appears: the muster system, else the home, else the most
/// valuable system.
fn muster_system(world: &World, index: usize) -> Option<SystemId> {
    let Faction { id, muster, home, .. } = world.board.factions[index];
    let owned = |system: &SystemId| world.board.systems[system.index()].owner == Some(id);
    muster.filter(owned).or_else(|| home.filter(owned)).or_else(|| {
        let systems = (0..world.board.systems.len() as u32).map(SystemId).filter(owned);
        systems.max_by_key(|&system| {
            (world.map.sites()[system.index()].value, std::cmp::Reverse(system))
        })
    })
}
