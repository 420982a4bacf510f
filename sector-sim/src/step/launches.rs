//! Phase 8: fleets with a route depart on its next lane.

use crate::board::Place;
use crate::event::Event;
use crate::world::World;

pub(super) fn launches(world: &mut World) {
    if world.work.ready.is_empty() {
        return;
    }
    let mut ready = std::mem::take(&mut world.work.ready);
    ready.retain(|&slot| world.board.fleets.is_alive(slot));
    ready.sort_unstable_by_key(|&slot| world.board.fleets.at_slot(slot).id);
    ready.dedup();
    let departed = world.board.tick;
    for &slot in &ready {
        let fleet = world.board.fleets.at_slot_mut(slot);
        let (id, faction) = (fleet.id, fleet.owner);
        let (Some(from), Some(&to)) = (fleet.at(), fleet.route.last()) else { continue };
        let Some(ticks) = world.map.lane_ticks(from, to) else {
            fleet.route.clear();
            continue;
        };
        fleet.route.pop();
        let arrives = departed + u64::from(ticks);
        world.move_fleet(slot, Place::Lane { from, to, departed, arrives });
        world.tell(Event::Launched { fleet: id, faction, from, to, arrives });
    }
    ready.clear();
    world.work.ready = ready;
}
