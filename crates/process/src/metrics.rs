//! What the services count and measure, for Prometheus.
//!
//! A [`Metrics`] is made by whoever starts a service, handed to it with its configuration, and read by [`start`] on a
//! listener of its own, which is off unless `--metrics-listen` is given and meant for the operator's network alone.
//! There is no registry of the process: two services in one process may share a `Metrics` or not.
//!
//! # Rules
//! - Base units, named: `_seconds`, `_bytes`; what only grows ends in `_total`.
//! - Labels have few values: templates of paths, names of operations, codes; a sector only where a process has at most
//!   64. Nothing that a client can make up becomes a label.
//! - Counting on a hot path costs no allocation: handles are made once, or found by labels that are static texts.

mod listener;
mod process;
mod registry;
mod requests;
mod store;
mod streams;

pub use listener::{MetricsOptions, begin, serve, start};
pub use registry::{Counters, Gauges, Histograms, Metric, Metrics, markdown_table};
pub use requests::requests;
pub use store::StoreMetrics;
pub use streams::StreamMetrics;

/// A number that only grows.
pub type Counter = prometheus_client::metrics::counter::Counter;
/// A number that goes up and down.
pub type Gauge = prometheus_client::metrics::gauge::Gauge<f64, std::sync::atomic::AtomicU64>;
/// How often, and how much: counts by size.
pub type Histogram = prometheus_client::metrics::histogram::Histogram;

/// Bounds in seconds for what usually takes micro- to milliseconds: parts of a tick, calls of the store.
pub const SHORT_SECONDS: &[f64] = &[
    0.000_01, 0.000_03, 0.000_1, 0.000_3, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0,
    5.0,
];
/// Bounds in seconds for what people wait for: answers, orders, ticks on their way.
pub const WAIT_SECONDS: &[f64] =
    &[0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
