//! Metrics of live streams.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

/// Metrics registered by the owner of the streams; the default ones are not exported.
#[derive(Debug, Clone)]
pub struct Tally {
    /// Open sockets.
    pub clients: Gauge<f64, std::sync::atomic::AtomicU64>,
    /// Bytes of messages sent, before compression by the transport.
    pub bytes: Counter,
    /// Seconds from reading an entry until a client's connection accepted it.
    pub delay_seconds: Histogram,
    /// Clients that fell behind and got a snapshot.
    pub resyncs: Counter,
    /// Sockets closed by the client, or broken.
    pub left: Counter,
    /// Sockets closed because the service stops.
    pub shutdown: Counter,
    /// Sockets closed because the client was silent.
    pub silent: Counter,
    /// Sockets closed because the client sent too much.
    pub too_long: Counter,
}
