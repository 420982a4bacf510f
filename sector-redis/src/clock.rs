//! The clock of the embedded store: lives of leases and nonces are measured with it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Tells how much time has passed. Only differences count.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since some moment in the past; never goes back.
    fn now_ms(&self) -> u64;
}

/// The machine's steady clock; setting the time of day does not move it.
#[derive(Clone, Copy, Debug)]
pub struct SteadyClock {
    start: Instant,
}

impl Default for SteadyClock {
    fn default() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SteadyClock {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// A clock that moves only when told to, for tests and simulations.
#[derive(Debug, Default)]
pub struct ManualClock {
    now_ms: AtomicU64,
}

impl ManualClock {
    /// Moves the clock forward.
    pub fn advance_ms(&self, ms: u64) {
        self.now_ms.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> u64 {
        self.now_ms.load(Ordering::SeqCst)
    }
}
