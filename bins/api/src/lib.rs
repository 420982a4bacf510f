//! The HTTP API of a sector: login, claims, orders, state and events.
//!
//! # Invariants
//! - An order reaches the sector only through `POST /orders`: its form, its sender's right to the
//!   faction and everything that is already certain are checked, then the whole batch is appended in one
//!   atomic step, or nothing is.
//! - Nobody but the worker writes the world. What is answered about it comes from one
//!   [`follow::Follower`]; a snapshot is encoded once a tick, however many ask.
//! - Every refusal is an `application/problem+json` with a stable `code`.
//! - A login nonce and an operator's code work once.
//!
//! [`run()`] serves it, [`openapi`] describes it; `docs/openapi.json` holds the same text.

pub mod config;
pub mod describe;
pub mod error;
pub mod identity;
mod limits;
mod request;
mod routes;
mod rulebook;
mod run;
mod seats;
pub mod state;
mod table;

pub use config::{Config, Options};
pub use describe::document::openapi;
pub use describe::examples::problems;
pub use error::Error;
pub use identity::access::{Access, Class, Declaration, Scope};
pub use identity::operator::allow_operator;
pub use limits::quotas::QuotaConfig;
pub use run::{declared, enclosed, run, run_with};
pub use state::{Api, WallClock, system_clock};
pub use table::Declared;

/// Makes all metrics of this service, for the documentation: they are made when they are first needed otherwise.
pub fn register_metrics(metrics: &process_kit::Metrics) {
    drop(limits::meter::Meter::new(metrics));
    drop(limits::meter::tally(metrics));
}
