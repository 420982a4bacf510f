//! The registry and its metrics.
//!
//! A thin layer on prometheus-client: labels as arrays of static names, one metric per name however
//! often it is requested, and descriptions for the documentation.

use std::any::Any;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::registry::Registry;

use parking_lot::Mutex;

use super::{Counter, Gauge, Histogram};

/// Label names and values.
type Labels<const N: usize> = [(&'static str, Cow<'static, str>); N];

/// Description of a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric {
    /// Name as scraped.
    pub name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// Label names.
    pub labels: Vec<&'static str>,
    /// Help text.
    pub help: &'static str,
}

/// Creates and encodes metrics. Clones share the registry.
///
/// Requesting a name again with the same kind and labels returns the same metric.
///
/// ```
/// use process_kit::Metrics;
/// let metrics = Metrics::default();
/// let orders = metrics.counters("sector_orders_total", "Orders", ["outcome"]);
/// orders.with(["applied"]).inc();
/// assert!(metrics.text().contains("sector_orders_total{outcome=\"applied\"} 1\n"));
/// ```
#[derive(Clone, Default)]
pub struct Metrics {
    parts: Arc<Mutex<Parts>>,
    is_waiting: Arc<AtomicBool>,
    program: Arc<OnceLock<Program>>,
}

/// The program of a registry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Program {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
}

#[derive(Default)]
struct Parts {
    registry: Registry,
    known: BTreeMap<&'static str, (Metric, Box<dyn Any + Send>)>,
}

impl Metrics {
    /// A registry with the metrics of a process: build, start time, memory, CPU, open files.
    #[must_use]
    pub fn of(program: &'static str, version: &'static str) -> Self {
        let metrics = Self::default();
        metrics.of_process(program, version);
        metrics
    }

    /// Adds the metrics of the process.
    pub fn of_process(&self, program: &'static str, version: &'static str) {
        // A registry belongs to one process: the first call wins.
        let _ = self.program.set(Program { name: program, version });
        let revision = option_env!("SECTOR_REVISION").unwrap_or("unknown");
        let help = "Always 1, labelled with program, version and build revision";
        let labels = ["program", "version", "revision"];
        self.gauges("sector_build_info", help, labels).with([program, version, revision]).set(1.0);
        super::process::register(self);
    }

    /// A counter; the name ends in `_total`.
    #[must_use]
    pub fn counter(&self, name: &'static str, help: &'static str) -> Counter {
        self.known(Metric { name, kind: "counter", labels: Vec::new(), help }, Counter::default)
    }

