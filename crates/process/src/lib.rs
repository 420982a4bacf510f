//! What every service process needs: options, secrets, reloadable settings, logs, metrics, traces, health check and shutdown.

pub mod arguments;
pub mod config;
pub mod error;
pub mod file;
mod healthcheck;
pub mod metrics;
pub mod reload;
pub mod secrets;
pub mod service;
pub mod shutdown;
pub mod store;
pub mod telemetry;
pub mod trace;

pub use error::ServiceError;
pub use metrics::{Metrics, MetricsOptions};
pub use reload::Changes;
pub use service::{Handles, Service, main};
pub use shutdown::{CancellationToken, TaskTracker, shutdown_on_signals};
pub use store::{DevConfig, KeyConfig, StoreConfig};
