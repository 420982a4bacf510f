//! Metrics of a worker.
//!
//! Histograms and counters cover all sectors of the process; gauges are labelled by sector, at most
//! [`crate::SECTORS_MAX`].

use std::time::{Duration, Instant};

use process_kit::metrics::{
    Counter, Counters, Gauge, Gauges, Histogram, Metrics, SHORT_SECONDS, WAIT_SECONDS,
};
use process_kit::trace::Tracer;
use sector_redis::{Committed, OrderEntry};
use sector_sim::step::Phase;
use sector_sim::{Order, World};
use tokio::time::Instant as Beat;

/// How often to read the time of the last backup.
const BACKUP_EVERY: Duration = Duration::from_secs(60);

/// Metrics of one sector. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    /// Creates the spans of a tick's orders.
    pub(crate) tracer: Tracer,
    sector: String,
    tick_seconds: Histogram,
    phases: [Histogram; Phase::ALL.len()],
    read_orders: Histogram,
    encode: Histogram,
    commit: Histogram,
    lag: Gauge,
    missed: Counter,
    tick: Gauge,
    tick_at: Gauge,
    interval: Gauge,
    lease_held: Gauge,
    lease_epoch: Gauge,
    lease_transitions: Counters<2>,
    commits: Counters<1>,
    orders: Counters<2>,
    applied: Counter,
    waiting: Gauge,
    oldest: Gauge,
    order_to_event: Histogram,
    snapshot_bytes: Gauge,
    delta_bytes: Gauge,
    backup_at: Gauges<1>,
}

impl Meter {
    /// The metrics of a sector.
    pub(crate) fn new(metrics: &Metrics, tracer: Tracer, sector: &str) -> Meter {
        let gauge = |name, help| metrics.gauges(name, help, ["sector"]).with([sector.to_owned()]);
        let phases = metrics.histograms(
            "sector_worker_tick_phase_seconds",
            "Duration of the parts of a tick: reading orders, the phases of the engine, encoding, the commit with its repetitions",
            ["phase"],
            SHORT_SECONDS,
        );
        let orders = metrics.counters(
            "sector_worker_orders_total",
            "Orders that ticks applied or refused, and why refused",
            ["outcome", "reason"],
        );
        Meter {
            tracer,
            sector: sector.to_owned(),
            tick_seconds: metrics.histogram(
                "sector_worker_tick_seconds",
                "Duration of whole ticks, from reading orders to the committed result",
                SHORT_SECONDS,
            ),
            phases: Phase::ALL.map(|phase| phases.with([phase.name()])),
            read_orders: phases.with(["read_orders"]),
            encode: phases.with(["encode"]),
            commit: phases.with(["commit"]),
            lag: gauge("sector_worker_tick_lag_seconds", "How much later than its beat the last tick began"),
            missed: metrics
                .counters("sector_worker_beats_missed_total", "Beats that were left out because a tick took longer", ["sector"])
                .with([sector.to_owned()]),
            tick: gauge("sector_worker_tick", "Newest tick that this worker committed"),
            tick_at: gauge(
                "sector_worker_last_beat_timestamp_seconds",
                "When the worker last finished a beat, seconds since 1970; a paused sector has beats as well",
            ),
            interval: gauge("sector_worker_tick_interval_seconds", "Time from beat to beat, as it is set"),
            lease_held: gauge("sector_worker_lease_held", "1 while this worker holds the lease of the sector, else 0"),
            lease_epoch: gauge("sector_worker_lease_epoch", "Epoch of the lease that this worker held last"),
            lease_transitions: metrics.counters(
                "sector_worker_lease_transitions_total",
                "How often the lease was taken, given back or lost by this worker",
                ["sector", "to"],
            ),
            commits: metrics.counters(
                "sector_worker_commits_total",
                "Commits by result: committed, repeated (it had been written before), or the kind of the error",
                ["result"],
            ),
            applied: orders.with(["applied", "none"]),
            orders,
            waiting: gauge("sector_worker_order_backlog", "Order entries that waited when the last tick read them"),
            oldest: gauge("sector_worker_oldest_order_age_seconds", "Age of the oldest order entry of the last tick; 0 without orders"),
            order_to_event: metrics.histogram(
                "sector_worker_order_to_event_seconds",
                "From the acceptance of an order entry by the API to the commit with its outcome; across clocks of two machines",
                WAIT_SECONDS,
            ),
            snapshot_bytes: gauge("sector_worker_snapshot_bytes", "Size of the last snapshot that was stored"),
            delta_bytes: gauge("sector_worker_delta_bytes", "Size of the last delta that was published"),
            backup_at: metrics.gauges(
                "sector_worker_last_backup_timestamp_seconds",
                "When the sector was last backed up, seconds since 1970; missing if it never was",
                ["sector"],
            ),
        }
    }

    /// The lease was acquired.
    pub(crate) fn held(&self, epoch: u64) {
        self.lease_held.set(1.0);
        self.lease_epoch.set(epoch as f64);
        self.transition("held");
    }

    /// The lease ended: `released` or `lost`.
    pub(crate) fn let_go(&self, to: &'static str) {
        self.lease_held.set(0.0);
        self.transition(to);
    }

    fn transition(&self, to: &'static str) {
        self.lease_transitions
            .with([self.sector.clone().into(), std::borrow::Cow::Borrowed(to)])
            .inc();
    }

