//! The HTTP API of a sector: login, claims, orders, state and events.
//!
//! # Invariants
//! - An order reaches the sector only through `POST /orders`, which checks its form, its sender's
//!   claim and everything else that is certain, then appends the whole batch atomically.
//! - Only the worker changes the world. Responses about it come from one [`follow::Follower`];
//!   a snapshot is encoded once per tick for all clients.
//! - Every error response is an `application/problem+json` with a stable `code`.
//! - A login nonce and an operator's code work once.
//!
//! [`run()`] serves it, [`openapi`] describes it; `docs/openapi.json` holds the same text.

pub mod config;
pub mod describe;
pub mod error;
pub mod identity;
mod limits;
mod recent;
mod request;
mod routes;
mod rulebook;
mod run;
pub mod state;
mod table;

pub use config::{Config, Options};
pub use describe::document::openapi;
pub use describe::examples::problems;
pub use error::Error;
pub use identity::access::{Access, Class, Declaration, Scope};
pub use identity::tickets::operator_code;
pub use limits::quotas::QuotaConfig;
pub use run::{declared, enclosed, run, run_with};
pub use state::{Api, WallClock, system_clock};
pub use table::Declared;

/// Registers all metrics of this service, for the documentation; otherwise each is registered on
/// first use.
pub fn register_metrics(metrics: &process_kit::Metrics) {
    drop(limits::meter::Meter::new(metrics));
    drop(limits::meter::tally(metrics));
}
