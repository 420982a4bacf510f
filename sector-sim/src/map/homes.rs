//! Homes of the starters: far apart, and with equal prospects.
//!
//! Each attempt draws a first home at the rim and then repeatedly a system as many hops as possible
//! from all homes (every other attempt accepts one hop less, for variety). Values within two hops
//! of the homes are then balanced one point at a time, from the richest zone to the poorest. Among
//! the attempts that are fair after that, the one whose homes are farthest apart wins, then the one
//! whose homes are most alike in systems, lanes and distance to the nearest rival. All homes have
//! the same value, and seats are assigned at random, so that no seat has an advantage.

use std::cmp::Reverse;

use crate::draw::{Draw, Purpose};
use crate::ids::SystemId;
use crate::map::adjacency::{Adjacency, UNREACHED};
use crate::map::zones::{Zones, extremes};
use crate::rules::MapRules;

/// Work limit of all attempts together, in systems visited.
const SYSTEMS_LOOKED_AT: usize = 1_000_000;
/// Values are balanced to the allowed difference divided by this.
const MARGIN: u32 = 3;

/// On maps up to this size, all pairwise hops are computed once; on larger ones, only those needed,
/// each time.
const SMALL: usize = 128;

/// Homes in seat order. Changes the values around them.
///
/// Balancing affects the choice only if nothing is fair, so attempts are first ranked by what is
/// cheap to compute, then balanced from the best on until one is fair.
pub(super) fn choose(
    adjacency: &Adjacency,
    values: &mut [u8],
    rules: &MapRules,
    seed: u64,
    factions: u8,
) -> Vec<SystemId> {
    let systems = adjacency.systems();
    let attempts =
        (rules.home_attempts.unsigned_abs() as usize).min((SYSTEMS_LOOKED_AT / systems).max(1));
    let mut search = Search::new(adjacency);
    let mut attempts: Vec<Attempt> = (0..attempts as u64)
        .map(|attempt| {
            let mut draw = Draw::new(seed, 0, Purpose::Homes, attempt);
            let homes =
                search.spread_out(adjacency, usize::from(factions), attempt % 2 == 1, &mut draw);
            search.attempt(adjacency, homes)
        })
        .collect();
    // Stable sort: ties go to the earlier attempt.
    attempts.sort_by_key(Attempt::rank);
    let limit = rules.home_fairness_per_mille.unsigned_abs() as u32;
    let mut best: Option<(Evened, &Attempt)> = None;
    for equals in attempts.chunk_by(|a, b| a.rank() == b.rank()) {
        for attempt in equals {
            let evened = Evened::new(adjacency, &attempt.homes, values, rules, limit);
            if best
                .as_ref()
                .is_none_or(|(known, _)| evened.difference_per_mille < known.difference_per_mille)
            {
                best = Some((evened, attempt));
            }
        }
        if best.as_ref().is_some_and(|(known, _)| known.difference_per_mille <= limit) {
            break;
        }
    }
    let Some((evened, attempt)) = best else { return Vec::new() };
    for (system, value) in evened.zones.systems.iter().zip(evened.values) {
        values[*system as usize] = value;
    }
    attempt.homes.clone()
}

/// Difference between the sums, per mille of the greatest.
fn difference_per_mille(sums: &[u32]) -> u32 {
    let (least, most) = extremes(sums);
    (sums[most] - sums[least]) * 1000 / sums[most].max(1)
}

/// Homes of one attempt, with their ranking criteria.
struct Attempt {
    homes: Vec<SystemId>,
    /// Minimum number of hops between two homes.
    hops: u32,
    /// Difference between the homes in systems, lanes and rivals.
    unlikeness: u32,
}

impl Attempt {
    /// Lower is better.
    fn rank(&self) -> (Reverse<u32>, u32) {
        (Reverse(self.hops), self.unlikeness)
    }
}

/// Balanced values around the homes.
struct Evened {
    zones: Zones,
    /// Values of the systems in the zones.
    values: Vec<u8>,
    difference_per_mille: u32,
}

