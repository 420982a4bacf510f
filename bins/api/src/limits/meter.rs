//! What the API counts and measures.
//!
//! A route's handles are made with the route: to answer a request costs two looks at the clock, a counter and a bucket.

use std::sync::Arc;

use follow::Tally;
use http::Method;
use http_kit::{Problem, RouteMetrics};
use process_kit::metrics::{Counter, Counters, Histograms, Metrics, StreamMetrics, WAIT_SECONDS};

use crate::identity::access::Class;

/// What is measured of all requests.
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
            "Credentials that requests came with where some are needed: accepted, or the code of the refusal",
            ["result"],
        );
        Meter {
            requests: metrics.counters(
                "sector_api_requests_total",
                "Requests that reached a route, by its template, quota class and status",
                ["method", "route", "class", "status"],
            ),
            seconds: metrics.histograms(
                "sector_api_request_seconds",
                "From a request's reaching its route to the head of the answer; long polls wait on purpose",
                ["method", "route"],
                WAIT_SECONDS,
            ),
            accepted: auth.with(["accepted"]),
            auth,
            limited: metrics.counters(
                "sector_api_rate_limited_total",
                "Requests that were refused because their client had used up a quota, by class",
                ["class"],
            ),
        }
    }

    /// The handles of a route.
    pub(crate) fn route(&self, method: &Method, path: &str, class: Class) -> Arc<RouteMetrics> {
        let method = method.as_str().to_owned();
        let (path, class) = (path.to_owned(), name(class).to_owned());
        let requests = |status: &str| {
            self.requests.with([method.clone(), path.clone(), class.clone(), status.to_owned()])
        };
        Arc::new(RouteMetrics::new(requests, self.seconds.with([method.clone(), path.clone()])))
    }

    /// Credentials were looked at, and taken or refused.
    pub(crate) fn identified(&self, refused: Option<&Problem>) {
        match refused {
            None => self.accepted.inc(),
            Some(problem) => self.auth.with([problem.code()]).inc(),
        };
    }

    /// A quota was used up.
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

/// The handles for `/ws`.
pub(crate) fn tally(metrics: &Metrics) -> Tally {
    let StreamMetrics { clients, bytes, delay_seconds, resyncs, ended } =
        StreamMetrics::new(metrics);
    let [left, shutdown, silent, too_long] =
        ["left", "shutdown", "silent", "too_long"].map(|reason| ended.with([reason]));
    Tally { clients, bytes, delay_seconds, resyncs, left, shutdown, silent, too_long }
}
