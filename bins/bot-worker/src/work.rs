//! What a worker has done.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a worker has done: counts that only grow.
#[derive(Debug, Default)]
pub struct Work {
    /// Ticks for which there was somebody to play.
    pub ticks: AtomicU64,
    /// Times that a strategy was asked.
    pub asked: AtomicU64,
    /// Turns of factions that were this worker's to play.
    pub won: AtomicU64,
    /// Turns that another worker had played when this one came.
    pub lost: AtomicU64,
    /// Orders that the sector accepted from this worker and not from another before.
    pub accepted: AtomicU64,
    /// The longest time from a tick's arrival until its orders were decided, in microseconds.
    pub decided_us: AtomicU64,
    /// The longest time from a tick's arrival until all its orders were accepted, in microseconds.
    pub delivered_us: AtomicU64,
}

impl Work {
    pub(crate) fn add(count: &AtomicU64, more: usize) {
        count.fetch_add(more as u64, Ordering::Relaxed);
    }

    pub(crate) fn longest(most: &AtomicU64, time: std::time::Duration) {
        most.fetch_max(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}
