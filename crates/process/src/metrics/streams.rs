//! What is counted and measured of live streams over WebSockets, in every service that has them.

use super::{Counter, Counters, Gauge, Histogram, Metrics, WAIT_SECONDS};

/// The handles for `/ws`.
#[derive(Debug, Clone)]
pub struct StreamMetrics {
    /// Sockets that are open.
    pub clients: Gauge,
    /// Bytes of messages.
    pub bytes: Counter,
    /// From the reading of an entry to its sending.
    pub delay_seconds: Histogram,
    /// Clients that were given a snapshot instead of what they had missed.
    pub resyncs: Counter,
    /// Sockets that ended, by reason.
    pub ended: Counters<1>,
}

impl StreamMetrics {
    /// The same ones for whoever asks.
    #[must_use]
    pub fn new(metrics: &Metrics) -> Self {
        Self {
            clients: metrics.gauge("sector_streams_clients", "WebSockets that are open"),
            bytes: metrics
                .counter("sector_streams_sent_bytes_total", "Bytes of messages that were sent over WebSockets"),
            delay_seconds: metrics.histogram(
                "sector_streams_delay_seconds",
                "From the reading of an entry by this process until one client's connection had taken it",
                WAIT_SECONDS,
            ),
            resyncs: metrics.counter(
                "sector_streams_resyncs_total",
                "Clients that had fallen behind, lost the entries between and were given a snapshot",
            ),
            ended: metrics.counters(
                "sector_streams_ended_total",
                "WebSockets that ended: the client left, the service shut down, the client was silent or sent too much",
                ["reason"],
            ),
        }
    }
}
