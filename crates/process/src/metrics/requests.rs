//! Request metrics of services that label by method, route and status only.

use http_kit::RouteMetrics;

use super::{Metrics, WAIT_SECONDS};

/// Makes the metrics of each route, for [`http_kit::Router::measured`]. The names end in `_requests_total` and
/// `_request_seconds`.
pub fn requests(
    metrics: &Metrics,
    requests: &'static str,
    seconds: &'static str,
) -> impl Fn(&str, &str) -> RouteMetrics + use<> {
    let requests = metrics.counters(
        requests,
        "Routed requests, by path template and status",
        ["method", "route", "status"],
    );
    let seconds = metrics.histograms(
        seconds,
        "Time from routing a request to its response head",
        ["method", "route"],
        WAIT_SECONDS,
    );
    move |method, route| {
        let (method, route) = (method.to_owned(), route.to_owned());
        let counter =
            |status: &str| requests.with([method.clone(), route.clone(), status.to_owned()]);
        RouteMetrics::new(counter, seconds.with([method.clone(), route.clone()]))
    }
}
