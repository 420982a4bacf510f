//! Metrics of store operations.

use std::time::Duration;

use sector_redis::Observer;

use super::SHORT_SECONDS;
use super::registry::{Counters, Histograms, Metrics};

/// Records the operations of stores opened with it.
#[derive(Debug, Clone)]
pub struct StoreMetrics {
    took: Histograms<1>,
    errors: Counters<2>,
}

impl StoreMetrics {
    /// The store metrics of a registry.
    #[must_use]
    pub fn new(metrics: &Metrics) -> Self {
        Self {
            took: metrics.histograms(
                "sector_store_operation_seconds",
                "Duration of store operations, without blocking reads",
                ["operation"],
                SHORT_SECONDS,
            ),
            errors: metrics.counters(
                "sector_store_errors_total",
                "Failed or refused store operations, by kind of error",
                ["operation", "kind"],
            ),
        }
    }
}

impl Observer for StoreMetrics {
    fn answered(
        &self,
        operation: &'static str,
        took: Option<Duration>,
        error: Option<&sector_redis::Error>,
    ) {
        if let Some(took) = took {
            self.took.with([operation]).observe(took.as_secs_f64());
        }
        if let Some(error) = error {
            self.errors.with([operation, error.kind()]).inc();
        }
    }
}
