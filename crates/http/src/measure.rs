//! Request metrics, by route.

use std::time::Instant;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;

use crate::body::Response;
use crate::problem::Problem;

/// Status classes, as label values.
const STATUS_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Metrics of one route. Recording a request costs two clock reads, a counter and a histogram bucket.
#[derive(Debug)]
pub struct RouteMetrics {
    requests: [Counter; STATUS_CLASSES.len()],
    seconds: Histogram,
}

impl RouteMetrics {
    /// `requests` yields the counter of each status class.
    pub fn new(requests: impl Fn(&'static str) -> Counter, seconds: Histogram) -> Self {
        Self { requests: STATUS_CLASSES.map(requests), seconds }
    }

    /// Records a request that began at `began`.
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
