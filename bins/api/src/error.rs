//! Startup errors of the API.

use http_kit::SetupError;
use process_kit::ServiceError;

/// Why the API cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Invalid option.
    #[error("{option}: {detail}")]
    Config {
        /// Environment variable of the option.
        option: &'static str,
        /// What is wrong and what is allowed.
        detail: String,
    },
    /// The HTTP server cannot be set up.
    #[error(transparent)]
    Http(#[from] SetupError),
    /// The process cannot be set up.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] sector_redis::Error),
}
