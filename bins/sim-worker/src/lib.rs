//! Runs the sector: leases it, consumes orders, ticks, publishes.
//!
//! The worker that holds the lease is the only writer of the world. It recovers the world from the
//! newest checkpoint and the records since, comparing every digest. Then, at a fixed rate, it reads
//! the orders after its cursor, steps the world, and commits record, events, checkpoint and cursor
//! in one transaction. The epoch of the lease fences every write: a worker that wakes up after
//! another took over can change nothing.
//!
//! [`run`] runs one sector and ends when the lease is lost. [`run_several`] runs several sectors of
//! one Redis, shared among workers, and keeps the others running when one fails. [`serve_health`]
//! reports the state of each.

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

/// Registers all metrics of this service, for the generated documentation.
pub fn register_metrics(metrics: &process_kit::Metrics) {
    drop(meter::Meter::new(metrics, Default::default(), sector_redis::DEFAULT_SECTOR_NAME));
}
