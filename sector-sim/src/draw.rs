//! Keyed randomness: every draw is a pure function of (seed, tick, purpose, entity).
//!
//! Draws share no stream, so neither evaluation order nor the number of threads can change a
//! result. The generator is ChaCha with 8 rounds, whose output is specified and the same on every
//! platform. Ranges and shuffles are implemented here, on its 64-bit words, because a library may
//! change its own between versions. The values are pinned by tests.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Maximum seed: 2^53 − 1, the largest integer that every JSON parser represents exactly.
pub const MAX_SEED: u64 = (1 << 53) - 1;

/// Purpose of a draw. Different purposes never share values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Positions, values and kinds of the systems of a map (entity: the attempt).
    Map = 1,
    /// Homes of the starters (entity: the attempt).
    Homes = 2,
    /// Names of systems and factions.
    Names = 3,
    /// Outcome of a battle (entity: the system, with the strike number in the high half).
    Battle = 4,
    /// Whether a system rebels (entity: the system).
    Rebellion = 5,
    /// Faction that a rebel system joins (entity: the system).
    Secession = 6,
    /// Decisions of a strategy (entity: the faction).
    Strategy = 7,
    /// Seed of the next universe (entity: the number of the step).
    NextSeed = 8,
}

/// Source of random values for one key.
#[derive(Clone, Debug)]
pub struct Draw(ChaCha8Rng);

impl Draw {
    /// Source for this key.
    #[must_use]
    pub fn new(seed: u64, tick: u64, purpose: Purpose, entity: u64) -> Draw {
        let mut key = [0; 32];
        for (bytes, word) in key.chunks_exact_mut(8).zip([seed, tick, purpose as u64, entity]) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        Draw(ChaCha8Rng::from_seed(key))
    }

    /// Next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform number in `0..limit`; 0 if `limit` is 0.
    ///
    /// Multiplies and takes the high half, rejecting the few products that would bias the result
    /// (Lemire 2019, "Fast Random Integer Generation in an Interval").
    pub fn below(&mut self, limit: u64) -> u64 {
        if limit == 0 {
            return 0;
        }
        let mut product = u128::from(self.bits()) * u128::from(limit);
        // Only small products need the division.
        if (product as u64) < limit {
            let threshold = limit.wrapping_neg() % limit;
            while (product as u64) < threshold {
                product = u128::from(self.bits()) * u128::from(limit);
            }
        }
        (product >> 64) as u64
    }

    /// True with the given odds, per mille (below 0: never, above 1000: always).
    pub fn chance(&mut self, per_mille: i64) -> bool {
        (self.below(1000) as i64) < per_mille
    }

    /// Shuffles the items uniformly (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

/// Seed of the universe after the one with this seed, at most [`MAX_SEED`].
#[must_use]
pub fn next_seed(seed: u64) -> u64 {
    Draw::new(seed, 0, Purpose::NextSeed, 0).bits() & MAX_SEED
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pinned forever: a change here changes every history.
    #[test]
    fn golden_values() {
        let mut draw = Draw::new(1, 2, Purpose::Battle, 3);
        let bits: Vec<u64> = (0..3).map(|_| draw.bits()).collect();
        let mut draw = Draw::new(1, 2, Purpose::Map, 3);
        let below: Vec<u64> =
            [1, 2, 10, 1000, 1 << 40].iter().map(|limit| draw.below(*limit)).collect();
        let mut items: Vec<u8> = (0..10).collect();
        Draw::new(7, 0, Purpose::Homes, 0).shuffle(&mut items);
        insta::assert_json_snapshot!((bits, below, items, next_seed(7)));
    }

    #[test]
    fn different_keys_differ() {
        let base = Draw::new(1, 1, Purpose::Battle, 1).bits();
        for other in [
            Draw::new(2, 1, Purpose::Battle, 1),
            Draw::new(1, 2, Purpose::Battle, 1),
            Draw::new(1, 1, Purpose::Rebellion, 1),
            Draw::new(1, 1, Purpose::Battle, 2),
        ] {
            assert_ne!(other.clone().bits(), base);
        }
    }

    #[test]
    fn below_is_even() {
        let mut counts = [0u32; 7];
        let mut draw = Draw::new(9, 0, Purpose::Map, 0);
        for _ in 0..70_000 {
            counts[draw.below(7) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
        assert_eq!(draw.below(0), 0);
        assert_eq!(draw.below(1), 0);
    }
}
