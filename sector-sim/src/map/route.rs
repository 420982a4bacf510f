//! Routes: fewest ticks, then least danger, then lowest ids.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::board::Board;
use crate::ids::{FactionId, SystemId};
use crate::map::Map;

/// Ticks, then hostile strength on the way.
type Cost = (u64, i64);

/// Route planner that reuses its memory.
#[derive(Clone, Debug, Default)]
pub struct Planner {
    costs: Vec<Cost>,
    /// Number of the plan that wrote a cost; costs of older plans are ignored.
    written: Vec<u64>,
    plans: u64,
    open: BinaryHeap<Reverse<(Cost, SystemId)>>,
}

impl Planner {
    /// A planner for maps with this many systems.
    #[must_use]
    pub fn new(systems: usize) -> Planner {
        Planner {
            costs: vec![(0, 0); systems],
            written: vec![0; systems],
            plans: 0,
            open: BinaryHeap::new(),
        }
    }

    /// Resizes the planner for maps with this many systems.
    #[cfg(feature = "parallel")]
    pub(crate) fn fit(&mut self, systems: usize) {
        self.costs.resize(systems, (0, 0));
        self.written.resize(systems, 0);
    }

    /// Fills `route` with the systems from `origin` (excluded) to `target`, last one first. Returns
    /// whether there is a route. Systems that are hostile to `faction` count as dangerous.
    pub(crate) fn plan(
        &mut self,
        map: &Map,
        board: &Board,
        faction: FactionId,
        origin: SystemId,
        target: SystemId,
        route: &mut Vec<SystemId>,
    ) -> bool {
        route.clear();
        if !self.measure(map, board, faction, origin, target) {
            return false;
        }
        // Costs are distances to the target; among the neighbours on a best route, take the lowest
        // id.
        let mut here = origin;
        while here != target {
            let cost = self.costs[here.index()];
            let next = map.neighbours(here).iter().find(|neighbour| {
                self.is_known(neighbour.system) && {
                    let onward = self.costs[neighbour.system.index()];
                    (
                        onward.0 + u64::from(neighbour.ticks),
                        onward.1.saturating_add(danger(board, faction, neighbour.system)),
                    ) == cost
                }
            });
            let Some(next) = next else { return false };
            here = next.system;
            route.push(here);
        }
        route.reverse();
        true
    }

    fn is_known(&self, system: SystemId) -> bool {
        self.written[system.index()] == self.plans
    }

    /// Computes the cost to `target` for every system not farther away than `origin` (Dijkstra).
    fn measure(
        &mut self,
        map: &Map,
        board: &Board,
        faction: FactionId,
        origin: SystemId,
        target: SystemId,
    ) -> bool {
        self.plans += 1;
        self.open.clear();
        self.costs[target.index()] = (0, 0);
        self.written[target.index()] = self.plans;
        self.open.push(Reverse(((0, 0), target)));
        while let Some(Reverse((cost, here))) = self.open.pop() {
            if cost > self.costs[here.index()] {
                continue;
            }
            if here == origin {
                return true;
            }
            let danger = danger(board, faction, here);
            for neighbour in map.neighbours(here) {
                let new = (cost.0 + u64::from(neighbour.ticks), cost.1.saturating_add(danger));
                if !self.is_known(neighbour.system) || new < self.costs[neighbour.system.index()] {
                    self.written[neighbour.system.index()] = self.plans;
                    self.costs[neighbour.system.index()] = new;
                    self.open.push(Reverse((new, neighbour.system)));
                }
            }
        }
        false
    }

    /// Route from `origin` (excluded) to `target`, and its travel ticks; `None` if they are not
    /// connected or not on the map.
    pub fn route(
        &mut self,
        map: &Map,
        board: &Board,
        faction: FactionId,
        origin: SystemId,
        target: SystemId,
    ) -> Option<(Vec<SystemId>, u64)> {
        if origin.index() >= self.costs.len() || target.index() >= self.costs.len() {
            return None;
        }
        let mut route = Vec::new();
        self.plan(map, board, faction, origin, target, &mut route).then(|| {
            route.reverse();
            (route, self.costs[origin.index()].0)
        })
    }
}

/// Hostile strength at a system, from the point of view of a faction.
fn danger(board: &Board, faction: FactionId, system: SystemId) -> i64 {
    let state = &board.systems[system.index()];
    let garrison = if state.owner == Some(faction) { 0 } else { state.garrison };
    let fleets = board.fleets.at(system).filter(|fleet| fleet.owner != faction);
    fleets.fold(garrison, |sum, fleet| sum.saturating_add(fleet.strength))
}