    /// A beat starts that was due at `due`; `before` is the previous one.
    pub(crate) fn beat(&self, due: Beat, before: Option<Beat>, interval: Duration) {
        self.interval.set(interval.as_secs_f64());
        self.lag.set(due.elapsed().as_secs_f64());
        if let Some(before) = before {
            let beats = (due - before).as_secs_f64() / interval.as_secs_f64().max(0.001);
            self.missed.inc_by((beats.round() as u64).saturating_sub(1));
        }
    }

    /// A beat is done; `tick` is the newest committed tick.
    pub(crate) fn done(&self, tick: u64, now_ms: u64) {
        self.tick.set(tick as f64);
        self.tick_at.set(now_ms as f64 / 1_000.0);
    }

    /// Orders were read, from `began` until now.
    pub(crate) fn orders_read(&self, began: Instant, entries: &[OrderEntry], now_ms: u64) {
        self.read_orders.observe(began.elapsed().as_secs_f64());
        self.waiting.set(entries.len() as f64);
        let oldest = entries.first().map_or(0, |entry| now_ms.saturating_sub(entry.at_ms));
        self.oldest.set(oldest as f64 / 1_000.0);
    }

    /// Number of order entries waiting.
    pub(crate) fn order_backlog(&self, waiting: u64) {
        self.waiting.set(waiting as f64);
    }

    /// Steps the world and measures the phases.
    pub(crate) fn step(&self, world: &mut World, orders: &[Order]) {
        let mut since = Instant::now();
        world.step_watched(orders, |phase, _| {
            let now = Instant::now();
            if let Some(histogram) = self.phases.get(phase as usize) {
                histogram.observe((now - since).as_secs_f64());
            }
            since = now;
        });
    }

    /// A tick was encoded for the commit.
    pub(crate) fn encoded(&self, began: Instant, delta_bytes: usize) {
        self.encode.observe(began.elapsed().as_secs_f64());
        self.delta_bytes.set(delta_bytes as f64);
    }

    /// A commit was acknowledged, with a snapshot of this size, if any.
    pub(crate) fn committed(
        &self,
        result: &sector_redis::Result<Committed>,
        snapshot_bytes: Option<usize>,
    ) {
        let result = match result {
            Ok(committed) if committed.repeated => "repeated",
            Ok(_) => "committed",
            Err(error) => error.kind(),
        };
        self.commits.with([result]).inc();
        if let (Some(bytes), "committed" | "repeated") = (snapshot_bytes, result) {
            self.snapshot_bytes.set(bytes as f64);
        }
    }

    /// The commit of a tick is done, including retries.
    pub(crate) fn ticked(&self, began: Instant, commit_began: Instant) {
        self.commit.observe(commit_began.elapsed().as_secs_f64());
        self.tick_seconds.observe(began.elapsed().as_secs_f64());
    }

    /// A committed tick applied or refused an order.
    pub(crate) fn order(&self, refused: Option<&'static str>) {
        match refused {
            None => self.applied.inc(),
            Some(reason) => self.orders.with(["refused", reason]).inc(),
        };
    }

    /// The outcome of an entry was committed.
    pub(crate) fn told(&self, entry: &OrderEntry, now_ms: u64) {
        self.order_to_event.observe(now_ms.saturating_sub(entry.at_ms) as f64 / 1_000.0);
    }

    /// Reads the time of the last backup now and then; `looked` is the last time it did.
    pub(crate) async fn look_for_backup(
        &self,
        store: &dyn sector_redis::Store,
        looked: &mut Option<Beat>,
    ) {
        if looked.is_some_and(|looked| looked.elapsed() < BACKUP_EVERY) {
            return;
        }
        *looked = Some(Beat::now());
        match store.last_backup().await {
            Ok(Some(note)) => {
                self.backup_at.with([self.sector.clone()]).set(note.at_ms as f64 / 1_000.0);
            }
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "the last backup cannot be read"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_are_measured_each_under_its_name() {
        let metrics = Metrics::default();
        let meter = Meter::new(&metrics, Tracer::default(), "north");
        let mut world = World::new(sector_sim::Rules::classic().into(), 7).unwrap();
        meter.step(&mut world, &[]);
        assert!(Phase::ALL.iter().enumerate().all(|(index, phase)| *phase as usize == index));
        let text = metrics.text();
        for phase in Phase::ALL {
            let line =
                format!("sector_worker_tick_phase_seconds_count{{phase=\"{}\"}} 1", phase.name());
            assert!(text.contains(&line), "{line}\n{text}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn beats_that_are_left_out_are_counted() {
        let metrics = Metrics::default();
        let meter = Meter::new(&metrics, Tracer::default(), "north");
        let (beat, first) = (Duration::from_millis(300), Beat::now());
        meter.beat(first, None, beat);
        meter.beat(first + beat, Some(first), beat);
        tokio::time::advance(beat * 5).await;
        meter.beat(first + beat * 4, Some(first + beat), beat);
        let text = metrics.text();
        assert!(text.contains("sector_worker_beats_missed_total{sector=\"north\"} 2\n"), "{text}");
        assert!(text.contains("sector_worker_tick_lag_seconds{sector=\"north\"} 0.3\n"), "{text}");
    }
}
