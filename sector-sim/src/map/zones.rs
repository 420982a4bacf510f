//! Zones: the systems within two hops of each home.

use crate::ids::SystemId;
use crate::map::adjacency::Adjacency;

/// Zones of all homes. A system near several homes belongs to each of their zones.
pub(super) struct Zones {
    /// Systems of all zones, sorted, without duplicates.
    pub(super) systems: Vec<u32>,
    /// Bit set of the homes whose zone contains the system, by position in `systems`.
    pub(super) members: Vec<u64>,
    /// Number of homes, at most 64.
    pub(super) homes: usize,
}

impl Zones {
    pub(super) fn new(adjacency: &Adjacency, homes: &[SystemId]) -> Zones {
        let mut pairs = Vec::new();
        for (index, home) in homes.iter().enumerate() {
            let bit = 1_u64 << index;
            pairs.push((home.0, bit));
            for near in adjacency.of(*home) {
                pairs.push((near.system.0, bit));
                pairs.extend(adjacency.of(near.system).iter().map(|far| (far.system.0, bit)));
            }
        }
        pairs.sort_unstable();
        let (mut systems, mut members) = (Vec::new(), Vec::<u64>::new());
        for (system, bit) in pairs {
            match members.last_mut() {
                Some(mask) if systems.last() == Some(&system) => *mask |= bit,
                _ => {
                    systems.push(system);
                    members.push(bit);
                }
            }
        }
        Zones { systems, members, homes: homes.len() }
    }

    /// Sum over each zone of `amounts`, which has one entry per system of `systems`.
    pub(super) fn sums(&self, amounts: impl Iterator<Item = u32>) -> Vec<u32> {
        let mut sums = vec![0; self.homes];
        for (mask, amount) in self.members.iter().zip(amounts) {
            for (home, sum) in sums.iter_mut().enumerate() {
                if mask >> home & 1 == 1 {
                    *sum += amount;
                }
            }
        }
        sums
    }
}

/// Indices of the minimum and the maximum; ties go to the first.
pub(super) fn extremes(sums: &[u32]) -> (usize, usize) {
    let (mut least, mut most) = (0, 0);
    for (index, sum) in sums.iter().enumerate() {
        if *sum < sums[least] {
            least = index;
        }
        if *sum > sums[most] {
            most = index;
        }
    }
    (least, most)
}
