//! The numbers that bound what a server gives to its peers.

use crate::client_address::TrustedProxies;

/// Limits of one server. [`Limits::default`] fits every service here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Most open connections; further ones wait in the system's queue. Default 4096.
    pub connections_max: usize,
    /// Most requests being answered at once; further ones get 503 at once. Default 1024.
    pub requests_max: usize,
    /// How long a new connection may take to begin its first request. Default 10 s.
    pub first_bytes_timeout_ms: u64,
    /// How long a request's headers may take; an idle kept-alive connection is closed after the
    /// same time. Default 30 s.
    pub header_read_timeout_ms: u64,
    /// Most bytes of request headers. Default 32 KiB.
    pub header_bytes_max: usize,
    /// How long from a request's headers to its answer's headers, the reading of its body included.
    /// Streams and upgraded sockets go on beyond. Default 40 s: more than the longest long poll.
    pub request_timeout_ms: u64,
    /// How long a shutdown waits for requests under way before it cuts them. Default 3 s.
    pub drain_timeout_ms: u64,
    /// Most concurrent requests of one HTTP/2 connection. Default 128.
    pub http2_streams_max: u32,
    /// Proxies that are believed when they say whom a request comes from. Default: none.
    pub trusted_proxies: TrustedProxies,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 4_096,
            requests_max: 1_024,
            first_bytes_timeout_ms: 10_000,
            header_read_timeout_ms: 30_000,
            header_bytes_max: 32 * 1_024,
            request_timeout_ms: 40_000,
            drain_timeout_ms: 3_000,
            http2_streams_max: 128,
            trusted_proxies: TrustedProxies::default(),
        }
    }
}
