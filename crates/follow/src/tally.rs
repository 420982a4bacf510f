//! What live streams are counted and measured by, where somebody wants to know.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

/// Handles that the owner of the streams has registered; the default ones are nobody's.
#[derive(Debug, Clone)]
pub struct Tally {
    /// Sockets that are open.
    pub clients: Gauge<f64, std::sync::atomic::AtomicU64>,
    /// Bytes of messages that were sent, before any packing by the transport.
    pub bytes: Counter,
    /// Seconds from the reading of an entry in this process until it was handed to one client's connection.
    pub delay_seconds: Histogram,
    /// Clients that had fallen behind and were given a snapshot.
    pub resyncs: Counter,
    /// Sockets that the client ended, or that broke.
    pub left: Counter,
    /// Sockets that were closed because the service ends.
    pub shutdown: Counter,
    /// Sockets that were closed because the client said nothing for too long.
    pub silent: Counter,
    /// Sockets that were closed because the client sent too much.
    pub too_long: Counter,
}
