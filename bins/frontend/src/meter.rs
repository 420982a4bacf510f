//! What a frontend counts and measures of its live streams.

use follow::Tally;
use service::metrics::{Metrics, WAIT_SECONDS};

/// The handles for `/ws`.
pub(crate) fn tally(metrics: &Metrics) -> Tally {
    let ended = metrics.counters(
        "sector_streams_ended_total",
        "WebSockets that ended: the client left, the service shut down, the client was silent or sent too much",
        ["reason"],
    );
    Tally {
        clients: metrics.gauge("sector_streams_clients", "WebSockets that are open"),
        bytes: metrics.counter("sector_streams_sent_bytes_total", "Bytes of messages that were sent over WebSockets"),
        delay_seconds: metrics.histogram(
            "sector_streams_delay_seconds",
            "From the reading of an entry by this process until one client's connection had taken it",
            WAIT_SECONDS,
        ),
        resyncs: metrics.counter(
            "sector_streams_resyncs_total",
            "Clients that had fallen behind, lost the entries between and were given a snapshot",
        ),
        left: ended.with(["left"]),
        shutdown: ended.with(["shutdown"]),
        silent: ended.with(["silent"]),
        too_long: ended.with(["too_long"]),
    }
}
