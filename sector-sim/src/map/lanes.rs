//! Which systems lanes join.
//!
//! Lanes are edges of the Delaunay triangulation, so none cross, and short ones come first:
//! 1. The backbone joins every system: shortest edges first, at most `lanes_per_system` at a system. In the rare
//!    case that this limit leaves a part of the map alone, edges that exceed it by one (then two, ...) join that part.
//! 2. Edges that put systems onto a cycle, those that put the most there first, so that there are ways round.
//! 3. Further short edges, until there are as many lanes as `mean_degree_milli` asks for.
//!
//! The longest edge allowed grows from `lane_length_per_mille` until the backbone fits. Edges much longer than their
//! neighbourhood (more than [`NEAR`] times the median edge) are taken for a cycle only when no others are left.

use crate::ids::SystemId;
use crate::map::positions::Point;
use crate::map::{Lane, SIDE, triangulation};
use crate::rules::MapRules;

/// How many times the median edge a lane may measure before others are preferred.
const NEAR: u64 = 2;
/// How many systems an edge should put onto a cycle: what each round asks for at least.
const GAINS: [u32; 6] = [6, 5, 4, 3, 2, 1];

#[derive(Clone, Copy)]
struct Edge {
    length_squared: u64,
    a: u32,
    b: u32,
}

/// The lanes between these systems, sorted by (a, b), and the number of systems on a cycle that was asked for.
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

/// Moves a spanning tree out of `edges`, which are sorted by length and join all systems (Kruskal).
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

/// The square of the greatest length allowed: that of the rules, grown until it holds `longest`.
fn longest_allowed(rules: &MapRules, longest: u64) -> u64 {
    let mut allowed = u64::from(SIDE) * rules.lane_length_per_mille.unsigned_abs() / 1000;
    while allowed * allowed < longest {
        allowed = (allowed * rules.lane_growth_per_mille.unsigned_abs()).div_ceil(1000);
    }
    allowed * allowed
}

/// The median lane takes `median_ticks`, the others in proportion to their length, at least 1.
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

/// Which systems are joined already (union-find by size).
struct Parts {
    parents: Vec<u32>,
    sizes: Vec<u32>,
}

impl Parts {
    fn new(systems: usize) -> Parts {
        Parts { parents: (0..systems as u32).collect(), sizes: vec![1; systems] }
    }

    /// False when they were joined before.
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

/// The representative of a system, halving the way there.
fn top(parents: &mut [u32], mut system: u32) -> u32 {
    while parents[system as usize] != system {
        let above = parents[parents[system as usize] as usize];
        parents[system as usize] = above;
        system = above;
    }
    system
}

/// Which systems of a tree lie on a cycle as further edges close them.
///
/// Systems with two separate ways between them form a block, named by its system nearest to the root; the blocks
/// form a tree again. An edge closes a cycle through all blocks on the way between its ends.
struct Cycles {
    /// The tree, toward its root.
    parents: Vec<u32>,
    depths: Vec<u32>,
    /// Toward the system that names the block.
    blocks: Vec<u32>,
    on_cycle: Vec<bool>,
    /// How many systems are on a cycle.
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

    /// How many systems that are on no cycle this edge would put onto one, counted until `enough`; a way with many
    /// systems that are on a cycle already is not followed to its end.
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

    /// Adds this edge: everything on the way between its ends becomes one block.
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
