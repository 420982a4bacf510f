//! The newest entries, bounded in number and bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use sector_redis::StreamId;

use crate::entry::{Entry, EntryKind};

/// Most entries in memory: five minutes at the default tick rate.
pub const ENTRIES_MAX: usize = 1_024;
/// Most bytes of entries in memory. The newest entry is kept whatever its size.
pub const BYTES_MAX: usize = 64 << 20;

/// Entries without a gap from `kept_after` (exclusive) to `newest` (inclusive).
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
    /// No entries; the first will follow `position`.
    pub(crate) fn new(position: StreamId) -> Self {
        Self::bounded(position, ENTRIES_MAX, BYTES_MAX)
    }

    fn bounded(position: StreamId, entries_max: usize, bytes_max: usize) -> Self {
        Self {
            kept_after: position,
            newest: position,
            entries: VecDeque::new(),
            bytes: 0,
            entries_max,
            bytes_max,
        }
    }

    /// The last entry, or the position before the first.
    pub(crate) fn newest(&self) -> StreamId {
        self.newest
    }

    /// Appends the entry that follows the newest.
    pub(crate) fn push(&mut self, entry: Arc<Entry>) {
        self.newest = entry.id;
        self.bytes += entry.json.len();
        self.entries.push_back(entry);
        while self.entries.len() > self.entries_max
            || (self.bytes > self.bytes_max && self.entries.len() > 1)
        {
            let Some(oldest) = self.entries.pop_front() else { return };
            self.bytes -= oldest.json.len();
            self.kept_after = oldest.id;
        }
    }

    /// The deltas from the tick `present` up to the entry `until`, oldest first; `None` if not all
    /// of them are kept, or they span universes.
    pub(crate) fn since(
        &self,
        tick: u64,
        present: u64,
        until: StreamId,
    ) -> Option<Vec<Arc<Entry>>> {
        let mut wanted = present.checked_sub(tick)?;
        let mut deltas = Vec::new();
        for entry in self.entries.iter().rev().skip_while(|entry| entry.id > until) {
            if wanted == 0 {
                break;
            }
            match entry.kind {
                EntryKind::Delta => {
                    deltas.push(Arc::clone(entry));
                    wanted -= 1;
                }
                EntryKind::Snapshot => break,
                EntryKind::RunEnd | EntryKind::Other => {}
            }
        }
        deltas.reverse();
        let begins = deltas.first().is_none_or(|first| first.tick == Some(tick + 1));
        (wanted == 0 && begins).then_some(deltas)
    }

    /// Up to `count` entries after `after`; `None` if some of them are no longer kept.
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
            backlog.push(Arc::new(Entry::new(
                Incarnation::new(1),
                StreamId::new(id),
                "delta",
                b"{}",
            )));
        }
    }

    fn ids(entries: &[Arc<Entry>]) -> Vec<u64> {
        entries.iter().map(|entry| entry.id.number()).collect()
    }

    #[test]
    fn kept_entries_have_no_gap() {
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
    fn deltas_since_a_tick_are_complete_or_none() {
        let mut backlog = Backlog::bounded(StreamId::START, 6, 10_000);
        let entry = |id: u64, kind: &str, tick: Option<u64>| {
            let entry = Entry::new(Incarnation::new(1), StreamId::new(id), kind, b"{}");
            Arc::new(Entry { tick, ..entry })
        };
        let since = |backlog: &Backlog, tick, present, until| {
            backlog.since(tick, present, StreamId::new(until)).map(|deltas| ids(&deltas))
        };
        for (id, kind, tick) in [
            (1, "delta", Some(8)),
            (2, "run_end", None),
            (3, "snapshot", Some(0)),
            (4, "delta", Some(1)),
            (5, "other", None),
            (6, "delta", Some(2)),
            (7, "delta", Some(3)),
        ] {
            backlog.push(entry(id, kind, tick));
        }
        assert_eq!(since(&backlog, 0, 3, 7), Some(vec![4, 6, 7]));
        assert_eq!(since(&backlog, 1, 2, 6), Some(vec![6]));
        assert_eq!(since(&backlog, 3, 3, 7), Some(vec![]));
        // In the future, of another universe, or no longer kept.
        assert_eq!(since(&backlog, 4, 3, 7), None);
        assert_eq!(since(&backlog, 7, 8, 1), None);
        for id in 8..13 {
            backlog.push(entry(id, "delta", Some(id - 4)));
        }
        assert_eq!(since(&backlog, 2, 8, 12), Some(vec![7, 8, 9, 10, 11, 12]));
        assert_eq!(since(&backlog, 1, 8, 12), None);
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
