//! Why the API cannot be started.

use http_kit::SetupError;
use process_kit::ServiceError;

/// Why the API cannot be started, by what the operator can do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An option that cannot be used: change it.
    #[error("{option}: {detail}")]
    Config {
        /// The option, as it is set from outside.
        option: &'static str,
        /// What is wrong with it and what is allowed.
        detail: String,
    },
    /// The HTTP server cannot be set up.
    #[error(transparent)]
    Http(#[from] SetupError),
    /// The service cannot be started.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] sector_redis::Error),
}
