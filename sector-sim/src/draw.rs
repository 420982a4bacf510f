//! Keyed randomness: every draw is a pure function of (seed, tick, purpose, entity).
//!
//! There is no stream that draws share, so neither the order in which things are looked at nor the number of
//! threads can change a result. The generator is ChaCha with 8 rounds, whose output is specified and the same on
//! every platform; ranges and shuffles are written here over its 64-bit words, because a library may change
//! theirs between versions. The values are pinned by tests.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Greatest seed: 2^53 − 1, the greatest integer that every JSON reader represents exactly.
pub const MAX_SEED: u64 = (1 << 53) - 1;

/// Purpose of a draw. Different purposes never share values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Positions, values and kinds of the systems of a map (entity: the attempt).
    Map = 1,
    /// The homes of the starters (entity: the attempt).
    Homes = 2,
    /// Names of systems and factions.
    Names = 3,
    /// The outcome of a battle (entity: the system, with the number of the strike there in the high half).
    Battle = 4,
    /// Whether a system rebels (entity: the system).
    Rebellion = 5,
    /// Whom a rebel system joins (entity: the system).
    Secession = 6,
    /// The decisions of a strategy (entity: the faction).
    Strategy = 7,
    /// The seed that follows a seed (entity: how often).
    NextSeed = 8,
}

/// A source of random values for one purpose, tick and entity.
#[derive(Clone, Debug)]
pub struct Draw(ChaCha8Rng);

impl Draw {
    /// The source for this key.
    #[must_use]
    pub fn new(seed: u64, tick: u64, purpose: Purpose, entity: u64) -> Draw {
        let mut key = [0; 32];
        for (bytes, word) in key.chunks_exact_mut(8).zip([seed, tick, purpose as u64, entity]) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        Draw(ChaCha8Rng::from_seed(key))
    }

    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number from 0 below `limit`, each equally likely; 0 when `limit` is 0.
    ///
    /// Multiply and take the high half, rejecting the few products that would favour some values
    /// (Lemire 2019, "Fast Random Integer Generation in an Interval").
    pub fn below(&mut self, limit: u64) -> u64 {
        if limit == 0 {
            return 0;
        }
        let mut product = u128::from(self.bits()) * u128::from(limit);
        // The division is needed only for the few products that might be too small.
        if (product as u64) < limit {
            let threshold = limit.wrapping_neg() % limit;
            while (product as u64) < threshold {
                product = u128::from(self.bits()) * u128::from(limit);
            }
        }
        (product >> 64) as u64
    }

    /// True with the given odds in per mille (below 0: never, above 1000: always).
    pub fn chance(&mut self, per_mille: i64) -> bool {
        (self.below(1000) as i64) < per_mille
    }

    /// Puts the items into a random order, each order equally likely (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

/// The seed of the universe that follows one with this seed, within the range of [`MAX_SEED`].
#[must_use]
pub fn next_seed(seed: u64) -> u64 {
    Draw::new(seed, 0, Purpose::NextSeed, 0).bits() & MAX_SEED
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pinned for ever: a change here changes every history.
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
