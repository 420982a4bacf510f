//! Search around a system, by travel ticks, limited to a number of systems.
//!
//! The limit makes a search cost the same on any map, so a strategy can do one for each of its
//! stacks.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::ids::SystemId;
use crate::view::View;

/// A system found by a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// Id of the system.
    pub system: SystemId,
    /// Travel ticks to the system, at least 1.
    pub ticks: i64,
}

/// A search that reuses its memory.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    found: Vec<Reached>,
    open: BinaryHeap<Reverse<(i64, SystemId)>>,
    /// Number of the search that last found a system, by id.
    seen: Vec<u64>,
    searches: u64,
}

impl Reach {
    /// The nearest `most` systems around a system, ordered by ticks, then id, without the system
    /// itself. The search continues only beyond systems that can be passed; others are found, but
    /// nothing behind them is.
    ///
    /// ```
    /// use sector_sim::{Rules, World};
    /// use sector_sim::strategy::Reach;
    /// let world = World::new(Rules::classic().into(), 7).unwrap();
    /// let home = world.map().homes()[0];
    /// let view = world.view(world.board().factions()[0].id);
    /// let mut reach = Reach::default();
    /// assert_eq!(reach.around(&view, home, 99, |_| true).len(), world.map().len() - 1);
    /// assert_eq!(reach.around(&view, home, 99, |_| false).len(), world.map().neighbours(home).len());
    /// assert_eq!(reach.around(&view, home, 3, |_| true).len(), 3);
    /// ```
    pub fn around(
        &mut self,
        view: &View<'_>,
        from: SystemId,
        most: usize,
        can_pass: impl Fn(SystemId) -> bool,
    ) -> &[Reached] {
        self.found.clear();
        self.open.clear();
        self.seen.resize(view.map.len(), 0);
        self.searches += 1;
        self.open.push(Reverse((0, from)));
        while let Some(Reverse((ticks, system))) = self.open.pop() {
            // A system can be queued more than once; the first visit has the shortest distance.
            match self.seen.get_mut(system.index()) {
                Some(seen) if *seen != self.searches => *seen = self.searches,
                _ => continue,
            }
            if system != from {
                self.found.push(Reached { system, ticks });
                if self.found.len() == most {
                    break;
                }
                if !can_pass(system) {
                    continue;
                }
            }
            for neighbour in view.map.neighbours(system) {
                if self.seen[neighbour.system.index()] != self.searches {
                    self.open.push(Reverse((ticks + i64::from(neighbour.ticks), neighbour.system)));
                }
            }
        }
        &self.found
    }
}
