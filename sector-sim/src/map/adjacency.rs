//! Adjacency lists: all neighbours in one list, and the offset of each system's part.

use crate::ids::SystemId;
use crate::map::Lane;

/// Hop count of a system that cannot be reached.
pub const UNREACHED: u32 = u32::MAX;

/// A neighbour of a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Id of the neighbour.
    pub system: SystemId,
    /// Travel time, in ticks, at least 1.
    pub ticks: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Adjacency {
    /// Start of each system's neighbours, and at last their end.
    offsets: Vec<u32>,
    neighbours: Vec<Neighbour>,
}

impl Adjacency {
    /// `lanes` must be sorted by (a, b), with ends below `systems`.
    pub(super) fn new(systems: usize, lanes: &[Lane]) -> Adjacency {
        let mut offsets = vec![0; systems + 1];
        for lane in lanes {
            offsets[lane.a.index() + 1] += 1;
            offsets[lane.b.index() + 1] += 1;
        }
        for index in 0..systems {
            offsets[index + 1] += offsets[index];
        }
        let mut neighbours = vec![Neighbour { system: SystemId(0), ticks: 0 }; lanes.len() * 2];
        let mut next = offsets.clone();
        let mut put = |at: SystemId, system, ticks| {
            neighbours[next[at.index()] as usize] = Neighbour { system, ticks };
            next[at.index()] += 1;
        };
        // Two passes keep the neighbours sorted: lower ids first.
        for lane in lanes {
            put(lane.b, lane.a, lane.ticks);
        }
        for lane in lanes {
            put(lane.a, lane.b, lane.ticks);
        }
        Adjacency { offsets, neighbours }
    }

    pub(super) fn systems(&self) -> usize {
        self.offsets.len() - 1
    }

    pub(super) fn of(&self, system: SystemId) -> &[Neighbour] {
        match self.offsets.get(system.index()..).unwrap_or(&[]) {
            [start, end, ..] => &self.neighbours[*start as usize..*end as usize],
            _ => &[],
        }
    }

    /// See [`crate::Map::hops_from`].
    pub(super) fn hops_from(&self, from: &[SystemId], out: &mut Vec<u32>) {
        let systems = self.systems();
        out.clear();
        // The second half is the queue; each system enters it once.
        out.resize(systems * 2, UNREACHED);
        let (hops, queue) = out.split_at_mut(systems);
        let mut end = 0;
        for system in from {
            if hops.get(system.index()) == Some(&UNREACHED) {
                hops[system.index()] = 0;
                queue[end] = system.0;
                end += 1;
            }
        }
        let mut start = 0;
        while start < end {
            let system = SystemId(queue[start]);
            start += 1;
            for neighbour in self.of(system) {
                let index = neighbour.system.index();
                if hops[index] == UNREACHED {
                    hops[index] = hops[system.index()] + 1;
                    queue[end] = neighbour.system.0;
                    end += 1;
                }
            }
        }
        out.truncate(systems);
    }
}
