//! Errors of setting up a server and of calling another one.

use std::net::SocketAddr;

use crate::body::BoxError;

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// Another program uses the port.
    #[error(
        "port {} is already in use on {}: stop the other program or choose another port with {flag}",
        address.port(), address.ip()
    )]
    AddressInUse {
        /// Address to listen on.
        address: SocketAddr,
        /// The flag that sets the port.
        flag: String,
    },
    /// The address is unusable for another reason.
    #[error("cannot listen on {address} (set with {flag}): {source}")]
    Bind {
        /// Address to listen on.
        address: SocketAddr,
        /// The flag that sets the address.
        flag: String,
        /// Error of the operating system.
        source: std::io::Error,
    },
    /// Malformed or conflicting route: a bug in the program.
    #[error("route {route}: {detail}")]
    Route {
        /// Method and path, or the path alone.
        route: String,
        /// What is wrong.
        detail: String,
    },
    /// Invalid or conflicting quota: a bug in the program.
    #[error("quota {name}: {detail}")]
    Quota {
        /// Name of the quota, or of the class.
        name: String,
        /// What is wrong.
        detail: String,
    },
    /// Invalid problem code, or one declared twice with different texts: a bug in the program.
    #[error("problem {code}: {detail}")]
    Catalogue {
        /// The code.
        code: String,
        /// What is wrong.
        detail: String,
    },
}

/// Why a call to another service failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// Connection refused or broken: retry later.
    #[error("cannot reach {url}: {source}")]
    Unreachable {
        /// Scheme, host, port and path of the request.
        url: String,
        /// Error of the HTTP client.
        source: BoxError,
    },
    /// Timeout: retry later.
    #[error("no answer from {url} within {timeout_ms} ms")]
    NoAnswer {
        /// Scheme, host, port and path of the request.
        url: String,
        /// Timeout in milliseconds.
        timeout_ms: u64,
    },
    /// Unexpected status or body: a retry will not help.
    #[error("unexpected answer from {url}: {detail}")]
    UnexpectedAnswer {
        /// Scheme, host, port and path of the request.
        url: String,
        /// What is unexpected.
        detail: String,
    },
    /// Not an `http://host[:port]/…` URL.
    #[error("invalid URL {url:?}: use http://host:port/path")]
    Url {
        /// The rejected URL.
        url: String,
    },
}
