//! Why a worker stops.

/// Why a worker stops.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another worker has taken over, or this one was suspended for longer than its lease.
    #[error(
        "the lease on the sector is lost; another worker runs it, or this one may take it again: {0}"
    )]
    LeaseLost(#[source] sector_redis::Error),
    /// The store refuses or is unusable.
    #[error(transparent)]
    Store(sector_redis::Error),
    /// The world that the options describe cannot be made.
    #[error("no sector can be made: {0}")]
    World(#[from] sector_sim::WorldError),
    /// The stored world does not lead to the stored digests. Going on would fork history.
    #[error(
        "the stored world cannot be continued: {detail}; keep the store as it is for a look, and start on an empty one or with --reset-universe-on-start"
    )]
    Diverged {
        /// What does not fit.
        detail: String,
    },
    /// A value cannot be written as JSON; nothing was committed.
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
}

impl From<sector_redis::Error> for Error {
    fn from(error: sector_redis::Error) -> Error {
        match error {
            sector_redis::Error::LeaseLost { .. } => Error::LeaseLost(error),
            _ => Error::Store(error),
        }
    }
}

impl Error {
    /// Whether the store may answer later.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Error::Store(error) if error.is_unavailable())
    }
}
