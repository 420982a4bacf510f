//! Runs the sector: leases it, consumes orders, ticks, publishes.
//!
//! A worker that holds the lease is the only writer of the world. It recovers the world from the newest checkpoint
//! and the records since, comparing every digest, and then at a fixed rate: reads the orders after its cursor, lets
//! one tick pass, and commits record, events, checkpoint and cursor as one. Whatever it does is fenced by the epoch of
//! its lease: a worker that was suspended and wakes up after another took over can change nothing.
//!
//! [`run`] is for one sector and ends when the lease is lost. [`run_several`] is for several of one Redis, which the
//! workers share among each other; it goes on with the others. [`serve_health`] tells how each of them is.

mod chronicle;
mod config;
mod error;
mod health;
mod meter;
mod orders;
mod reign;
mod sectors;
mod several;
mod share;
mod sources;
mod start;
mod status;
mod traces;
mod universe;

pub use config::{Config, Options};
pub use error::Error;
pub use health::serve_health;
pub use reign::{run, run_at};
pub use sectors::{SECTORS_MAX, SectorList};
pub use several::run_several;
pub use sources::Sources;
pub use status::{Duty, LastTick, Post};

/// Makes all metrics of this service, for the documentation: they are made when they are first needed otherwise.
pub fn register_metrics(metrics: &process_kit::Metrics) {
    drop(meter::Meter::new(metrics, Default::default(), sector_redis::DEFAULT_SECTOR_NAME));
}