    /// Counters with labels; the name ends in `_total`.
    #[must_use]
    pub fn counters<const N: usize>(
        &self,
        name: &'static str,
        help: &'static str,
        labels: [&'static str; N],
    ) -> Counters<N> {
        let family = self.known(
            Metric { name, kind: "counter", labels: labels.to_vec(), help },
            Family::default,
        );
        Counters { labels, family }
    }

    /// A gauge.
    #[must_use]
    pub fn gauge(&self, name: &'static str, help: &'static str) -> Gauge {
        self.known(Metric { name, kind: "gauge", labels: Vec::new(), help }, Gauge::default)
    }

    /// Gauges with labels.
    #[must_use]
    pub fn gauges<const N: usize>(
        &self,
        name: &'static str,
        help: &'static str,
        labels: [&'static str; N],
    ) -> Gauges<N> {
        let family = self
            .known(Metric { name, kind: "gauge", labels: labels.to_vec(), help }, Family::default);
        Gauges { labels, family }
    }

    /// A histogram with these upper bounds.
    #[must_use]
    pub fn histogram(
        &self,
        name: &'static str,
        help: &'static str,
        bounds: &'static [f64],
    ) -> Histogram {
        let make = || Histogram::new(bounds.iter().copied());
        self.known(Metric { name, kind: "histogram", labels: Vec::new(), help }, make)
    }

    /// Histograms with labels.
    #[must_use]
    pub fn histograms<const N: usize>(
        &self,
        name: &'static str,
        help: &'static str,
        labels: [&'static str; N],
        bounds: &'static [f64],
    ) -> Histograms<N> {
        let metric = Metric { name, kind: "histogram", labels: labels.to_vec(), help };
        let family = self.known(metric, || Family::new_with_constructor(Bounds(bounds)));
        Histograms { labels, family }
    }

    /// Sets the state of `/readyz` beside the metrics. Initially ready.
    pub fn set_ready(&self, is_ready: bool) {
        self.is_waiting.store(!is_ready, Ordering::Relaxed);
    }

    /// The program; empty if not set.
    pub(super) fn program(&self) -> Program {
        self.program.get().copied().unwrap_or(Program { name: "", version: "" })
    }

    pub(super) fn is_ready(&self) -> bool {
        !self.is_waiting.load(Ordering::Relaxed)
    }

    /// Registers metrics that are collected on demand.
    pub(super) fn collector(&self, metrics: &[Metric], collector: impl Collector) {
        let mut parts = self.parts.lock();
        if metrics.iter().any(|metric| parts.known.contains_key(metric.name)) {
            return;
        }
        parts.known.extend(
            metrics.iter().map(|metric| (metric.name, (metric.clone(), Box::new(()) as _))),
        );
        parts.registry.register_collector(Box::new(collector));
    }

    /// All metrics in the OpenMetrics text format.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        if let Err(error) = text::encode(&mut text, &self.parts.lock().registry) {
            tracing::error!(%error, "cannot encode metrics");
        }
        text
    }

    /// All metrics by name, for the documentation.
    #[must_use]
    pub fn describe(&self) -> Vec<Metric> {
        self.parts.lock().known.values().map(|(metric, _)| metric.clone()).collect()
    }

    /// The metric with this name, created on first use.
    fn known<M>(&self, metric: Metric, make: impl FnOnce() -> M) -> M
    where
        M: prometheus_client::registry::Metric + Clone,
    {
        let mut parts = self.parts.lock();
        if let Some((known, kept)) = parts.known.get(metric.name) {
            match kept.downcast_ref::<M>() {
                Some(kept) if known.labels == metric.labels => return kept.clone(),
                // A bug in the program: this handle is not exported.
                _ => {
                    tracing::error!(name = metric.name, "conflicting metrics with one name");
                    return make();
                }
            }
        }
        let made = make();
        // The encoder appends the suffix itself.
        let name = if metric.kind == "counter" {
            metric.name.trim_end_matches("_total")
        } else {
            metric.name
        };
        parts.registry.register(name, metric.help, made.clone());
        parts.known.insert(metric.name, (metric, Box::new(made.clone())));
        made
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Metrics")
    }
}

/// Constructor of the histograms of a family.
#[derive(Clone, Copy)]
struct Bounds(&'static [f64]);

impl MetricConstructor<Histogram> for Bounds {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

fn labels<const N: usize>(
    names: [&'static str; N],
    values: [impl Into<Cow<'static, str>>; N],
) -> Labels<N> {
    let mut values = values.into_iter();
    names.map(|name| (name, values.next().map(Into::into).unwrap_or_default()))
}

macro_rules! family {
    ($(#[$doc:meta])* $name:ident of $metric:ty, $family:ty) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name<const N: usize> {
            labels: [&'static str; N],
            family: $family,
        }

        impl<const N: usize> $name<N> {
            /// The metric with these label values. Keep it where the values are known beforehand;
            /// finding it by static texts does not allocate either, except the first time.
            pub fn with(&self, values: [impl Into<Cow<'static, str>>; N]) -> $metric {
                self.family.get_or_create_owned(&labels(self.labels, values))
            }
        }

        impl<const N: usize> fmt::Debug for $name<N> {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.debug_struct(stringify!($name)).field("labels", &self.labels).finish_non_exhaustive()
            }
        }
    };
}

family!(
    /// Counters with labels.
    Counters of Counter, Family<Labels<N>, Counter>
);
family!(
    /// Gauges with labels.
    Gauges of Gauge, Family<Labels<N>, Gauge>
);
family!(
    /// Histograms with labels.
    Histograms of Histogram, Family<Labels<N>, Histogram, Bounds>
);

/// Metrics as a Markdown table.
#[must_use]
pub fn markdown_table(metrics: &[Metric]) -> String {
    let mut table =
        String::from("| Metric | Kind | Labels | Meaning |\n| --- | --- | --- | --- |\n");
    for Metric { name, kind, labels, help } in metrics {
        let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
        table.push_str(&format!("| `{name}` | {kind} | {} | {help} |\n", labels.join(", ")));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_encoded_as_text() {
        let metrics = Metrics::default();
        metrics.counter("sector_a_total", "Things done").inc_by(3);
        metrics.gauges("sector_b_bytes", "Sizes", ["sector"]).with(["north".to_owned()]).set(7.5);
        metrics.histogram("sector_c_seconds", "Times", &[0.1, 1.0]).observe(0.5);
        let lines = [
            "# HELP sector_a Things done.",
            "# TYPE sector_a counter",
            "sector_a_total 3",
            "sector_b_bytes{sector=\"north\"} 7.5",
            "sector_c_seconds_sum 0.5",
            "sector_c_seconds_bucket{le=\"0.1\"} 0",
            "sector_c_seconds_bucket{le=\"1.0\"} 1",
            "sector_c_seconds_bucket{le=\"+Inf\"} 1",
        ];
        let text = metrics.text();
        for line in lines {
            assert!(text.lines().any(|written| written == line), "{line}\n{text}");
        }
        assert!(text.ends_with("# EOF\n"), "{text}");
    }

    #[test]
    fn a_name_is_one_metric() {
        let metrics = Metrics::default();
        for _ in 0..2 {
            metrics.clone().counters("sector_a_total", "A", ["of"]).with(["x"]).inc();
        }
        // A different shape under the same name is not exported.
        metrics.counter("sector_a_total", "B").inc();
        let text = metrics.text();
        assert_eq!(text.matches("# TYPE").count(), 1, "{text}");
        assert!(text.contains("sector_a_total{of=\"x\"} 2\n"), "{text}");
        assert_eq!(metrics.describe().len(), 1);
    }

    #[test]
    fn process_metrics_have_values() {
        let text = Metrics::of("tests", "1.2.3").text();
        assert!(
            text.contains("sector_build_info{program=\"tests\",version=\"1.2.3\",revision=\""),
            "{text}"
        );
        for name in [
            "process_start_time_seconds",
            "process_resident_memory_bytes",
            "process_open_fds",
            "process_cpu_seconds_total",
        ] {
            let line = text
                .lines()
                .find(|line| line.starts_with(name))
                .unwrap_or_else(|| panic!("{name}: {text}"));
            let value: f64 = line.rsplit(' ').next().unwrap().parse().unwrap();
            assert!(value >= 0.0 && (name == "process_cpu_seconds_total" || value > 0.0), "{line}");
        }
    }
}
