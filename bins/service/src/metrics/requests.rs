//! What is measured of requests, by the template of their route.

use std::sync::Arc;
use std::time::Instant;

use super::{Counter, Counters, Histogram, Histograms, Metrics, WAIT_SECONDS};
use crate::body::Response;
use crate::problem::Problem;

/// The classes of status, as a label.
const STATUS_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// What is measured of the requests of a service; [`crate::Router::measured`] takes it.
#[derive(Debug, Clone)]
pub struct RequestMetrics {
    requests: Counters<3>,
    seconds: Histograms<2>,
}

/// What is measured of one route. To answer a request costs two looks at the clock, a counter and a bucket.
#[derive(Debug)]
pub struct RouteMetrics {
    requests: [Counter; STATUS_CLASSES.len()],
    seconds: Histogram,
}

impl RequestMetrics {
    /// Under these names, which end in `_requests_total` and `_request_seconds`.
    #[must_use]
    pub fn new(metrics: &Metrics, requests: &'static str, seconds: &'static str) -> Self {
        let labels = ["method", "route", "status"];
        Self {
            requests: metrics.counters(
                requests,
                "Requests that reached a route, by its template and status",
                labels,
            ),
            seconds: metrics.histograms(
                seconds,
                "From a request's reaching its route to the head of the answer",
                ["method", "route"],
                WAIT_SECONDS,
            ),
        }
    }

    /// The handles of a route.
    pub(crate) fn route(&self, method: &str, path: &str) -> Arc<RouteMetrics> {
        let (method, path) = (method.to_owned(), path.to_owned());
        let requests =
            |status: &str| self.requests.with([method.clone(), path.clone(), status.to_owned()]);
        Arc::new(RouteMetrics::new(requests, self.seconds.with([method.clone(), path.clone()])))
    }
}

impl RouteMetrics {
    /// Of a counter for each class of status.
    pub fn new(requests: impl Fn(&'static str) -> Counter, seconds: Histogram) -> Self {
        Self { requests: STATUS_CLASSES.map(requests), seconds }
    }

    /// A request was answered that began then.
    pub fn answered(&self, began: Instant, answer: &Result<Response, Problem>) {
        let status = match answer {
            Ok(response) => response.status(),
            Err(problem) => problem.status(),
        };
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(counter) = self.requests.get(class) {
            counter.inc();
        }
        self.seconds.observe(began.elapsed().as_secs_f64());
    }
}
