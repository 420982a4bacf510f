//! Waiting for new entries of a stream without missing one.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::stream::StreamId;

/// Maximum wait of one read; it then returns no entries.
pub const MAX_WAIT: Duration = Duration::from_secs(3_600);

/// Watches a stream for new entries until a deadline. Create it before the first read, so that no
/// entry is missed in between.
pub(crate) struct Growth {
    newest: watch::Receiver<u64>,
    deadline: Instant,
}

impl Growth {
    pub(crate) fn watch(newest: &watch::Sender<u64>, wait: Duration) -> Self {
        Self { newest: newest.subscribe(), deadline: Instant::now() + wait.min(MAX_WAIT) }
    }

    /// Whether `after` is the newest known entry, so that there is nothing to read yet.
    pub(crate) fn ends_at(&mut self, after: StreamId) -> bool {
        *self.newest.borrow_and_update() == after.number()
    }

    /// Counts only entries from now on.
    pub(crate) fn mark(&mut self) {
        self.newest.borrow_and_update();
    }

    /// Waits for entries since [`mark`](Self::mark) or [`ends_at`](Self::ends_at); `false` at the
    /// deadline.
    pub(crate) async fn next(&mut self) -> bool {
        matches!(timeout_at(self.deadline, self.newest.changed()).await, Ok(Ok(())))
    }
}
