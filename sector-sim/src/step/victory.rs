//! Phase 11: factions are eliminated, and victory is checked.
//!
//! Ties go to the faction with the lower home system; the League has none and comes last.

use crate::board::Outcome;
use crate::event::{Cause, Event};
use crate::ids::FactionId;
use crate::world::World;

pub(super) fn victory(world: &mut World) {
    let mut eliminated = std::mem::take(&mut world.work.eliminated);
    for faction in &mut world.board.factions {
        if faction.alive && faction.systems == 0 && faction.fleets == 0 {
            faction.alive = false;
            (faction.economy, faction.build_stock, faction.domination_ticks) = (0, 0, 0);
            world.work.stirred |= 1 << faction.id.index();
            eliminated.push(faction.seniority());
        }
    }
    eliminated.sort_unstable();
    for (_, faction) in eliminated.drain(..) {
        world.tell(Event::Eliminated { faction });
    }
    world.work.eliminated = eliminated;
    if let Some((winner, cause)) = decision(world) {
        world.board.result = Some(Outcome { winner, cause, tick: world.board.tick });
        world.tell(Event::RunEnded { winner, cause });
    }
}

fn decision(world: &mut World) -> Option<(Option<FactionId>, Cause)> {
    let rules = &world.rules.victory;
    let total = world.work.total_value;
    let mut dominating: Option<(u32, FactionId)> = None;
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
        let candidate = faction.seniority();
        if faction.domination_ticks >= rules.domination_ticks
            && dominating.is_none_or(|known| candidate < known)
        {
            dominating = Some(candidate);
        }
    }
    if living <= 1 {
        return Some((last, Cause::LastStanding));
    }
    if let Some((_, winner)) = dominating {
        return Some((Some(winner), Cause::Domination));
    }
    if world.board.tick >= rules.tick_limit as u64 {
        let best = world.board.standing().first().map(|faction| faction.id);
        return Some((best, Cause::TickLimit));
    }
    None
}
