//! Plans the routes of a tick on several threads before the first order is executed (feature
//! `parallel`).
//!
//! A route depends on the map and on which faction holds which system with what strength. Orders
//! change neither: they split and merge fleets of one faction at one system, and fleets depart only
//! after all orders. So routes can be planned at any time in this phase.

use rayon::prelude::*;

use crate::ids::{FactionId, SystemId};
use crate::map::Planner;
use crate::order::{Command, Order};
use crate::parallel;
use crate::world::World;

/// Faction, origin and target of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Way {
    pub(crate) faction: FactionId,
    pub(crate) origin: SystemId,
    pub(crate) target: SystemId,
}

/// Routes planned ahead for this tick.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ahead {
    /// Planned requests, sorted.
    ways: Vec<Way>,
    /// Of n workers, each has planned every n-th request.
    workers: Vec<Worker>,
}

/// Memory of a thread, and its planned routes.
#[derive(Clone, Debug, Default)]
struct Worker {
    planner: Planner,
    route: Vec<SystemId>,
    /// All routes, concatenated.
    systems: Vec<SystemId>,
    /// End of each route, and whether there is one.
    ends: Vec<(usize, bool)>,
}

impl Ahead {
    /// If this route was planned, fills `route` like [`Planner::plan`] and returns whether there is
    /// a route.
    pub(crate) fn recall(&self, way: Way, route: &mut Vec<SystemId>) -> Option<bool> {
        let index = self.ways.binary_search(&way).ok()?;
        let worker = &self.workers[index % self.workers.len()];
        let number = index / self.workers.len();
        let (end, found) = worker.ends[number];
        let begin = if number == 0 { 0 } else { worker.ends[number - 1].0 };
        route.clear();
        route.extend_from_slice(&worker.systems[begin..end]);
        Some(found)
    }
}

/// Plans the routes of those orders that are valid in the current state. The others are planned
/// when they are executed.
pub(super) fn plan(world: &mut World, given: &[Order]) {
    let mut ahead = std::mem::take(&mut world.work.ahead);
    ahead.ways.clear();
    if world.map.len() >= parallel::MAP_SYSTEMS && given.len() >= parallel::ROUTES {
        ahead.ways.extend(given.iter().filter_map(|order| wanted(world, order)));
        ahead.ways.sort_unstable();
        ahead.ways.dedup();
    }
    if ahead.ways.len() < parallel::ROUTES {
        ahead.ways.clear();
    } else {
        let threads = rayon::current_num_threads();
        ahead.workers.resize_with(threads, Worker::default);
        let (world, ways) = (&*world, ahead.ways.as_slice());
        ahead.workers.par_iter_mut().with_max_len(1).enumerate().for_each(|(first, worker)| {
            worker.plan(world, ways.iter().skip(first).step_by(threads));
        });
    }
    world.work.ahead = ahead;
}

/// Route request of a move order that is valid so far.
fn wanted(world: &World, order: &Order) -> Option<Way> {
    let Command::Move { origin, target, fleet, amount } = order.command else { return None };
    let faction = order.faction;
    if !world.board.faction(faction).is_some_and(|faction| faction.alive) {
        return None;
    }
    super::orders::mover(world, faction, origin, target, fleet, amount).ok()?;
    Some(Way { faction, origin, target })
}

impl Worker {
    fn plan<'a>(&mut self, world: &World, ways: impl Iterator<Item = &'a Way>) {
        self.planner.fit(world.map.len());
        self.systems.clear();
        self.ends.clear();
        for way in ways {
            let found = self.planner.plan(
                &world.map,
                &world.board,
                way.faction,
                way.origin,
                way.target,
                &mut self.route,
            );
            self.systems.extend_from_slice(&self.route);
            self.ends.push((self.systems.len(), found));
        }
    }
}
