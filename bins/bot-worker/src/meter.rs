//! Metrics of the bot-worker.

use process_kit::metrics::{Counter, Counters, Histogram, Metrics, SHORT_SECONDS};

/// Metrics of all bots together.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    /// Seconds from a tick until its strategies returned, at most a quarter of the tick: orders of
    /// slower ones follow later.
    pub(crate) decision_seconds: Histogram,
    /// Number of calls of strategies.
    pub(crate) decisions: Counter,
    /// Ticks skipped while the bots were busy.
    pub(crate) missed: Counter,
    orders: Counters<1>,
    metrics: Metrics,
}

impl Meter {
    pub(crate) fn new(metrics: &Metrics) -> Meter {
        Meter {
            decision_seconds: metrics.histogram(
                "sector_bots_decision_seconds",
                "Seconds from a tick until its strategies returned, at most a quarter of the tick: orders of slower ones follow later",
                SHORT_SECONDS,
            ),
            decisions: metrics.counter("sector_bots_decisions_total", "Number of calls of strategies"),
            missed: metrics.counter("sector_bots_missed_ticks_total", "Ticks skipped while the bots were busy"),
            orders: metrics.counters(
                "sector_bots_orders_total",
                "Orders of the bots by result: accepted or refused by the API, or lost because it did not respond",
                ["result"],
            ),
            metrics: metrics.clone(),
        }
    }

    /// Sets whether the bots have a sector to play.
    pub(crate) fn is_playing(&self, is_playing: bool) {
        self.metrics.set_ready(is_playing);
    }

    /// Counts orders by result.
    pub(crate) fn orders(&self, result: &'static str, count: usize) {
        self.orders.with([result]).inc_by(count as u64);
    }
}
