//! Serves the browser UI and streams the sector to it.
//!
//! One process holds one [`follow::Follower`]; however many browsers watch, each tick is encoded once
//! and every one of them is handed the same bytes.
//!
//! | Path | What is there |
//! | --- | --- |
//! | `/`, `/assets/…` | the UI, embedded in the program |
//! | `/ws` | the sector as a WebSocket: a snapshot, then every entry; `?after=` resumes |
//! | `/tail` | the same as English sentences, for `curl -N` |
//! | `/preview?seed=` | the map that a seed gives, without touching the live one |
//! | `/api/…` | the API, passed through without the prefix |
//! | `/health`, `/livez`, `/readyz` | how the service is |
//!
//! [`run()`] is all there is to call; [`Config`] says what can be set.

mod assets;
pub mod config;
pub mod error;
mod lines;
mod meter;
mod problems;
mod recording;
mod routes;
mod run;
mod state;
mod traces;

pub use config::{ApiUrl, Config, Options, Places};
pub use error::Error;
pub use follow::Pace;
pub use problems::PROBLEMS;
pub use recording::{PACES_MS, Playing, Recording};
pub use run::run;

/// Makes all metrics of this service, for the documentation: they are made when they are first needed otherwise.
pub fn register_metrics(metrics: &process_kit::Metrics) {
    drop(meter::tally(metrics));
    drop(meter::requests(metrics));
}
