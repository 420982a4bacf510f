//! Request metrics of the API.
//!
//! The metrics of a route are created with the route, so that a request costs two clock reads, a
//! counter and a histogram bucket.

use std::sync::Arc;

use follow::Tally;
use http::Method;
use http_kit::{Problem, RouteMetrics};
use process_kit::metrics::{Counter, Counters, Histograms, Metrics, StreamMetrics, WAIT_SECONDS};

use crate::identity::access::Class;

/// Metrics of all requests.
#[derive(Debug, Clone)]
pub(crate) struct Meter {
    requests: Counters<4>,
    seconds: Histograms<2>,
    auth: Counters<1>,
    accepted: Counter,
    limited: Counters<1>,
}

impl Meter {
    pub(crate) fn new(metrics: &Metrics) -> Meter {
        let auth = metrics.counters(
            "sector_api_auth_total",
            "Requests with credentials, by result: accepted, or the code of the problem",
            ["result"],
        );
        Meter {
            requests: metrics.counters(
                "sector_api_requests_total",
                "Routed requests, by method, path template, quota class and status",
                ["method", "route", "class", "status"],
            ),
            seconds: metrics.histograms(
                "sector_api_request_seconds",
                "Time from routing a request to its response head; includes the wait of long polls",
                ["method", "route"],
                WAIT_SECONDS,
            ),
            accepted: auth.with(["accepted"]),
            auth,
            limited: metrics.counters(
                "sector_api_rate_limited_total",
                "Requests rejected because a quota was used up, by class",
                ["class"],
            ),
        }
    }

    /// Metrics of a route.
    pub(crate) fn route(&self, method: &Method, path: &str, class: Class) -> Arc<RouteMetrics> {
        let method = method.as_str().to_owned();
        let (path, class) = (path.to_owned(), name(class).to_owned());
        let requests = |status: &str| {
            self.requests.with([method.clone(), path.clone(), class.clone(), status.to_owned()])
        };
        Arc::new(RouteMetrics::new(requests, self.seconds.with([method.clone(), path.clone()])))
    }

    /// Counts accepted or rejected credentials.
    pub(crate) fn identified(&self, refused: Option<&Problem>) {
        match refused {
            None => self.accepted.inc(),
            Some(problem) => self.auth.with([problem.code()]).inc(),
        };
    }

    /// Counts a request over its quota.
    pub(crate) fn limited(&self, class: Class) {
        self.limited.with([name(class)]).inc();
    }
}

fn name(class: Class) -> &'static str {
    match class {
        Class::Probe => "probe",
        Class::Login => "login",
        Class::Read => "read",
        Class::Write => "write",
        Class::Orders => "orders",
        Class::Admin => "admin",
    }
}

/// Metrics of `/ws`.
pub(crate) fn tally(metrics: &Metrics) -> Tally {
    let StreamMetrics { clients, bytes, delay_seconds, resyncs, ended } =
        StreamMetrics::new(metrics);
    let [left, shutdown, silent, too_long] =
        ["left", "shutdown", "silent", "too_long"].map(|reason| ended.with([reason]));
    Tally { clients, bytes, delay_seconds, resyncs, left, shutdown, silent, too_long }
}
