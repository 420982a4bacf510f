//! The systems within two hops of each home, and who shares them.

use crate::ids::SystemId;
use crate::map::adjacency::Adjacency;

/// The zones of all homes. A system that several homes reach belongs to each of their zones.
pub(super) struct Zones {
    /// The systems of all zones, sorted, each once.
    pub(super) systems: Vec<u32>,
    /// For each of these systems the homes whose zone it is in, one bit each.
    pub(super) members: Vec<u64>,
    /// The number of homes, at most 64.
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

    /// For each home the sum of `amounts`, one of each system, over its zone.
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

/// The position of the least and of the greatest, the first of equals.
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
