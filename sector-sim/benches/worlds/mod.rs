//! Sectors of any size in the middle of a war, for benchmarks.

use std::sync::Arc;

use sector_sim::snapshot::{FleetForm, SnapshotError};
use sector_sim::strategy::Classic;
use sector_sim::world::{Size, WorldError};
use sector_sim::{
    Delta, FactionId, FleetId, Order, Rules, Snapshot, Strategy, SystemId, Turn, Universe, World,
};

/// Measured sizes, in systems.
pub(crate) const SIZES: [u32; 5] = [30, 300, 3_000, 30_000, 100_000];
/// Number of factions.
pub(crate) const FACTIONS: u8 = 5;

/// The standard rules without a tick limit.
pub(crate) fn rules() -> Arc<Rules> {
    let mut rules = Rules::classic();
    rules.victory.tick_limit = 10_000_000;
    rules.victory.domination_value = 1000;
    Arc::new(rules)
}

pub(crate) fn universe() -> Universe {
    Universe { id: "u-bench".into(), tick_delay_ms: 300, rules: "classic".into() }
}

pub(crate) fn snapshot(world: &World) -> Snapshot {
    Snapshot::of(&universe(), world.map(), world.board(), world.digest())
}

/// World restored from a modified snapshot.
pub(crate) fn restored(mut snapshot: Snapshot) -> World {
    // Take the digest from the error, after the sums of the factions were recomputed.
    if let Err(WorldError::Snapshot(SnapshotError::Digest { found, .. })) =
        World::restore(rules(), &snapshot)
    {
        snapshot.digest = found;
    }
    World::restore(rules(), &snapshot).unwrap()
}

/// An idle fleet at a system.
pub(crate) fn idle_fleet(id: u32, owner: FactionId, system: SystemId, strength: i64) -> FleetForm {
    FleetForm {
        id: FleetId(id),
        owner,
        system_id: Some(system),
        strength,
        max_strength: strength,
        enroute_from: None,
        enroute_to: None,
        departed: None,
        eta: None,
        route: Vec::new(),
    }
}

/// Gives every system to the starter with the nearest home, at rest. Returns the owners.
pub(crate) fn settled(world: &World, snapshot: &mut Snapshot) -> Vec<FactionId> {
    let mut nearest = vec![(u32::MAX, 0); world.map().len()];
    let mut hops = Vec::new();
    for (seat, &home) in world.map().homes().iter().enumerate() {
        world.map().hops_from(&[home], &mut hops);
        for (nearest, &hops) in nearest.iter_mut().zip(&hops) {
            *nearest = (*nearest).min((hops, seat));
        }
    }
    let owners: Vec<FactionId> =
        nearest.iter().map(|&(_, seat)| FactionId::starter(seat as u8).unwrap()).collect();
    for (form, &owner) in snapshot.systems.iter_mut().zip(&owners) {
        (form.owner, form.garrison, form.maturity) = (Some(owner), 3_000, 15);
    }
    owners
}

/// A sector in which every system is owned, with a fleet at every third, after a few ticks of war.
pub(crate) fn at_war(systems: u32) -> War {
    let world = World::with_size(rules(), 7, Size { systems, factions: FACTIONS }).unwrap();
    let mut snapshot = snapshot(&world);
    let owners = settled(&world, &mut snapshot);
    let mut next = snapshot.next_fleet_id.0;
    for (form, &owner) in snapshot.systems.iter().zip(&owners) {
        if form.id.0 % 3 == 0 && world.board().fleets().at(form.id).next().is_none() {
            snapshot.fleets.push(idle_fleet(
                next,
                owner,
                form.id,
                5_000 + i64::from(form.id.0 * 7919 % 10_000),
            ));
            next += 1;
        }
    }
    snapshot.next_fleet_id = FleetId(next);
    let mut war = War::new(restored(snapshot));
    for _ in 0..20 {
        war.step();
    }
    war
}

/// A world and its players.
#[derive(Clone)]
pub(crate) struct War {
    pub(crate) world: World,
    pub(crate) players: Vec<(FactionId, Classic)>,
    pub(crate) orders: Vec<Order>,
}

impl War {
    pub(crate) fn new(world: World) -> War {
        let starters = (0..FACTIONS).filter_map(FactionId::starter);
        let players =
            starters.map(|id| (id, Classic::new(world.rules().personality(id.index())))).collect();
        War { world, players, orders: Vec::new() }
    }

    /// Asks every player for its orders. Returns their number.
    pub(crate) fn decide(&mut self) -> usize {
        self.orders.clear();
        let turn = Turn { tick: self.world.tick(), missed: 0 };
        for (id, player) in &mut self.players {
            self.orders.append(&mut player.orders(&self.world.view(*id), &turn));
        }
        self.orders.len()
    }

    /// Plays one tick of war and returns its delta.
    pub(crate) fn step(&mut self) -> Delta {
        self.decide();
        self.step_decided()
    }

    /// Like `step`, with orders already decided.
    pub(crate) fn step_decided(&mut self) -> Delta {
        self.world.step(&self.orders);
        Delta::of("u-bench", &self.world)
    }
}
