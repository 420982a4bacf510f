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

mod access;
mod answers;
mod audit;
mod bodies;
mod bot_keys;
mod bot_tokens;
mod call;
pub mod caller;
pub mod config;
pub mod document;
pub mod error;
mod examples;
mod meter;
pub mod operator;
mod prefix;
mod problems;
mod quotas;
mod reference;
mod routes;
mod rulebook;
mod run;
mod seats;
mod sessions;
pub mod state;
mod table;
mod traces;

pub use access::{Access, Class, Declaration, Scope};
pub use config::{Config, Options};
pub use document::openapi;
pub use error::Error;
pub use examples::problems;
pub use operator::allow_operator;
pub use quotas::QuotaConfig;
pub use run::{declared, enclosed, run, run_with};
pub use state::{Api, WallClock, system_clock};
pub use table::Declared;

/// Makes all metrics of this service, for the documentation: they are made when they are first needed otherwise.
pub fn register_metrics(metrics: &process_kit::Metrics) {
    drop(meter::Meter::new(metrics));
    drop(meter::tally(metrics));
}
