//! Limits of a server.
//!
//! A silent or slow peer is disconnected within 15 s: 5 s for its first byte and 8 s for the rest
//! of its headers. A body has 5 s, then needs its minimum rate.

use crate::client_address::TrustedProxies;
use crate::host::Hosts;

/// Limits of one server. [`Limits::default`] suits every service here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Most open connections. For a new one above the limit, the connection that has been silent
    /// longest before its first request is closed, or else the one idle longest. If all are busy,
    /// new ones wait in the system's queue. Default 4096.
    pub connections_max: usize,
    /// Most open connections of one client: an IPv4 address or an IPv6 /64. Above the limit, the
    /// client's own silent or idle connections are closed first, then the new one. Trusted proxies
    /// are exempt. Default 256: browsers open six, and many people may share an address.
    pub connections_per_client_max: usize,
    /// Whether connections from this machine, which are other services, are exempt from
    /// `connections_per_client_max`. Default true.
    pub is_loopback_exempt: bool,
    /// Most concurrent requests; more get 503. Default 4096, so that slow bodies cannot crowd out
    /// other requests before they time out.
    pub requests_max: usize,
    /// Timeout for the first byte of a new connection, in ms. Default 5 s.
    pub first_bytes_timeout_ms: u64,
    /// Timeout from the first byte of a request to the end of its headers, in ms. Default 8 s.
    pub header_read_timeout_ms: u64,
    /// Timeout of an idle connection between two requests, in ms. Default 60 s, longer than most
    /// clients keep theirs, so that they do not send into a closing connection.
    pub idle_timeout_ms: u64,
    /// Most bytes of request headers; more are 431. At least 8 KiB. Default 32 KiB.
    pub header_bytes_max: usize,
    /// Most headers of a request; more are 431. Default 100.
    pub headers_max: usize,
    /// Most bytes of path and query; more are 414. Default 8 KiB.
    pub url_bytes_max: usize,
    /// Time for a body at any rate, in ms. Default 5 s.
    pub body_grace_ms: u64,
    /// Minimum average rate of a body after `body_grace_ms`, in bytes per second; less is 408.
    /// Default 1 KiB.
    pub body_bytes_per_second_min: u64,
    /// Timeout for a peer that does not read its response, in ms. Default 10 s.
    pub write_timeout_ms: u64,
    /// Timeout from request headers to response headers, including reading the body, in ms. Streams
    /// and upgraded sockets may last longer. Default 40 s, more than the longest long poll.
    pub request_timeout_ms: u64,
    /// Time for requests in flight to finish at shutdown, in ms. Default 3 s.
    pub drain_timeout_ms: u64,
    /// Most concurrent requests of one HTTP/2 connection; more are refused. Default 128.
    pub http2_streams_max: u32,
    /// Most requests of one HTTP/2 connection that the client reset before they started; one more
    /// ends the connection. Default 32.
    pub http2_resets_max: usize,
    /// `Strict-Transport-Security` max-age in seconds; 0 sends no header. Only for servers behind a
    /// TLS proxy. Default 0.
    pub hsts_seconds: u64,
    /// Host names that the server answers to; others get 421. Default: all, or only `localhost` and
    /// IP addresses when listening on loopback.
    pub allowed_hosts: Hosts,
    /// Proxies trusted to name the client. Default: none.
    pub trusted_proxies: TrustedProxies,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 4_096,
            connections_per_client_max: 256,
            is_loopback_exempt: true,
            requests_max: 4_096,
            first_bytes_timeout_ms: 5_000,
            header_read_timeout_ms: 8_000,
            idle_timeout_ms: 60_000,
            header_bytes_max: 32 * 1_024,
            headers_max: 100,
            url_bytes_max: 8 * 1_024,
            body_grace_ms: 5_000,
            body_bytes_per_second_min: 1_024,
            write_timeout_ms: 10_000,
            request_timeout_ms: 40_000,
            drain_timeout_ms: 3_000,
            http2_streams_max: 128,
            http2_resets_max: 32,
            hsts_seconds: 0,
            allowed_hosts: Hosts::default(),
            trusted_proxies: TrustedProxies::default(),
        }
    }
}
