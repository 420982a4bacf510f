//! Login nonces, in memory.

use std::collections::{BTreeSet, HashMap};

/// Most nonces kept at a time.
pub const MAX_NONCES: usize = 10_000;

/// Nonces by key and by end.
#[derive(Default)]
pub(super) struct Nonces {
    values: HashMap<String, (String, u64)>,
    ends: BTreeSet<(u64, String)>,
}

impl Nonces {
    pub(super) fn put(&mut self, key: &str, value: &str, end_ms: u64, now_ms: u64) {
        self.remove(key);
        while let Some((end, _)) = self.ends.first()
            && (*end <= now_ms || self.ends.len() >= MAX_NONCES)
        {
            if let Some((_, key)) = self.ends.pop_first() {
                self.values.remove(&key);
            }
        }
        self.ends.insert((end_ms, key.to_owned()));
        self.values.insert(key.to_owned(), (value.to_owned(), end_ms));
    }

    pub(super) fn take(&mut self, key: &str, now_ms: u64) -> Option<String> {
        let (value, end_ms) = self.remove(key)?;
        (end_ms > now_ms).then_some(value)
    }

    fn remove(&mut self, key: &str) -> Option<(String, u64)> {
        let (value, end_ms) = self.values.remove(key)?;
        self.ends.remove(&(end_ms, key.to_owned()));
        Some((value, end_ms))
    }
}
