//! Lanes between systems.
//!
//! Lanes are edges of the Delaunay triangulation, so none cross; short ones come first:
//! 1. The backbone connects all systems: shortest edges first, at most `lanes_per_system` per
//!    system. In the rare case that this limit disconnects the map, edges that exceed it by one
//!    (then two, ...) connect the remaining part.
//! 2. Edges that put systems on a cycle, those that add the most systems first, for alternative
//!    routes.
//! 3. Further short edges, up to `mean_degree_milli`.
//!
//! The maximum edge length grows from `lane_length_per_mille` until the backbone fits. Edges much
//! longer than usual (more than [`NEAR`] times the median edge) are used for cycles only if no
//! others are left.

use crate::ids::SystemId;
use crate::map::positions::Point;
use crate::map::{Lane, SIDE, triangulation};
use crate::rules::MapRules;

/// Multiple of the median edge up to which a lane counts as short.
const NEAR: u64 = 2;
/// Minimum number of systems that an edge must add to cycles, per round.
const GAINS: [u32; 6] = [6, 5, 4, 3, 2, 1];

#[derive(Clone, Copy)]
struct Edge {
    length_squared: u64,
    a: u32,
    b: u32,
}

/// Lanes between the given points, sorted by (a, b), and the number of systems on a cycle.
pub(super) fn lanes(points: &[Point], rules: &MapRules) -> (Vec<Lane>, usize) {
    let mut edges: Vec<Edge> = triangulation::edges(points)
        .into_iter()
        .map(|(a, b)| Edge {
            length_squared: points[a as usize].distance_squared(points[b as usize]),
            a,
            b,
        })
        .collect();
    edges.sort_unstable_by_key(|edge| (edge.length_squared, edge.a, edge.b));
    let median = edges[edges.len() / 2].length_squared;

    let mut degrees = vec![0; points.len()];
    let cap = rules.lanes_per_system.unsigned_abs() as u32;
    let backbone = backbone(points.len(), &mut edges, cap, &mut degrees);
    let longest = backbone.iter().map(|edge| edge.length_squared).max().unwrap_or(0);
    edges.retain(|edge| edge.length_squared <= longest_allowed(rules, longest));

    let wanted =
        (points.len() as u64 * rules.mean_degree_milli.unsigned_abs()).div_ceil(2000) as usize;
    let mut cycles = Cycles::new(points.len(), &backbone);
    let mut lanes = backbone;
    for near in [NEAR * NEAR * median, u64::MAX] {
        for gain in GAINS {
            edges.retain(|edge| {
                let wants = lanes.len() < wanted && edge.length_squared <= near;
                let takes = wants
                    && has_room(edge, cap, &degrees)
                    && cycles.gain(edge.a, edge.b, gain) >= gain;
                if takes {
                    cycles.close(edge.a, edge.b);
                    take(edge, &mut degrees, &mut lanes);
                }
                !takes
            });
        }
    }
    for edge in edges {
        if lanes.len() < wanted && has_room(&edge, cap, &degrees) {
            take(&edge, &mut degrees, &mut lanes);
        }
    }
    (with_ticks(lanes, rules.median_travel_ticks.unsigned_abs()), cycles.count)
}

fn has_room(edge: &Edge, cap: u32, degrees: &[u32]) -> bool {
    degrees[edge.a as usize] < cap && degrees[edge.b as usize] < cap
}

fn take(edge: &Edge, degrees: &mut [u32], lanes: &mut Vec<Edge>) {
    degrees[edge.a as usize] += 1;
    degrees[edge.b as usize] += 1;
    lanes.push(*edge);
}

/// Moves a spanning tree out of `edges`, which must be sorted by length and connect all systems
/// (Kruskal).
fn backbone(systems: usize, edges: &mut Vec<Edge>, cap: u32, degrees: &mut [u32]) -> Vec<Edge> {
    let mut parts = Parts::new(systems);
    let mut tree = Vec::with_capacity(systems);
    let mut cap = cap;
    while tree.len() + 1 < systems {
        edges.retain(|edge| {
            let takes = has_room(edge, cap, degrees) && parts.join(edge.a, edge.b);
            if takes {
                take(edge, degrees, &mut tree);
            }
            !takes
        });
        cap += 1;
    }
    tree
}

/// Square of the maximum length: that of the rules, grown until it is at least `longest`.
fn longest_allowed(rules: &MapRules, longest: u64) -> u64 {
    let mut allowed = u64::from(SIDE) * rules.lane_length_per_mille.unsigned_abs() / 1000;
    while allowed * allowed < longest {
        allowed = (allowed * rules.lane_growth_per_mille.unsigned_abs()).div_ceil(1000);
    }
    allowed * allowed
}

