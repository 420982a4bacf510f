//! Errors of starting a service.

use http_kit::SetupError;

use crate::file::FileError;

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
    #[error("invalid settings in {} (--reload-file, RELOAD_FILE): {source}", file.display())]
    Reload {
        /// Path of the file.
        file: std::path::PathBuf,
        /// What is wrong.
        source: SettingsError,
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

/// Why the settings of a file are invalid.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A line is not `NAME=VALUE`.
    #[error("line {0} is not NAME=VALUE")]
    Line(usize),
    /// A setting has two lines.
    #[error("{0} is set twice")]
    Twice(String),
    /// The setting cannot change at run time, or does not exist.
    #[error("{name} is not reloadable; reloadable are {}", allowed.join(", "))]
    NotReloadable {
        /// The setting.
        name: String,
        /// The reloadable settings.
        allowed: Vec<&'static str>,
    },
    /// Invalid value.
    #[error("{name}: {detail}")]
    Value {
        /// The setting.
        name: String,
        /// What is wrong and what is allowed.
        detail: String,
    },
}
