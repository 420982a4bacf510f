//! Token buckets by key, as GCRA: per key only the time is stored at which its bucket is full
//! again.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::gate::Quota;

/// Most keys per quota. About 100 bytes each, so 1.6 MB per full quota.
pub const KEYS_MAX: usize = 16_384;

/// Largest burst. With it and the longest window no number overflows within 500 000 years.
pub const BURST_MAX: u32 = 1_000_000;

/// Longest window: one day.
pub const WINDOW_S_MAX: u32 = 86_400;

/// Full buckets removed per new key: more than one, so that removal outpaces insertion.
const FORGOTTEN_AT_ONCE: usize = 4;

/// Result of one quota for one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Whether the bucket held enough.
    pub allowed: bool,
    /// Units of a full bucket.
    pub limit: u32,
    /// Units left.
    pub remaining: u32,
    /// Time until the bucket is full, in ms.
    pub reset_ms: u64,
    /// Time until the same request would be allowed, in ms; 0 if it was.
    pub retry_after_ms: u64,
}

/// The buckets of one quota.
///
/// At most `keys_max` keys are stored. Keys with full buckets carry no information and are removed
/// first, then the one nearest to full. The most used keys stay, so nobody gets a fresh bucket by
/// sending from many other addresses.
#[derive(Debug)]
pub struct Quotas {
    burst: u64,
    /// Cost of one unit in milliseconds × burst, so that divisions never round.
    unit: u64,
    keys_max: usize,
    /// Time at which each key's bucket is full, in the same scaled unit.
    full_at: HashMap<u128, u64>,
    /// Each key once, by the time its bucket was full when inserted. The real time may be later; it
    /// is corrected when the key comes up, so that using a bucket costs nothing here.
    by_fullness: BinaryHeap<Reverse<(u64, u128)>>,
}

impl Quotas {
    /// Full buckets for at most `keys_max` keys (at least one). Numbers out of range are clamped.
    #[must_use]
    pub fn new(quota: &Quota, keys_max: usize) -> Self {
        Self {
            burst: u64::from(quota.burst.clamp(1, BURST_MAX)),
            unit: u64::from(quota.window_s.clamp(1, WINDOW_S_MAX)) * 1_000,
            keys_max: keys_max.max(1),
            full_at: HashMap::new(),
            by_fullness: BinaryHeap::new(),
        }
    }

    /// Takes `cost` units from the key's bucket if it holds enough. A larger cost than a full
    /// bucket counts as a full bucket.
    ///
    /// `now_ms` is from any monotonic clock; if it goes back, buckets refill later.
    pub fn take(&mut self, key: u128, cost: u32, now_ms: u64) -> Decision {
        let decision = self.look(key, cost, now_ms);
        if decision.allowed && cost > 0 {
            self.charge(key, cost, now_ms);
        }
        decision
    }

    /// The result of [`Quotas::take`] without taking; `remaining` and `reset_ms` are those after
    /// it.
    #[must_use]
    pub fn look(&self, key: u128, cost: u32, now_ms: u64) -> Decision {
        let capacity = self.unit * self.burst;
        let wanted = self.unit * u64::from(cost).min(self.burst);
        let full_in =
            self.full_at.get(&key).map_or(0, |full_at| full_at.saturating_sub(self.scaled(now_ms)));
        // Never below empty, even if the clock went back.
        let used = full_in.min(capacity);
        let allowed = used + wanted <= capacity;
        let used_then = if allowed { used + wanted } else { used };
        let missing = (used + wanted).saturating_sub(capacity);
        Decision {
            allowed,
            limit: narrow(self.burst),
            remaining: narrow((capacity - used_then) / self.unit),
            reset_ms: used_then.div_ceil(self.burst),
            retry_after_ms: missing.div_ceil(self.burst),
        }
    }

    /// Number of stored keys.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.full_at.len()
    }

    /// Changes the limits; each bucket keeps its fraction.
    pub(super) fn resize(&mut self, quota: &Quota) {
        let Self { burst, keys_max, full_at, by_fullness, .. } =
            std::mem::replace(self, Self::new(quota, 0));
        self.keys_max = keys_max;
        // Times are scaled by the burst: each bucket is full at the same time as before, but at
        // most one window from now.
        let scaled = |moment: u64| {
            u64::try_from(u128::from(moment) * u128::from(self.burst) / u128::from(burst))
                .unwrap_or(u64::MAX)
        };
        self.full_at = full_at.into_iter().map(|(key, moment)| (key, scaled(moment))).collect();
        self.by_fullness = by_fullness
            .into_iter()
            .map(|Reverse((moment, key))| Reverse((scaled(moment), key)))
            .collect();
    }

    /// Takes `cost` units that the bucket is known to hold.
    pub(super) fn charge(&mut self, key: u128, cost: u32, now_ms: u64) {
        let now = self.scaled(now_ms);
        let capacity = self.unit * self.burst;
        let cost = self.unit * u64::from(cost).min(self.burst);
        let full_at = |used: u64| now.saturating_add((used + cost).min(capacity));
        if let Some(known) = self.full_at.get_mut(&key) {
            *known = full_at(known.saturating_sub(now));
            return;
        }
        self.forget(now);
        self.full_at.insert(key, full_at(0));
        self.by_fullness.push(Reverse((full_at(0), key)));
    }

    /// Makes room for one key.
    fn forget(&mut self, now: u64) {
        let mut forgotten = 0;
        while forgotten < FORGOTTEN_AT_ONCE
            && let Some(&Reverse((noted, key))) = self.by_fullness.peek()
            && (noted <= now || self.full_at.len() >= self.keys_max)
        {
            self.by_fullness.pop();
            match self.full_at.get(&key) {
                // The bucket was used since.
                Some(&full_at) if full_at > noted => self.by_fullness.push(Reverse((full_at, key))),
                _ => {
                    self.full_at.remove(&key);
                    forgotten += 1;
                }
            }
        }
    }

    fn scaled(&self, now_ms: u64) -> u64 {
        now_ms.saturating_mul(self.burst)
    }
}

