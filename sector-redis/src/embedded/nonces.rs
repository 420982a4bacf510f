//! Pools of short-lived values, in memory.

use std::collections::{BTreeSet, HashMap};

use crate::pool::Pool;

/// The values of all pools.
#[derive(Default)]
pub(super) struct Nonces(HashMap<Pool, Values>);

impl Nonces {
    pub(super) fn put(&mut self, pool: Pool, key: &str, value: &str, end_ms: u64, now_ms: u64) {
        self.0.entry(pool).or_default().put(pool.max(), key, value, end_ms, now_ms);
    }

    pub(super) fn take(&mut self, pool: Pool, key: &str, now_ms: u64) -> Option<String> {
        self.0.get_mut(&pool)?.take(key, now_ms)
    }
}

/// The values of a pool, by key and by expiry.
#[derive(Default)]
struct Values {
    values: HashMap<String, (String, u64)>,
    ends: BTreeSet<(u64, String)>,
}

impl Values {
    fn put(&mut self, max: usize, key: &str, value: &str, end_ms: u64, now_ms: u64) {
        self.remove(key);
        while let Some((end, _)) = self.ends.first()
            && (*end <= now_ms || self.ends.len() >= max)
        {
            if let Some((_, key)) = self.ends.pop_first() {
                self.values.remove(&key);
            }
        }
        self.ends.insert((end_ms, key.to_owned()));
        self.values.insert(key.to_owned(), (value.to_owned(), end_ms));
    }

    fn take(&mut self, key: &str, now_ms: u64) -> Option<String> {
        let (value, end_ms) = self.remove(key)?;
        (end_ms > now_ms).then_some(value)
    }

    fn remove(&mut self, key: &str) -> Option<(String, u64)> {
        let (value, end_ms) = self.values.remove(key)?;
        self.ends.remove(&(end_ms, key.to_owned()));
        Some((value, end_ms))
    }
}
