//! The routes of a tick, planned on several threads before the first order is carried out (feature `parallel`).
//!
//! A route follows from the map and from who holds which system with what strength. Orders leave all of that as it is:
//! they divide and merge fleets of one faction at one system, and nobody sets out before all of them are carried out.
//! So it does not matter when in this phase a route is planned.

use rayon::prelude::*;

use crate::ids::{FactionId, SystemId};
use crate::map::Planner;
use crate::order::{Command, Order};
use crate::parallel;
use crate::world::World;

/// Who wants to go from where to where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Way {
    pub(crate) faction: FactionId,
    pub(crate) origin: SystemId,
    pub(crate) target: SystemId,
}

/// The routes that were planned ahead for this tick.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ahead {
    /// For which ways, sorted.
    ways: Vec<Way>,
    /// Each has planned every n-th way, n being their number.
    workers: Vec<Worker>,
}

/// A thread's memory, and the routes it has planned.
#[derive(Clone, Debug, Default)]
struct Worker {
    planner: Planner,
    route: Vec<SystemId>,
    /// Its routes, one after the other.
    systems: Vec<SystemId>,
    /// Where each of them ends, and whether there is a way at all.
    ends: Vec<(usize, bool)>,
}

impl Ahead {
    /// Fills `route` as [`Planner::plan`] does, and says whether there is a way, if this way was planned.
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

/// Plans the routes for those of these orders that can be carried out as things are. Others plan theirs in their turn.
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

/// The way of an order to move that nothing forbids so far.
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
