//! Random numbers for pairings and resampling. Written here because arenas must be reproducible in
//! all versions.

/// A stream of numbers that depends on its key alone (SplitMix64; Steele, Lea and Flood 2014).
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64, entity: u64) -> Chance {
        let mut chance = Chance(seed);
        chance.0 = chance.bits() ^ entity;
        chance
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number below `limit`. The bias is negligible for limits far below 2^64.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        ((u128::from(self.bits()) * limit as u128) >> 64) as usize
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_pinned_and_stays_below_its_limit() {
        let mut chance = Chance::new(0, 0);
        // First outputs of the published generator.
        assert_eq!(Chance(0).bits(), 0xe220_a839_7b1d_cdaf);
        assert_eq!(chance.clone().bits(), Chance(0xe220_a839_7b1d_cdaf).bits());
        let mut seen = [0; 5];
        for _ in 0..5_000 {
            seen[chance.below(5)] += 1;
        }
        assert!(seen.iter().all(|count| (900..1_100).contains(count)), "{seen:?}");
    }
}
