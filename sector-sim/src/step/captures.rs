//! Phase 4: captured systems change their state.

use crate::event::Event;
use crate::units::scale;
use crate::world::World;

pub(super) fn captures(world: &mut World) {
    if world.work.captures.is_empty() {
        return;
    }
    let rules = world.rules.clone();
    let mut captures = std::mem::take(&mut world.work.captures);
    for &(system, faction, from) in &captures {
        let state = &mut world.board.systems[system.index()];
        state.unrest = (state.unrest + rules.capture.unrest).min(1000);
        let loss = rules.capture.stability_loss + state.unrest / rules.capture.unrest_divisor;
        state.stability = (state.stability - loss).max(0);
        state.heat = (state.heat + rules.capture.heat).min(rules.recovery.heat_most);
        state.garrison = scale(state.garrison, rules.capture.garrison_kept);
        world.touch(system);
        world.tell(Event::Captured { system, faction, from });
    }
    captures.clear();
    world.work.captures = captures;
}
