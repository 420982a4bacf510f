//! What a frontend counts and measures of its requests and live streams.

use follow::Tally;
use http_kit::RouteMetrics;
use process_kit::metrics::{self, Metrics, StreamMetrics};

/// The handles for `/ws`.
pub(crate) fn tally(metrics: &Metrics) -> Tally {
    let StreamMetrics { clients, bytes, delay_seconds, resyncs, ended } =
        StreamMetrics::new(metrics);
    let [left, shutdown, silent, too_long] =
        ["left", "shutdown", "silent", "too_long"].map(|reason| ended.with([reason]));
    Tally { clients, bytes, delay_seconds, resyncs, left, shutdown, silent, too_long }
}

/// What is measured of requests.
pub(crate) fn requests(metrics: &Metrics) -> impl Fn(&str, &str) -> RouteMetrics + use<> {
    metrics::requests(metrics, "sector_frontend_requests_total", "sector_frontend_request_seconds")
}
