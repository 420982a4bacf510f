//! What a reader may be told instead of entries.

use sector_redis::{Incarnation, StreamId};

/// Why there is nothing to read, by what the reader can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// One cannot go on from this entry: take the current frame and go on from there.
    #[error(
        "the events after {after} are not kept any more, or were never there; begin again with a snapshot"
    )]
    HistoryTrimmed {
        /// The id that was to be gone on from.
        after: StreamId,
    },
    /// The history is another than the reader knows: the store was restored from a backup, or emptied. Take the
    /// current frame and go on from there.
    #[error(
        "the sector was restored: events of incarnation {known} are not told any more; begin again with a snapshot"
    )]
    Restored {
        /// The incarnation that was to be gone on in.
        known: Incarnation,
    },
    /// There is nothing yet: the store does not answer, or no universe has begun. Try again later.
    #[error("nothing to follow yet: {reason}")]
    NotReady {
        /// Why, for the operator.
        reason: String,
    },
    /// The follower was shut down.
    #[error("the follower has stopped")]
    Stopped,
    /// The store failed while reading what memory did not hold any more.
    #[error("the event stream cannot be read")]
    Store(#[from] sector_redis::Error),
}

impl Error {
    /// Whether the reader begins again with the current frame.
    #[must_use]
    pub fn needs_frame(&self) -> bool {
        matches!(self, Self::HistoryTrimmed { .. } | Self::Restored { .. })
    }
}

/// How the follower is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It has not reached the store yet.
    Starting,
    /// The store answers, and no universe has begun.
    NoUniverse,
    /// It is up to date, or reading to become so.
    Following,
    /// It cannot go on at present and tries again; the last frame, if any, grows old.
    Interrupted {
        /// Why, for the operator.
        reason: String,
    },
    /// It was shut down.
    Stopped,
}
