//! Serves the browser UI and streams the sector to it.
//!
//! One process holds one [`follow::Follower`]: each tick is encoded once, and all browsers receive the same bytes.
//!
//! | Path | Response |
//! | --- | --- |
//! | `/`, `/assets/…` | the UI, embedded in the binary |
//! | `/ws` | the sector as a WebSocket: a snapshot, then every entry; `?after=` resumes |
//! | `/tail` | events as English text, for `curl -N` |
//! | `/preview?seed=` | the map of a seed |
//! | `/api/…` | the API, proxied without the prefix |
//! | `/health`, `/livez`, `/readyz` | health, liveness, readiness |
//!
//! [`run()`] serves; [`Config`] lists the settings.

pub mod config;
mod files;
mod lines;
mod preview;
mod recording;
mod routes;
mod run;
mod state;
mod streams;
mod traces;

pub use config::{ApiUrl, Config, Options, Places};
pub use follow::Pace;
pub use recording::{PACES_MS, Playing, Recording};
pub use run::run;

/// Registers all metrics of this service, for the generated documentation.
pub fn register_metrics(metrics: &process_kit::Metrics) {
    drop(state::stream_metrics(metrics));
    drop(state::request_metrics(metrics));
}
