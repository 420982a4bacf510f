//! The newest entries, bounded in number and in bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use sector_redis::StreamId;

use crate::entry::Entry;

/// Most entries kept in memory: five minutes at the usual pace.
pub const ENTRIES_MAX: usize = 1_024;
/// Most bytes of entries kept in memory. The newest entry is kept whatever its size.
pub const BYTES_MAX: usize = 64 << 20;

/// Entries without a gap between `kept_after` (exclusive) and `newest` (inclusive).
#[derive(Debug)]
pub(crate) struct Backlog {
    kept_after: StreamId,
    newest: StreamId,
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
    entries_max: usize,
    bytes_max: usize,
}

impl Backlog {
    /// Nothing yet; the first entry will follow `position`.
    pub(crate) fn new(position: StreamId) -> Self {
        Self::bounded(position, ENTRIES_MAX, BYTES_MAX)
    }

    fn bounded(position: StreamId, entries_max: usize, bytes_max: usize) -> Self {
        Self { kept_after: position, newest: position, entries: VecDeque::new(), bytes: 0, entries_max, bytes_max }
    }

    /// The last entry, or where the first will follow.
    pub(crate) fn newest(&self) -> StreamId {
        self.newest
    }

    /// Adds the entry that follows the newest.
    pub(crate) fn push(&mut self, entry: Arc<Entry>) {
        self.newest = entry.id;
        self.bytes += entry.json.len();
        self.entries.push_back(entry);
        while self.entries.len() > self.entries_max || (self.bytes > self.bytes_max && self.entries.len() > 1) {
            let Some(oldest) = self.entries.pop_front() else { return };
            self.bytes -= oldest.json.len();
            self.kept_after = oldest.id;
        }
    }

    /// Up to `count` entries after `after`; `None` if not all that follow are kept.
    pub(crate) fn after(&self, after: StreamId, count: usize) -> Option<Vec<Arc<Entry>>> {
        if after < self.kept_after || after > self.newest {
            return None;
        }
        let start = self.entries.partition_point(|entry| entry.id <= after);
        Some(self.entries.range(start..).take(count).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use sector_redis::Incarnation;

    use super::*;

    fn fill(backlog: &mut Backlog, ids: std::ops::RangeInclusive<u64>) {
        for id in ids {
            backlog.push(Arc::new(Entry::new(Incarnation::new(1), StreamId::new(id), "delta", b"{}")));
        }
    }

    fn ids(entries: &[Arc<Entry>]) -> Vec<u64> {
        entries.iter().map(|entry| entry.id.number()).collect()
    }

    #[test]
    fn what_is_kept_has_no_gap() {
        let mut backlog = Backlog::bounded(StreamId::new(10), 3, 1_000);
        assert_eq!(backlog.after(StreamId::new(10), 9), Some(Vec::new()));
        fill(&mut backlog, 11..=15);
        assert_eq!(ids(&backlog.after(StreamId::new(12), 9).unwrap()), [13, 14, 15]);
        assert_eq!(ids(&backlog.after(StreamId::new(12), 2).unwrap()), [13, 14]);
        assert_eq!(ids(&backlog.after(StreamId::new(15), 2).unwrap()), [0; 0]);
        assert_eq!(backlog.after(StreamId::new(11), 9), None);
        assert_eq!(backlog.after(StreamId::new(16), 9), None);
    }

    #[test]
    fn bytes_are_bounded_but_the_newest_entry_stays() {
        let length = Entry::new(Incarnation::new(1), StreamId::new(1), "delta", b"{}").json.len();
        let mut backlog = Backlog::bounded(StreamId::START, 100, 2 * length);
        fill(&mut backlog, 1..=5);
        assert_eq!(backlog.after(StreamId::new(2), 9), None);
        assert_eq!(ids(&backlog.after(StreamId::new(3), 9).unwrap()), [4, 5]);
        let mut backlog = Backlog::bounded(StreamId::START, 100, 1);
        fill(&mut backlog, 1..=2);
        assert_eq!(ids(&backlog.after(StreamId::new(1), 9).unwrap()), [2]);
    }
}
