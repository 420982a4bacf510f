//! The registry, and the kinds of metrics it hands out.

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

/// One value for each label.
type Labels<const N: usize> = [(&'static str, Cow<'static, str>); N];

/// One metric, for the documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric {
    /// As it is scraped.
    pub name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// The names of its labels.
    pub labels: Vec<&'static str>,
    /// What it says.
    pub help: &'static str,
}

/// Makes metrics and writes them down. Clones are the same one.
///
/// A name that is asked for again, with the same kind and labels, gives the same metric.
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

/// Which program a registry is of.
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
    /// A registry with what every process tells of itself: build, start, memory, processor, open files.
    #[must_use]
    pub fn of(program: &'static str, version: &'static str) -> Self {
        let metrics = Self::default();
        metrics.of_process(program, version);
        metrics
    }

    /// Adds those that [`Metrics::of`] has.
    pub fn of_process(&self, program: &'static str, version: &'static str) {
        // Of several the first: a registry is of one process.
        let _ = self.program.set(Program { name: program, version });
        let revision = option_env!("SECTOR_REVISION").unwrap_or("unknown");
        let help =
            "Always 1: which program this is, its version, and the revision it was built from";
        let labels = ["program", "version", "revision"];
        self.gauges("sector_build_info", help, labels).with([program, version, revision]).set(1.0);
        super::process::register(self);
    }

    /// A counter; its name ends in `_total`.
    #[must_use]
    pub fn counter(&self, name: &'static str, help: &'static str) -> Counter {
        self.known(Metric { name, kind: "counter", labels: Vec::new(), help }, Counter::default)
    }

    /// Counters that differ in labels; their name ends in `_total`.
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

    /// Gauges that differ in labels.
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

    /// Histograms that differ in labels.
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

    /// Says whether the process can do its work, for `/readyz` beside the metrics; it can unless this was called.
    pub fn set_ready(&self, is_ready: bool) {
        self.is_waiting.store(!is_ready, Ordering::Relaxed);
    }

    /// Which program this is; none where nobody said.
    pub(super) fn program(&self) -> Program {
        self.program.get().copied().unwrap_or(Program { name: "", version: "" })
    }

    pub(super) fn is_ready(&self) -> bool {
        !self.is_waiting.load(Ordering::Relaxed)
    }

    /// What is looked up when it is asked for.
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

    /// All of them in the OpenMetrics text format, which Prometheus reads.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a string does not fail.
        let written = text::encode(&mut text, &self.parts.lock().registry);
        written.map(|()| text).unwrap_or_default()
    }

    /// All of them by name, for the documentation.
    #[must_use]
    pub fn describe(&self) -> Vec<Metric> {
        self.parts.lock().known.values().map(|(metric, _)| metric.clone()).collect()
    }

    /// The metric of this name, made if there is none.
    fn known<M>(&self, metric: Metric, make: impl FnOnce() -> M) -> M
    where
        M: prometheus_client::registry::Metric + Clone,
    {
        let mut parts = self.parts.lock();
        if let Some((known, kept)) = parts.known.get(metric.name) {
            match kept.downcast_ref::<M>() {
                Some(kept) if known.labels == metric.labels => return kept.clone(),
                // A mistake of the program: what is counted under this handle is not shown.
                _ => {
                    tracing::error!(name = metric.name, "two metrics of one name");
                    return make();
                }
            }
        }
        let made = make();
        // The encoder puts the ending there itself.
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

/// Makes the histograms of a family.
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
            /// The one with these values of the labels, in their order. Keep it where the values are known beforehand;
            /// to find it by static texts allocates nothing either, but the first time.
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
    /// Counters that differ in labels.
    Counters of Counter, Family<Labels<N>, Counter>
);
family!(
    /// Gauges that differ in labels.
    Gauges of Gauge, Family<Labels<N>, Gauge>
);
family!(
    /// Histograms that differ in labels.
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
    fn what_is_counted_is_written_in_the_text_format() {
        let metrics = Metrics::default();
        metrics.counter("sector_a_total", "Things that were done").inc_by(3);
        metrics.gauges("sector_b_bytes", "Sizes", ["sector"]).with(["north".to_owned()]).set(7.5);
        metrics.histogram("sector_c_seconds", "Times", &[0.1, 1.0]).observe(0.5);
        let lines = [
            "# HELP sector_a Things that were done.",
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
    fn a_name_is_one_metric_however_often_it_is_asked_for() {
        let metrics = Metrics::default();
        for _ in 0..2 {
            metrics.clone().counters("sector_a_total", "A", ["of"]).with(["x"]).inc();
        }
        // Another shape of the same name is not shown, and does no harm.
        metrics.counter("sector_a_total", "B").inc();
        let text = metrics.text();
        assert_eq!(text.matches("# TYPE").count(), 1, "{text}");
        assert!(text.contains("sector_a_total{of=\"x\"} 2\n"), "{text}");
        assert_eq!(metrics.describe().len(), 1);
    }

    #[test]
    fn a_process_tells_of_itself() {
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