/// Converts lengths to ticks: `median_ticks` for the median lane, proportional for the others, at
/// least 1.
fn with_ticks(mut edges: Vec<Edge>, median_ticks: u64) -> Vec<Lane> {
    let middle = edges.len() / 2;
    let median = edges
        .select_nth_unstable_by_key(middle, |edge| edge.length_squared)
        .1
        .length_squared
        .isqrt()
        .max(1);
    let ticks = |edge: &Edge| {
        let ticks = (2 * median_ticks * edge.length_squared.isqrt() + median) / (2 * median);
        u16::try_from(ticks.max(1)).unwrap_or(u16::MAX)
    };
    let mut lanes: Vec<Lane> = edges
        .iter()
        .map(|edge| Lane { a: SystemId(edge.a), b: SystemId(edge.b), ticks: ticks(edge) })
        .collect();
    lanes.sort_unstable();
    lanes
}

/// Connected parts of the map (union-find by size).
struct Parts {
    parents: Vec<u32>,
    sizes: Vec<u32>,
}

impl Parts {
    fn new(systems: usize) -> Parts {
        Parts { parents: (0..systems as u32).collect(), sizes: vec![1; systems] }
    }

    /// Joins two parts; `false` if they were already joined.
    fn join(&mut self, a: u32, b: u32) -> bool {
        let (a, b) = (top(&mut self.parents, a), top(&mut self.parents, b));
        let (small, large) =
            if self.sizes[a as usize] < self.sizes[b as usize] { (a, b) } else { (b, a) };
        if small != large {
            self.parents[small as usize] = large;
            self.sizes[large as usize] += self.sizes[small as usize];
        }
        small != large
    }
}

/// Representative of a system, with path halving.
fn top(parents: &mut [u32], mut system: u32) -> u32 {
    while parents[system as usize] != system {
        let above = parents[parents[system as usize] as usize];
        parents[system as usize] = above;
        system = above;
    }
    system
}

/// Tracks which systems of a tree lie on a cycle as further edges are added.
///
/// Systems with two disjoint paths between them form a block, named after its system nearest to the
/// root; the blocks form a tree again. An edge closes a cycle through all blocks on the path
/// between its ends.
struct Cycles {
    /// Parent of each system in the tree.
    parents: Vec<u32>,
    depths: Vec<u32>,
    /// Link towards the system that names the block.
    blocks: Vec<u32>,
    on_cycle: Vec<bool>,
    /// Number of systems on a cycle.
    count: usize,
}

impl Cycles {
    fn new(systems: usize, tree: &[Edge]) -> Cycles {
        let unweighted = |edge: &Edge| Lane { a: SystemId(edge.a), b: SystemId(edge.b), ticks: 1 };
        let mut sorted: Vec<Lane> = tree.iter().map(unweighted).collect();
        sorted.sort_unstable();
        let adjacency = super::Adjacency::new(systems, &sorted);
        let mut depths = Vec::new();
        adjacency.hops_from(&[SystemId(0)], &mut depths);
        let parent = |system: u32| {
            let nearer =
                |to: &&super::Neighbour| depths[to.system.index()] < depths[system as usize];
            adjacency.of(SystemId(system)).iter().find(nearer).map_or(system, |to| to.system.0)
        };
        Cycles {
            parents: (0..systems as u32).map(parent).collect(),
            blocks: (0..systems as u32).collect(),
            on_cycle: vec![false; systems],
            count: 0,
            depths,
        }
    }

    /// Number of systems that this edge would newly put on a cycle, counted up to `enough`. Long
    /// paths of systems that are already on a cycle are not followed to their end.
    fn gain(&mut self, a: u32, b: u32, enough: u32) -> u32 {
        let (mut a, mut b) = (top(&mut self.blocks, a), top(&mut self.blocks, b));
        let mut gain = 0;
        for _ in 0..4 * enough + 16 {
            if a == b {
                return gain + u32::from(!self.on_cycle[a as usize]);
            }
            if gain >= enough {
                return gain;
            }
            if self.depths[a as usize] < self.depths[b as usize] {
                (a, b) = (b, a);
            }
            gain += u32::from(!self.on_cycle[a as usize]);
            a = top(&mut self.blocks, self.parents[a as usize]);
        }
        gain
    }

    /// Adds an edge: the path between its ends becomes one block.
    fn close(&mut self, a: u32, b: u32) {
        let (mut a, mut b) = (top(&mut self.blocks, a), top(&mut self.blocks, b));
        while a != b {
            if self.depths[a as usize] < self.depths[b as usize] {
                (a, b) = (b, a);
            }
            self.mark(a);
            let above = top(&mut self.blocks, self.parents[a as usize]);
            self.blocks[a as usize] = above;
            a = above;
        }
        self.mark(a);
    }

    fn mark(&mut self, system: u32) {
        self.count += usize::from(!self.on_cycle[system as usize]);
        self.on_cycle[system as usize] = true;
    }
}
