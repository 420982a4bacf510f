//! Phase 11: who is out, and whether somebody has won.

use crate::board::Outcome;
use crate::event::{Cause, Event};
use crate::ids::FactionId;
use crate::world::World;

pub(super) fn victory(world: &mut World) {
    for index in 0..world.board.factions.len() {
        let faction = &mut world.board.factions[index];
        if faction.alive && faction.systems == 0 && faction.fleets == 0 {
            faction.alive = false;
            (faction.economy, faction.build_stock, faction.domination_ticks) = (0, 0, 0);
            let faction = faction.id;
            world.tell(Event::Eliminated { faction });
        }
    }
    if let Some((winner, cause)) = decision(world) {
        world.board.result = Some(Outcome { winner, cause, tick: world.board.tick });
        world.tell(Event::RunEnded { winner, cause });
    }
}

fn decision(world: &mut World) -> Option<(Option<FactionId>, Cause)> {
    let rules = &world.rules.victory;
    let total = world.work.total_value;
    let mut dominating = None;
    let mut living = 0;
    let mut last = None;
    for faction in world.board.factions.iter_mut().filter(|faction| faction.alive) {
        living += 1;
        last = Some(faction.id);
        if faction.value * 1000 >= total * rules.domination_value && faction.value > 0 {
            faction.domination_ticks += 1;
        } else {
            faction.domination_ticks = 0;
        }
        if faction.domination_ticks >= rules.domination_ticks && dominating.is_none() {
            dominating = Some(faction.id);
        }
    }
    if living <= 1 {
        return Some((last, Cause::LastStanding));
    }
    if dominating.is_some() {
        return Some((dominating, Cause::Domination));
    }
    if world.board.tick >= rules.tick_limit as u64 {
        let best = world.board.standing().first().map(|faction| faction.id);
        return Some((best, Cause::TickLimit));
    }
    None
}
