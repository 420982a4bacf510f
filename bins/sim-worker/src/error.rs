//! Why a worker stops.

/// Why a worker stops.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another worker has taken over, or this one was suspended for longer than its lease.
    #[error("lost the lease on the sector; another worker may be running it: {0}")]
    LeaseLost(#[source] sector_redis::Error),
    /// The store refused an operation or is unusable.
    #[error(transparent)]
    Store(sector_redis::Error),
    /// The options do not describe a valid world.
    #[error("cannot create the sector: {0}")]
    World(#[from] sector_sim::world::WorldError),
    /// The stored world does not lead to the stored digests. Continuing would fork history.
    #[error(
        "cannot resume the stored world: {detail}; keep the store for inspection, and start with an empty one or with --reset-universe-on-start"
    )]
    Diverged {
        /// What does not match.
        detail: String,
    },
    /// The engine wrote JSON that is not UTF-8; nothing was committed.
    #[error("the engine wrote JSON that is not UTF-8: {0}")]
    NotUtf8(#[from] std::string::FromUtf8Error),
    /// A value cannot be written as JSON; nothing was committed.
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The system's random number generator failed.
    #[error("cannot get random numbers from the system: {0}")]
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
