//! Phase 1: fleets on lanes arrive.

use crate::board::Place;
use crate::event::Event;
use crate::world::World;

pub(super) fn arrivals(world: &mut World) {
    let index = world.work.arrivals_at(world.board.tick);
    if world.work.arrivals[index].is_empty() {
        return;
    }
    let mut due = std::mem::take(&mut world.work.arrivals[index]);
    due.sort_unstable_by_key(|&slot| world.board.fleets.at_slot(slot).id);
    for &slot in &due {
        let fleet = world.board.fleets.at_slot(slot);
        let (id, faction) = (fleet.id, fleet.owner);
        let Place::Lane { to, .. } = fleet.place else { continue };
        if !fleet.route.is_empty() {
            world.work.ready.push(slot);
        }
        world.move_fleet(slot, Place::At(to));
        world.tell(Event::Arrived { fleet: id, faction, system: to });
    }
    due.clear();
    world.work.arrivals[index] = due;
}
