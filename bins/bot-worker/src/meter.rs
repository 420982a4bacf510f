//! What a bot-worker counts and measures.

use process_kit::metrics::{Counter, Counters, Histogram, Metrics, SHORT_SECONDS};

/// What is measured of the bots together.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    /// How long after a tick the strategies had decided, up to a quarter of it: slower ones are heard later.
    pub(crate) decision_seconds: Histogram,
    /// Times that the strategy of a faction was asked.
    pub(crate) decisions: Counter,
    /// Ticks that came and went while the bots were busy.
    pub(crate) missed: Counter,
    orders: Counters<1>,
    metrics: Metrics,
}

impl Meter {
    pub(crate) fn new(metrics: &Metrics) -> Meter {
        Meter {
            decision_seconds: metrics.histogram(
                "sector_bots_decision_seconds",
                "How long after a tick the strategies had decided, up to a quarter of it: slower ones are heard later",
                SHORT_SECONDS,
            ),
            decisions: metrics.counter("sector_bots_decisions_total", "Times that the strategy of a faction was asked"),
            missed: metrics.counter("sector_bots_missed_ticks_total", "Ticks that passed while the bots were busy"),
            orders: metrics.counters(
                "sector_bots_orders_total",
                "Orders of the bots: accepted or refused by the API, or lost because it did not answer",
                ["result"],
            ),
            metrics: metrics.clone(),
        }
    }

    /// Whether the bots have a sector to play.
    pub(crate) fn is_playing(&self, is_playing: bool) {
        self.metrics.set_ready(is_playing);
    }

    /// So many orders met this end.
    pub(crate) fn orders(&self, result: &'static str, count: usize) {
        self.orders.with([result]).inc_by(count as u64);
    }
}
