//! Metrics of WebSockets, the same in every service.

use super::{Counter, Counters, Gauge, Histogram, Metrics, WAIT_SECONDS};

/// Metrics of `/ws`.
#[derive(Debug, Clone)]
pub struct StreamMetrics {
    /// Open sockets.
    pub clients: Gauge,
    /// Bytes of messages sent.
    pub bytes: Counter,
    /// Delay from reading an entry to sending it.
    pub delay_seconds: Histogram,
    /// Clients that got a snapshot instead of missed entries.
    pub resyncs: Counter,
    /// Closed sockets, by reason.
    pub ended: Counters<1>,
}

impl StreamMetrics {
    /// The stream metrics of a registry.
    #[must_use]
    pub fn new(metrics: &Metrics) -> Self {
        Self {
            clients: metrics.gauge("sector_streams_clients", "Open WebSockets"),
            bytes: metrics
                .counter("sector_streams_sent_bytes_total", "Bytes of messages sent over WebSockets"),
            delay_seconds: metrics.histogram(
                "sector_streams_delay_seconds",
                "Delay from reading an entry until a client's connection accepted it",
                WAIT_SECONDS,
            ),
            resyncs: metrics.counter(
                "sector_streams_resyncs_total",
                "Clients that fell behind and got a snapshot instead of the missed entries",
            ),
            ended: metrics.counters(
                "sector_streams_ended_total",
                "Closed WebSockets: client left, service shut down, client silent, or client sent too much",
                ["reason"],
            ),
        }
    }
}
