//! The numbers that bound what a server gives to its peers.
//!
//! A peer that says nothing, or says it too slowly, is cut off within 15 s of its connecting: 5 s for
//! its first byte and 8 s more for the rest of its headers; a body has 5 s and then its least rate.

use crate::client_address::TrustedProxies;

/// Limits of one server. [`Limits::default`] fits every service here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Most open connections. When one more comes, the one that has been silent before its first
    /// request the longest is closed for it, else the one that has been idle the longest; only when
    /// all are at work do further ones wait in the system's queue. Default 4096.
    pub connections_max: usize,
    /// Most open connections of one client: an IPv4 address or an IPv6 /64. Beyond, its own silent or
    /// idle ones are closed first, and then the new one. Trusted proxies are exempt. Default 256:
    /// browsers open six, and many may share an address.
    pub connections_per_client_max: usize,
    /// Whether connections from this machine are exempt from `connections_per_client_max`, because
    /// they are the other services'. Default true.
    pub is_loopback_exempt: bool,
    /// Most requests being answered at once; further ones get 503 at once. Default 4096: slow bodies
    /// may not crowd out the others before they are cut off.
    pub requests_max: usize,
    /// How long a new connection may take to send its first byte. Default 5 s.
    pub first_bytes_timeout_ms: u64,
    /// How long a request's headers may take from their first byte on. Default 8 s.
    pub header_read_timeout_ms: u64,
    /// How long a connection may be idle between two requests. Default 60 s: longer than most clients
    /// keep theirs, so that they do not send into a connection that is just being closed.
    pub idle_timeout_ms: u64,
    /// Most bytes of request headers; more are 431. At least 8 KiB. Default 32 KiB.
    pub header_bytes_max: usize,
    /// Most headers of a request; more are 431. Default 100.
    pub headers_max: usize,
    /// Most bytes of a request's path and query; more are 414. Default 8 KiB.
    pub url_bytes_max: usize,
    /// How long a body may take whatever its rate. Default 5 s.
    pub body_grace_ms: u64,
    /// Least average rate of a body beyond its grace, in bytes a second; less is 408. Default 1 KiB.
    pub body_bytes_per_second_min: u64,
    /// How long a peer may take nothing of an answer while there is something to take. Default 10 s.
    pub write_timeout_ms: u64,
    /// How long from a request's headers to its answer's headers, the reading of its body included.
    /// Streams and upgraded sockets go on beyond. Default 40 s: more than the longest long poll.
    pub request_timeout_ms: u64,
    /// How long a shutdown waits for requests under way before it cuts them. Default 3 s.
    pub drain_timeout_ms: u64,
    /// Most concurrent requests of one HTTP/2 connection; further ones are refused. Default 128.
    pub http2_streams_max: u32,
    /// Most requests of one HTTP/2 connection that the client took back before they were begun; one
    /// more ends the connection. Default 32.
    pub http2_resets_max: usize,
    /// For how many seconds browsers are told to come by TLS alone (`Strict-Transport-Security`); 0 tells them nothing.
    /// Only for servers behind a proxy that speaks TLS. Default 0.
    pub hsts_seconds: u64,
    /// Proxies that are believed when they say whom a request comes from. Default: none.
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
            trusted_proxies: TrustedProxies::default(),
        }
    }
}