impl Evened {
    fn new(
        adjacency: &Adjacency,
        homes: &[SystemId],
        values: &[u8],
        rules: &MapRules,
        limit: u32,
    ) -> Evened {
        let zones = Zones::new(adjacency, homes);
        let home_value = rules.least_value + (rules.most_value - rules.least_value + 1) / 2;
        let fixed: Vec<bool> =
            zones.systems.iter().map(|system| homes.contains(&SystemId(*system))).collect();
        let known = zones.systems.iter().map(|system| values[*system as usize]);
        let mut values: Vec<u8> = known
            .zip(&fixed)
            .map(|(value, is_home)| if *is_home { home_value as u8 } else { value })
            .collect();
        even_out(&zones, &mut values, &fixed, rules, limit / MARGIN);
        let difference_per_mille =
            difference_per_mille(&zones.sums(values.iter().copied().map(u32::from)));
        Evened { zones, values, difference_per_mille }
    }
}

/// Buffers of the search.
struct Search {
    /// Hops between all pairs of systems, on a small map.
    between: Vec<u32>,
    /// Hops from each system to the nearest home.
    hops: Vec<u32>,
    /// Index of the nearest home.
    nearest: Vec<u8>,
    queue: Vec<SystemId>,
    /// Zone for which a system was last counted.
    counted: Vec<u32>,
    zones: u32,
}

impl Search {
    fn new(adjacency: &Adjacency) -> Search {
        let systems = adjacency.systems();
        let (mut between, mut hops) = (Vec::new(), Vec::new());
        if systems <= SMALL {
            between.reserve(systems * systems);
            for system in 0..systems as u32 {
                adjacency.hops_from(&[SystemId(system)], &mut hops);
                between.extend_from_slice(&hops);
            }
        }
        Search {
            between,
            hops: vec![UNREACHED; systems],
            nearest: vec![0; systems],
            queue: Vec::new(),
            counted: vec![0; systems],
            zones: 0,
        }
    }

    fn spread_out(
        &mut self,
        adjacency: &Adjacency,
        count: usize,
        less_far: bool,
        draw: &mut Draw,
    ) -> Vec<SystemId> {
        let anywhere = SystemId(draw.below(adjacency.systems() as u64) as u32);
        self.hops.fill(UNREACHED);
        self.settle(adjacency, anywhere, 0);
        let mut homes = Vec::with_capacity(count);
        homes.push(self.draw_farthest(false, draw));
        self.hops.fill(UNREACHED);
        self.settle(adjacency, homes[0], 0);
        while homes.len() < count {
            let home = self.draw_farthest(less_far, draw);
            self.settle(adjacency, home, homes.len() as u8);
            homes.push(home);
        }
        draw.shuffle(&mut homes);
        homes
    }

    /// A random system among those with the most hops (or one less), never one with 0.
    fn draw_farthest(&mut self, less_far: bool, draw: &mut Draw) -> SystemId {
        let most = self.hops.iter().copied().max().unwrap_or(0);
        let least = most.saturating_sub(u32::from(less_far)).max(1);
        let count = self.hops.iter().filter(|hops| **hops >= least).count();
        let chosen = draw.below(count as u64) as usize;
        let mut farthest = self.hops.iter().enumerate().filter(|(_, hops)| **hops >= least);
        farthest.nth(chosen).map_or(SystemId(0), |(index, _)| SystemId(index as u32))
    }

    /// Updates the hops after adding a home, visiting only the systems nearer to it.
    fn settle(&mut self, adjacency: &Adjacency, home: SystemId, index: u8) {
        let systems = self.nearest.len();
        if let Some(known) = self.between.get(home.index() * systems..(home.index() + 1) * systems)
        {
            for ((hops, nearest), known) in self.hops.iter_mut().zip(&mut self.nearest).zip(known) {
                let nearer = known < hops;
                *hops = if nearer { *known } else { *hops };
                *nearest = if nearer { index } else { *nearest };
            }
            return;
        }
        self.hops[home.index()] = 0;
        self.nearest[home.index()] = index;
        self.queue.clear();
        self.queue.push(home);
        let mut start = 0;
        while let Some(system) = self.queue.get(start).copied() {
            start += 1;
            let hops = self.hops[system.index()] + 1;
            for neighbour in adjacency.of(system) {
                if hops < self.hops[neighbour.system.index()] {
                    self.hops[neighbour.system.index()] = hops;
                    self.nearest[neighbour.system.index()] = index;
                    self.queue.push(neighbour.system);
                }
            }
        }
    }

