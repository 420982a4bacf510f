//! What can go wrong around serving, for the operator's eyes: each is one sentence that names the
//! thing and what to do.

use std::net::SocketAddr;

use crate::body::BoxError;

/// Why a service could not start, or another could not be reached.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// Another program listens there: stop it or choose another port.
    #[error(
        "port {} is already in use on {}: stop the other program or choose another port with {flag}",
        address.port(), address.ip()
    )]
    AddressInUse {
        /// Where it should have listened.
        address: SocketAddr,
        /// The flag that sets the port.
        flag: String,
    },
    /// The address cannot be listened on for another reason.
    #[error("cannot listen on {address} (set with {flag}): {source}")]
    Bind {
        /// Where it should have listened.
        address: SocketAddr,
        /// The flag that sets it.
        flag: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The signals that end the program, or have it read its settings again, cannot be listened to.
    #[error("cannot listen for SIGINT, SIGTERM and SIGHUP: {source}")]
    Signals {
        /// What the system said.
        source: std::io::Error,
    },
    /// Two routes contradict each other, or one is malformed: a mistake in the program.
    #[error("route {route}: {detail}")]
    Route {
        /// Method and path, or the path alone.
        route: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A quota that cannot be, or two that contradict each other: a mistake in the program.
    #[error("quota {name}: {detail}")]
    Quota {
        /// The quota's name, or the class.
        name: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A problem's code that is declared twice in different words, or badly: a mistake in the program.
    #[error("problem {code}: {detail}")]
    Catalogue {
        /// The code.
        code: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A setting that cannot be used: change it.
    #[error("{setting}: {detail}")]
    Setting {
        /// The setting, by flag and environment variable.
        setting: &'static str,
        /// What is wrong with it, and what to set.
        detail: String,
    },
    /// The store does not answer: start it, or say where it is.
    #[error(
        "the store cannot be reached ({source}): start Redis, or set --redis-url (REDIS_URL) to where it listens"
    )]
    NoStore {
        /// What the store said.
        source: sector_redis::Error,
    },
    /// The store cannot be used as it is.
    #[error("{0} (it is the one of --redis-url, REDIS_URL)")]
    Store(sector_redis::Error),
    /// The file of settings cannot be used.
    #[error("the settings in {} (--reload-file, RELOAD_FILE) cannot be used: {detail}", file.display())]
    Reload {
        /// Which file.
        file: std::path::PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// A log filter that cannot be understood.
    #[error(
        "log filter {filter:?} is not understood ({detail}); use for example info or info,sim_worker=debug"
    )]
    LogFilter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The other service did not take the connection or broke it: try again later.
    #[error("{url} cannot be reached: {source}")]
    Unreachable {
        /// Scheme, host, port and path that were asked for.
        url: String,
        /// What the client said.
        source: BoxError,
    },
    /// The other service did not answer in time: try again later.
    #[error("{url} did not answer within {timeout_ms} ms")]
    NoAnswer {
        /// Scheme, host, port and path that were asked for.
        url: String,
        /// How long was waited, in milliseconds.
        timeout_ms: u64,
    },
    /// The other service answered something unexpected: trying again will not help.
    #[error("{url} answered something unexpected: {detail}")]
    UnexpectedAnswer {
        /// Scheme, host, port and path that were asked for.
        url: String,
        /// What was unexpected about it.
        detail: String,
    },
    /// A URL that cannot be asked: not `http://host[:port]/…`.
    #[error("{url:?} is not a URL of the form http://host:port/path")]
    Url {
        /// What was given.
        url: String,
    },
}

impl ServiceError {
    /// Why a store could not be opened, in a sentence that says what to do.
    #[must_use]
    pub fn of_store(source: sector_redis::Error) -> Self {
        if source.is_unavailable() { Self::NoStore { source } } else { Self::Store(source) }
    }
}
