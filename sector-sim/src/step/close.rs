//! End of a tick: updates derived values, lists the changes and updates the digest.

use crate::board::{Slot, System};
use crate::digest::{fleet_hash, system_hash};
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
    #[cfg(feature = "parallel")]
    if list.len() >= crate::parallel::CHANGES {
        let mut derived = std::mem::take(&mut world.work.derived);
        let shared: &World = world;
        crate::parallel::each(list, &mut derived, |index| Derived::of(shared, SystemId(index)));
        for (&index, &derived) in list.iter().zip(&derived) {
            system(world, SystemId(index), derived);
        }
        world.work.derived = derived;
        return;
    }
    for &index in list.iter() {
        let derived = Derived::of(world, SystemId(index));
        system(world, SystemId(index), derived);
    }
}

/// Values derived from the rest of a system's state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Derived {
    siege_owner: Option<FactionId>,
    siege_strength: i64,
    output: i64,
    hash: u64,
}

impl Derived {
    fn of(world: &World, id: SystemId) -> Derived {
        let (siege_owner, siege_strength) = siege(world, id);
        let state = System { siege_owner, siege_strength, ..world.board.systems[id.index()] };
        let site = &world.map.sites()[id.index()];
        let output = state
            .owner
            .map_or(0, |_| output(&world.rules, &state, site.kind, i64::from(site.value)));
        Derived { siege_owner, siege_strength, output, hash: system_hash(id, &state) }
    }
}

/// Stores the derived values of a system.
fn system(world: &mut World, id: SystemId, derived: Derived) {
    let state = &mut world.board.systems[id.index()];
    (state.siege_owner, state.siege_strength) = (derived.siege_owner, derived.siege_strength);
    if let Some(owner) = state.owner {
        let before = std::mem::replace(&mut world.work.outputs[id.index()], derived.output);
        if derived.output != before {
            world.work.faction_outputs[owner.index()] += derived.output - before;
            world.work.stirred |= 1 << owner.index();
        }
    }
    if world.work.hashes.system(id, derived.hash) {
        world.report.systems.push(id);
    }
}

/// Strongest foreign faction with idle fleets at a system, and their total strength; ties go to the
/// faction with the lowest fleet id.
fn siege(world: &World, system: SystemId) -> (Option<FactionId>, i64) {
    let owner = world.board.systems[system.index()].owner;
    let foreign = || {
        world.board.fleets.at(system).filter(|fleet| Some(fleet.owner) != owner && fleet.is_idle())
    };
    let mut best: (Option<FactionId>, i64) = (None, 0);
    for fleet in foreign() {
        let strength: i64 = foreign()
            .filter(|other| other.owner == fleet.owner)
            .fold(0, |sum, other| sum.saturating_add(other.strength));
        // Fleets are ordered by id.
        if best.0.is_none() || strength > best.1 {
            best = (Some(fleet.owner), strength);
        }
    }
    best
}

/// Output of a system for its owner's economy, in thousandths.
#[must_use]
pub fn output(rules: &Rules, state: &System, kind: Kind, value: i64) -> i64 {
    let production = &rules.production;
    let kind = match kind {
        Kind::Normal => 1000,
        Kind::Relic => production.relic,
        Kind::Forge => production.forge,
        Kind::Hive => production.hive,
    };
    let stability =
        production.unstable_yield + scale(1000 - production.unstable_yield, state.stability);
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

/// Economy of a faction with this many systems and this total output, in thousandths.
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
    for faction in
        world.board.factions.iter_mut().filter(|faction| stirred & (1 << faction.id.index()) != 0)
    {
        faction.economy = economy(
            &world.rules.production,
            faction.systems,
            world.work.faction_outputs[faction.id.index()],
        );
    }
}

fn fleets(world: &mut World, list: &mut Vec<u32>) {
    world.work.touched_fleets.drain(list);
    changed_fleets(world, list);
    while let Some((id, slot)) = world.work.removed.pop() {
        // Skip fleets that appeared and vanished within the tick.
        if world.work.hashes.fleet(slot, 0) {
            world.report.removed_fleets.push(id);
        }
        world.board.fleets.release(slot);
    }
    world.report.fleets.sort_unstable();
    world.report.removed_fleets.sort_unstable();
}

fn changed_fleets(world: &mut World, list: &[Slot]) {
    #[cfg(feature = "parallel")]
    if list.len() >= crate::parallel::CHANGES {
        let mut hashes = std::mem::take(&mut world.work.fleet_hashes);
        let fleets = &world.board.fleets;
        crate::parallel::each(list, &mut hashes, |slot| {
            if fleets.is_alive(slot) { fleet_hash(fleets.at_slot(slot)) } else { 0 }
        });
        for (&slot, &hash) in list.iter().zip(&hashes) {
            fleet(world, slot, hash);
        }
        world.work.fleet_hashes = hashes;
        return;
    }
    for &slot in list {
        if world.board.fleets.is_alive(slot) {
            let hash = fleet_hash(world.board.fleets.at_slot(slot));
            fleet(world, slot, hash);
        }
    }
}

/// Stores the hash of a fleet. Removed fleets are reported separately.
fn fleet(world: &mut World, slot: Slot, hash: u64) {
    if world.board.fleets.is_alive(slot) && world.work.hashes.fleet(slot, hash) {
        world.report.fleets.push(world.board.fleets.at_slot(slot).id);
    }
}
