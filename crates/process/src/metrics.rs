//! Prometheus metrics.
//!
//! The code that starts a service creates a [`Metrics`] and passes it in. [`start`] serves it on a
//! listener of its own for the operator's network, if `--metrics-listen` is set. There is no global
//! registry: services in one process may share a `Metrics` or not.
//!
//! # Rules
//! - Base units in names: `_seconds`, `_bytes`; counters end in `_total`.
//! - Labels have few values: path templates, operations, codes; sectors only where a process has at
//!   most 64. Nothing from clients becomes a label.
//! - Recording on a hot path does not allocate: handles are created once, or found by static label
//!   values.

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

/// A counter.
pub type Counter = prometheus_client::metrics::counter::Counter;
/// A gauge.
pub type Gauge = prometheus_client::metrics::gauge::Gauge<f64, std::sync::atomic::AtomicU64>;
/// A histogram.
pub type Histogram = prometheus_client::metrics::histogram::Histogram;

/// Bucket bounds in seconds for operations of micro- to milliseconds: parts of a tick, store calls.
pub const SHORT_SECONDS: &[f64] = &[
    0.000_01, 0.000_03, 0.000_1, 0.000_3, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0,
    5.0,
];
/// Bucket bounds in seconds for delays that users notice: responses, orders, ticks in transit.
pub const WAIT_SECONDS: &[f64] =
    &[0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
