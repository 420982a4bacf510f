//! Plays every living faction that no human has claimed: starters, the League and splinters.
//!
//! It is a client like any other, with the token of the bots: it follows the sector by the API with one mirror for all
//! seats, asks each seat's strategy once a tick and sends the orders of those that answer soon together. A strategy that
//! needs longer thinks on, on a thread of its own, is not asked again meanwhile, and its orders follow. A faction is handed over as
//! soon as a human claims it, and taken back when the claim ends: the worker asks who holds what at an interval, and
//! an order that the API refuses because the faction was claimed is taken as news at once.
//!
//! Several workers share the factions: their orders are numbered by universe, tick and faction, and the sector accepts
//! each number once. The worker whose order for a faction is first in a tick plays it; the others skip it until
//! nobody does; see the module `share`.

mod claims;
mod config;
mod error;
mod meter;
mod seats;
mod share;
mod styles;
mod work;
mod worker;

pub use config::{Config, Options};
pub use error::Error;
pub use styles::Styles;
pub use work::Work;
pub use worker::{run, run_counted};

/// Makes all metrics of this service, for the documentation: they are made when they are first needed otherwise.
pub fn register_metrics(metrics: &process_kit::Metrics) {
    drop(meter::Meter::new(metrics));
}
