//! Waiting for a stream to grow without missing the moment it does.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::stream::StreamId;

/// The longest wait of one read; longer ones end there, empty.
pub const MAX_WAIT: Duration = Duration::from_secs(3_600);

/// Watches a stream grow until a deadline. Watching begins before the first read, so nothing slips
/// in between the two.
pub(crate) struct Growth {
    newest: watch::Receiver<u64>,
    deadline: Instant,
}

impl Growth {
    pub(crate) fn watch(newest: &watch::Sender<u64>, wait: Duration) -> Self {
        Self { newest: newest.subscribe(), deadline: Instant::now() + wait.min(MAX_WAIT) }
    }

    /// Whether `after` is the newest entry known: nothing to read, only to wait for.
    pub(crate) fn ends_at(&mut self, after: StreamId) -> bool {
        *self.newest.borrow_and_update() == after.number()
    }

    /// From here on growth counts.
    pub(crate) fn mark(&mut self) {
        self.newest.borrow_and_update();
    }

    /// Waits for growth since [`mark`](Self::mark) or [`ends_at`](Self::ends_at); `false` when
    /// time is up.
    pub(crate) async fn next(&mut self) -> bool {
        matches!(timeout_at(self.deadline, self.newest.changed()).await, Ok(Ok(())))
    }
}