    /// Hops from each home to the nearest other one, in the order in which the homes were added:
    /// the shortest path between two adjacent zones.
    fn rivals(&self, adjacency: &Adjacency, count: usize) -> Vec<u32> {
        let mut rivals = vec![UNREACHED; count];
        for (index, nearest) in self.nearest.iter().enumerate() {
            for neighbour in adjacency.of(SystemId(index as u32)) {
                let other = neighbour.system.index();
                // Each lane once.
                if other > index {
                    break;
                }
                if self.nearest[other] != *nearest {
                    let way = self.hops[index] + 1 + self.hops[other];
                    for home in [*nearest, self.nearest[other]] {
                        let rival = &mut rivals[usize::from(home)];
                        *rival = way.min(*rival);
                    }
                }
            }
        }
        rivals
    }

    /// Number of systems within two hops of a home.
    fn zone_size(&mut self, adjacency: &Adjacency, home: SystemId) -> u32 {
        self.zones += 1;
        let mut size = 0;
        let mut count = |system: SystemId| {
            let counted = std::mem::replace(&mut self.counted[system.index()], self.zones);
            size += u32::from(counted != self.zones);
        };
        count(home);
        for near in adjacency.of(home) {
            count(near.system);
            adjacency.of(near.system).iter().for_each(|far| count(far.system));
        }
        size
    }

    fn attempt(&mut self, adjacency: &Adjacency, homes: Vec<SystemId>) -> Attempt {
        let spread = |amounts: &[u32]| {
            let (least, most) = extremes(amounts);
            amounts[most] - amounts[least]
        };
        let rivals = self.rivals(adjacency, homes.len());
        let sizes: Vec<u32> = homes.iter().map(|home| self.zone_size(adjacency, *home)).collect();
        let lanes: Vec<u32> = homes.iter().map(|home| adjacency.of(*home).len() as u32).collect();
        let unlikeness = 2 * spread(&rivals) + 2 * spread(&lanes) + spread(&sizes);
        Attempt { hops: rivals.iter().copied().min().unwrap_or(0), unlikeness, homes }
    }
}

/// Moves the values towards equal sums, one point at a time, until they differ by at most `goal`
/// per mille.
///
/// Steps alternate between adding to the poorest zone and taking from the richest, to keep the
/// total value. Only systems that belong to one of the two zones are changed, those in the fewest
/// zones first. As zones overlap, steps may undo each other, so their number is limited and the
/// most balanced values are kept.
fn even_out(zones: &Zones, values: &mut Vec<u8>, fixed: &[bool], rules: &MapRules, goal: u32) {
    let range = rules.least_value as u8..=rules.most_value as u8;
    let mut sums = zones.sums(values.iter().copied().map(u32::from));
    let mut best = (difference_per_mille(&sums), values.clone());
    for step in 0..values.len() * 4 {
        if best.0 <= goal {
            break;
        }
        let (poorest, richest) = extremes(&sums);
        let change = |adds: bool| {
            let (inside, outside) = if adds { (poorest, richest) } else { (richest, poorest) };
            let is_open = |index: &usize| {
                let (mask, value) = (zones.members[*index], values[*index]);
                let has_room = if adds { value < *range.end() } else { value > *range.start() };
                !fixed[*index] && mask >> inside & 1 == 1 && mask >> outside & 1 == 0 && has_room
            };
            let order = |index: &usize| {
                let value = values[*index];
                (zones.members[*index].count_ones(), if adds { value } else { u8::MAX - value })
            };
            (0..values.len()).filter(is_open).min_by_key(order).map(|index| (index, adds))
        };
        let adds_first = step % 2 == 0;
        let Some((index, adds)) = change(adds_first).or_else(|| change(!adds_first)) else {
            break;
        };
        values[index] = if adds { values[index] + 1 } else { values[index] - 1 };
        for (home, sum) in sums.iter_mut().enumerate() {
            if zones.members[index] >> home & 1 == 1 {
                *sum = if adds { *sum + 1 } else { *sum - 1 };
            }
        }
        let difference = difference_per_mille(&sums);
        if difference < best.0 {
            best = (difference, values.clone());
        }
    }
    *values = best.1;
}