fn narrow(units: u64) -> u32 {
    u32::try_from(units).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::Scope;

    fn quotas(burst: u32, window_s: u32, keys_max: usize) -> Quotas {
        Quotas::new(&Quota { name: "test", scope: Scope::Ip, burst, window_s }, keys_max)
    }

    #[test]
    fn a_burst_is_allowed_and_then_one_at_a_time() {
        let mut quotas = quotas(3, 6, 10);
        for left in [2, 1, 0] {
            let decision = quotas.take(1, 1, 1_000);
            assert_eq!((decision.allowed, decision.limit, decision.remaining), (true, 3, left));
        }
        let refused = quotas.take(1, 1, 1_000);
        assert_eq!(
            refused,
            Decision {
                allowed: false,
                limit: 3,
                remaining: 0,
                reset_ms: 6_000,
                retry_after_ms: 2_000
            }
        );
        // A refusal costs nothing, and another key has its own bucket.
        assert_eq!(quotas.take(1, 1, 1_000), refused);
        assert!(quotas.take(2, 1, 1_000).allowed);
        assert!(!quotas.take(1, 1, 2_999).allowed);
        assert!(quotas.take(1, 1, 3_000).allowed);
        assert!(!quotas.take(1, 1, 3_000).allowed);
        // Full again, and not fuller.
        assert_eq!(quotas.take(1, 1, 1_000_000).remaining, 2);
    }

    #[test]
    fn no_more_than_burst_and_refill_is_allowed() {
        // Seven in 3 s: not a whole number of milliseconds per unit.
        let mut quotas = quotas(7, 3, 10);
        let allowed = (0..30_000).filter(|now_ms| quotas.take(1, 1, *now_ms).allowed).count();
        // The burst, and 7 in each of ten windows, the last of which is not quite over.
        assert_eq!(allowed, 7 + 69);
    }

    #[test]
    fn cost_counts_up_to_a_full_bucket() {
        let mut quotas = quotas(10, 10, 10);
        assert_eq!(quotas.take(1, 4, 0).remaining, 6);
        let refused = quotas.take(1, 7, 0);
        assert_eq!((refused.allowed, refused.remaining, refused.retry_after_ms), (false, 6, 1_000));
        assert!(quotas.take(1, 6, 0).allowed);
        assert_eq!(quotas.take(1, 0, 0).remaining, 0);
        assert!(quotas.take(1, 0, 0).allowed);
        assert_eq!(
            quotas.take(2, 1_000, 0),
            Decision {
                allowed: true,
                limit: 10,
                remaining: 0,
                reset_ms: 10_000,
                retry_after_ms: 0
            }
        );
    }

    #[test]
    fn a_clock_that_goes_back_delays_by_at_most_a_window() {
        let mut quotas = quotas(2, 10, 10);
        quotas.take(1, 2, 1_000_000);
        let refused = quotas.take(1, 1, 0);
        assert_eq!(
            (refused.allowed, refused.retry_after_ms, refused.reset_ms),
            (false, 5_000, 10_000)
        );
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        let mut quotas = quotas(u32::MAX, u32::MAX, 10);
        assert!(quotas.take(1, u32::MAX, u64::MAX).allowed);
        quotas.take(1, u32::MAX, u64::MAX);
        quotas.take(1, 1, 0);
    }

    #[test]
    fn memory_is_bounded_and_full_buckets_are_removed_first() {
        let mut quotas = quotas(10, 10, 100);
        for key in 0..100 {
            quotas.take(key, 1, 0);
        }
        assert_eq!(quotas.keys(), 100);
        // All are full again a second later.
        for key in 1_000..1_050 {
            quotas.take(key, 1, 1_000);
        }
        assert_eq!(quotas.keys(), 50);
    }

    #[test]
    fn new_limits_keep_the_fraction() {
        let mut quotas = quotas(10, 60, 100);
        for (key, used) in [(1, 10), (2, 5), (3, 1)] {
            quotas.take(key, used, 1_000);
        }
        let sized = |burst| Quota { name: "test", scope: Scope::Ip, burst, window_s: 60 };
        quotas.resize(&sized(1_000));
        let left = |quotas: &Quotas| [1, 2, 3, 4].map(|key| quotas.look(key, 0, 1_000).remaining);
        assert_eq!(left(&quotas), [0, 500, 900, 1_000]);
        assert_eq!(quotas.look(1, 1, 1_000).retry_after_ms, 60);
        quotas.resize(&sized(2));
        assert_eq!(left(&quotas), [0, 1, 1, 2]);
        assert_eq!(quotas.look(1, 1, 1_000).retry_after_ms, 30_000);
        // All are full again a window later, and removed for the next key.
        quotas.take(9, 1, 62_000);
        assert_eq!(quotas.keys(), 1);
    }

    #[test]
    fn many_keys_neither_grow_memory_nor_reset_busy_buckets() {
        let mut quotas = quotas(10, 60, 100);
        for _ in 0..10 {
            assert!(quotas.take(7, 1, 0).allowed);
        }
        for key in 1_000..101_000 {
            quotas.take(key, 1, 0);
            assert!(quotas.keys() <= 100);
        }
        assert!(!quotas.take(7, 1, 0).allowed, "the busy one was forgotten");
        // A late key is stored too.
        for _ in 0..10 {
            quotas.take(8, 1, 0);
        }
        assert!(!quotas.take(8, 1, 0).allowed);
    }
}
