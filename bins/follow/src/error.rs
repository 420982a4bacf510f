//! What a reader may be told instead of entries.

use sector_redis::StreamId;

/// Why there is nothing to read, by what the reader can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// One cannot go on from this entry: take the current frame and go on from there.
    #[error("the events after {after} are not kept any more, or were never there; begin again with a snapshot")]
    HistoryTrimmed {
        /// The id that was to be gone on from.
        after: StreamId,
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
