//! Why a reader gets no entries.

use sector_redis::{Incarnation, StreamId};

/// Why there is nothing to read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The position is not kept: take the current frame and continue from there.
    #[error("events after {after} are not available; start over with a snapshot")]
    HistoryTrimmed {
        /// The requested position.
        after: StreamId,
    },
    /// The store was restored from a backup, or emptied: take the current frame and continue from
    /// there.
    #[error(
        "the sector was restored, events of incarnation {known} are gone; start over with a snapshot"
    )]
    Restored {
        /// The requested incarnation.
        known: Incarnation,
    },
    /// The store does not answer, or no universe has started: retry later.
    #[error("not ready: {reason}")]
    NotReady {
        /// The reason, for the operator.
        reason: String,
    },
    /// The follower was shut down.
    #[error("the follower has stopped")]
    Stopped,
    /// The store failed while reading entries that are no longer in memory.
    #[error("cannot read the event stream")]
    Store(#[from] sector_redis::Error),
}

impl Error {
    /// Whether the reader should start over with the current frame.
    #[must_use]
    pub fn needs_frame(&self) -> bool {
        matches!(self, Self::HistoryTrimmed { .. } | Self::Restored { .. })
    }
}

/// State of a follower.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// The store has not been reached yet.
    Starting,
    /// The store answers, but no universe has started.
    NoUniverse,
    /// Up to date, or catching up.
    Following,
    /// Cannot follow at present and retries; the last frame, if any, gets stale.
    Interrupted {
        /// The reason, for the operator.
        reason: String,
    },
    /// Shut down.
    Stopped,
}
