//! A bounded cache of values that stay valid for a short time.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

use parking_lot::Mutex;

/// Maximum number of small entries, of about 100 bytes each.
pub(crate) const SMALL_MAX: usize = 10_000;

/// At most `max` values by key, each valid for `life_ms` after it was stored. Expired entries are
/// dropped when the cache is full; if none has expired, all are.
#[derive(Debug)]
pub(crate) struct Recent<K, V> {
    life_ms: u64,
    max: usize,
    entries: Mutex<HashMap<K, (u64, V)>>,
}

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    pub(crate) fn new(life_ms: u64, max: usize) -> Self {
        Self { life_ms, max, entries: Mutex::default() }
    }

    /// The value, unless it has expired.
    pub(crate) fn get<Q>(&self, key: &Q, now_ms: u64) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let entries = self.entries.lock();
        let (at_ms, value) = entries.get(key)?;
        self.is_valid(*at_ms, now_ms).then(|| value.clone())
    }

    /// Stores a value.
    pub(crate) fn put(&self, key: K, value: V, now_ms: u64) {
        self.insert(&mut self.entries.lock(), key, value, now_ms);
    }

    /// Removes an entry.
    pub(crate) fn forget(&self, key: &K) {
        self.entries.lock().remove(key);
    }

    /// Removes all entries.
    pub(crate) fn forget_all(&self) {
        self.entries.lock().clear();
    }

    fn is_valid(&self, at_ms: u64, now_ms: u64) -> bool {
        now_ms.saturating_sub(at_ms) < self.life_ms
    }

    fn insert(&self, entries: &mut HashMap<K, (u64, V)>, key: K, value: V, now_ms: u64) {
        if entries.len() >= self.max && !entries.contains_key(&key) {
            entries.retain(|_, (at_ms, _)| self.is_valid(*at_ms, now_ms));
            if entries.len() >= self.max {
                entries.clear();
            }
        }
        entries.insert(key, (now_ms, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_expire_and_can_be_removed() {
        let recent = Recent::new(100, 1_000);
        recent.put(1, "a", 1_000);
        assert_eq!((recent.get(&1, 1_099), recent.get(&2, 1_099)), (Some("a"), None));
        assert!(recent.get(&1, 1_100).is_none());
        recent.put(1, "d", 1_101);
        recent.forget(&1);
        assert!(recent.get(&1, 1_101).is_none());
        recent.put(1, "e", 1_102);
        assert_eq!(recent.get(&1, 1_102), Some("e"));
        recent.forget_all();
        assert_eq!(recent.get(&1, 1_102), None);
    }

    #[test]
    fn memory_is_bounded() {
        let recent = Recent::new(100, 1_000);
        for key in 0..30_000 {
            recent.put(key, (), 1_000);
        }
        assert!(recent.entries.lock().len() <= 1_000);
    }
}
