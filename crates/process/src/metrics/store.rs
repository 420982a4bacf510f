//! How the store answers.

use std::time::Duration;

use sector_redis::Observer;

use super::SHORT_SECONDS;
use super::registry::{Counters, Histograms, Metrics};

/// Counts the answers of stores that are opened with it.
#[derive(Debug, Clone)]
pub struct StoreMetrics {
    took: Histograms<1>,
    errors: Counters<2>,
}

impl StoreMetrics {
    /// Those of a process.
    #[must_use]
    pub fn new(metrics: &Metrics) -> Self {
        Self {
            took: metrics.histograms(
                "sector_store_operation_seconds",
                "How long the store took to answer, by operation; reads that wait for something to come are left out",
                ["operation"],
                SHORT_SECONDS,
            ),
            errors: metrics.counters(
                "sector_store_errors_total",
                "Answers of the store that were errors or refusals, by operation and kind",
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
