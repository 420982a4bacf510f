//! The end of a tick: what is derived is derived anew, and what has changed is listed and taken into the digest.

use crate::board::System;
use crate::ids::{FactionId, SystemId};
use crate::map::Kind;
use crate::order::Focus;
use crate::rules::{ProductionRules, Rules};
use crate::units::{ratio, scale};
use crate::world::World;

pub(crate) fn close(world: &mut World) {
    let mut list = std::mem::take(&mut world.work.list);
    systems(world, &mut list);
    economies(world);
    fleets(world, &mut list);
    for faction in &world.board.factions {
        if world.work.hashes.faction(faction) {
            world.report.factions.push(faction.id);
        }
    }
    world.work.list = list;
    world.report.digest = world.work.hashes.digest(&world.board);
}

fn systems(world: &mut World, list: &mut Vec<u32>) {
    world.work.touched.drain(list);
    for &index in list.iter() {
        let id = SystemId(index);
        let (siege_owner, siege_strength) = siege(world, id);
        let state = &mut world.board.systems[id.index()];
        (state.siege_owner, state.siege_strength) = (siege_owner, siege_strength);
        let site = &world.map.sites()[id.index()];
        if let Some(owner) = state.owner {
            let output = output(&world.rules, state, site.kind, i64::from(site.value));
            let before = std::mem::replace(&mut world.work.outputs[id.index()], output);
            if output != before {
                world.work.faction_outputs[owner.index()] += output - before;
                world.work.stirred |= 1 << owner.index();
            }
        }
        if world.work.hashes.system(id, &world.board.systems[id.index()]) {
            world.report.systems.push(id);
        }
    }
}

/// The strongest foreign faction with idle fleets at a system, and their strength; among equals the one with the fleet
/// of the lowest id.
fn siege(world: &World, system: SystemId) -> (Option<FactionId>, i64) {
    let owner = world.board.systems[system.index()].owner;
    let foreign = || world.board.fleets.at(system).filter(|fleet| Some(fleet.owner) != owner && fleet.is_idle());
    let mut best: (Option<FactionId>, i64) = (None, 0);
    for fleet in foreign() {
        let strength: i64 = foreign()
            .filter(|other| other.owner == fleet.owner)
            .fold(0, |sum, other| sum.saturating_add(other.strength));
        // Fleets come by id.
        if best.0.is_none() || strength > best.1 {
            best = (Some(fleet.owner), strength);
        }
    }
    best
}

/// What a system adds to the economy of its owner, in thousandths.
#[must_use]
pub fn output(rules: &Rules, state: &System, kind: Kind, value: i64) -> i64 {
    let production = &rules.production;
    let kind = match kind {
        Kind::Normal => 1000,
        Kind::Relic => production.relic,
        Kind::Forge => production.forge,
        Kind::Hive => production.hive,
    };
    let stability = production.unstable_yield + scale(1000 - production.unstable_yield, state.stability);
    let maturity = production.immature_yield
        + ratio(1000 - production.immature_yield, state.maturity, rules.recovery.maturity_most);
    let focus = match state.focus {
        Focus::Balanced => 1000,
        Focus::Industry => rules.focus.industry_economy,
        Focus::Garrison => rules.focus.garrison_economy,
        Focus::Order => rules.focus.order_economy,
    };
    scale(scale(scale(value * production.per_value * kind / 1000, stability), maturity), focus)
}

/// The economy of a faction with so many systems that yield so much, in thousandths.
#[must_use]
pub fn economy(rules: &ProductionRules, systems: i64, outputs: i64) -> i64 {
    if systems == 0 {
        return 0;
    }
    let burden = 1000 + rules.sprawl_cost * (systems - rules.sprawl_limit).max(0);
    ratio(rules.base.saturating_add(outputs), 1000, burden)
}

fn economies(world: &mut World) {
    let stirred = std::mem::take(&mut world.work.stirred);
    if stirred == 0 {
        return;
    }
    for faction in world.board.factions.iter_mut().filter(|faction| stirred & (1 << faction.id.index()) != 0) {
        faction.economy =
            economy(&world.rules.production, faction.systems, world.work.faction_outputs[faction.id.index()]);
    }
}

fn fleets(world: &mut World, list: &mut Vec<u32>) {
    world.work.touched_fleets.drain(list);
    for &slot in list.iter() {
        let alive = world.board.fleets.is_alive(slot);
        let fleet = world.board.fleets.at_slot(slot);
        if alive && world.work.hashes.fleet(slot, Some(fleet)) {
            world.report.fleets.push(fleet.id);
        }
    }
    while let Some((id, slot)) = world.work.removed.pop() {
        // A fleet that came and went within the tick was never known.
        if world.work.hashes.fleet(slot, None) {
            world.report.removed_fleets.push(id);
        }
        world.board.fleets.release(slot);
    }
    world.report.fleets.sort_unstable();
    world.report.removed_fleets.sort_unstable();
}
