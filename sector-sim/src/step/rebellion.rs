//! Phase 5: systems with unrest or recent fighting may rebel, and join the League or secede.
//!
//! Systems without unrest and heat do not rebel, nor do those in reclaim cooldown or owned by the
//! League.

use crate::board::System;
use crate::draw::{Draw, Purpose};
use crate::event::Event;
use crate::ids::{FactionId, FactionKind, SystemId};
use crate::rules::RebellionRules;
use crate::units::scale;
use crate::world::World;

pub(super) fn rebellion(world: &mut World) {
    let mut list = std::mem::take(&mut world.work.list);
    world.work.awake.list(&mut list);
    for &index in &list {
        consider(world, SystemId(index));
    }
    world.work.list = list;
}

/// Chance per tick that a system rebels, per mille, if its owner has `systems` systems. Ignores the
/// kind of owner and the reclaim cooldown.
#[must_use]
pub fn rebellion_chance(rules: &RebellionRules, state: &System, systems: i64) -> i64 {
    let provoked = state.unrest > 0 || state.heat > 0;
    if !provoked || state.stability - state.unrest / rules.unrest_divisor > rules.threshold {
        return 0;
    }
    let sprawl = (systems - rules.sprawl_limit).max(0);
    scale(scale(rules.chance, 1000 + state.unrest), 1000 + rules.sprawl_gain * sprawl)
        .min(rules.most_chance)
}

fn consider(world: &mut World, system: SystemId) {
    let state = &world.board.systems[system.index()];
    let Some(owner) = state.owner else { return };
    if owner == FactionId::LEAGUE || state.reclaim_cooldown > 0 {
        return;
    }
    let systems = world.board.faction(owner).map_or(0, |faction| faction.systems);
    let chance = rebellion_chance(&world.rules.rebellion, state, systems);
    // Impossible outcomes need no draw.
    let (seed, tick) = (world.board.seed, world.board.tick);
    if chance > 0 && Draw::new(seed, tick, Purpose::Rebellion, u64::from(system.0)).chance(chance) {
        rise(world, system, owner);
    }
}

fn rise(world: &mut World, system: SystemId, from: FactionId) {
    let rules = world.rules.rebellion.clone();
    let mut draw =
        Draw::new(world.board.seed, world.board.tick, Purpose::Secession, u64::from(system.0));
    let splinter =
        if draw.chance(rules.secession) { choose_splinter(world, from, &mut draw) } else { None };
    let to = splinter.unwrap_or(FactionId::LEAGUE);
    let (strength, cooldown) = match splinter {
        Some(_) => (rules.splinter_fleet, rules.splinter_cooldown),
        None => (rules.league_fleet, rules.league_cooldown),
    };
    let is_new = world.board.faction(to).is_none_or(|faction| !faction.alive);
    let stock = world.rules.production.fleet;
    let faction = world.found(to);
    if is_new && splinter.is_some() {
        faction.parent = Some(from);
        faction.home = Some(system);
        faction.build_stock = stock;
    }
    world.set_owner(system, Some(to));
    let state = &mut world.board.systems[system.index()];
    state.garrison = world.rules.recovery.garrison_most;
    state.reclaim_cooldown = cooldown;
    state.stability = state.stability.max(rules.stability);
    state.unrest = 0;
    world.add_fleet(to, system, strength, strength);
    world.tell(match splinter {
        Some(to) => Event::Seceded { system, from, to },
        None => Event::Rebelled { system, from, to },
    });
}

/// A new splinter while more are allowed, else a living one other than the owner, preferring its
/// own splinters.
fn choose_splinter(world: &World, from: FactionId, draw: &mut Draw) -> Option<FactionId> {
    let allowed = (0..world.rules.rebellion.splinters as u8).filter_map(FactionId::splinter);
    let alive = |id: &FactionId| world.board.faction(*id).is_some_and(|faction| faction.alive);
    if let Some(free) = allowed.clone().find(|id| !alive(id)) {
        return Some(free);
    }
    let others = || {
        world.board.factions.iter().filter(|faction| {
            faction.id.kind() == FactionKind::Splinter && faction.alive && faction.id != from
        })
    };
    let kin = others().find(|faction| faction.parent == Some(from));
    kin.or_else(|| others().nth(draw.below(others().count() as u64) as usize))
        .map(|faction| faction.id)
}
