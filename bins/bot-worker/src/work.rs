//! Counts of a worker.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of a worker; they only increase.
#[derive(Debug, Default)]
pub struct Work {
    /// Ticks played.
    pub ticks: AtomicU64,
    /// Calls of strategies.
    pub asked: AtomicU64,
    /// Turns that this worker played.
    pub won: AtomicU64,
    /// Turns that another worker played first.
    pub lost: AtomicU64,
    /// Orders accepted from this worker, without those accepted from another one before.
    pub accepted: AtomicU64,
    /// Longest time from the arrival of a tick until the strategies returned, in microseconds.
    pub decided_us: AtomicU64,
    /// Longest time from the arrival of a tick until all its orders were accepted, in microseconds.
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
