//! Errors of starting a service.

use http_kit::SetupError;

/// Why a service cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The HTTP server cannot be set up.
    #[error(transparent)]
    Http(#[from] SetupError),
    /// The operating system refused the signal handlers.
    #[error("cannot listen for SIGINT, SIGTERM and SIGHUP: {source}")]
    Signals {
        /// Error of the operating system.
        source: std::io::Error,
    },
    /// Unusable setting.
    #[error("{setting}: {detail}")]
    Setting {
        /// The setting, by flag and environment variable.
        setting: &'static str,
        /// What is wrong, and what to set.
        detail: String,
    },
    /// The store is unreachable.
    #[error(
        "cannot reach the store ({source}): start Redis, or set --redis-url (REDIS_URL) to its address"
    )]
    NoStore {
        /// Error of the store.
        source: sector_redis::Error,
    },
    /// The store is unusable as configured.
    #[error("{0} (the store of --redis-url, REDIS_URL)")]
    Store(sector_redis::Error),
    /// Unusable settings file.
    #[error("invalid settings in {} (--reload-file, RELOAD_FILE): {detail}", file.display())]
    Reload {
        /// Path of the file.
        file: std::path::PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// Invalid log filter.
    #[error(
        "invalid log filter {filter:?} ({detail}); use for example info or info,sim_worker=debug"
    )]
    LogFilter {
        /// The rejected filter.
        filter: String,
        /// What is wrong.
        detail: String,
    },
}

impl ServiceError {
    /// The error for a store that failed to open.
    #[must_use]
    pub fn of_store(source: sector_redis::Error) -> Self {
        if source.is_unavailable() { Self::NoStore { source } } else { Self::Store(source) }
    }
}
