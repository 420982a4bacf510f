//! Runs the sector: leases it, consumes orders, ticks, publishes.
//!
//! A worker that holds the lease is the only writer of the world. It recovers the world from the newest checkpoint
//! and the records since, comparing every digest, and then at a fixed rate: reads the orders after its cursor, lets
//! one tick pass, and commits record, events, checkpoint and cursor as one. Whatever it does is fenced by the epoch of
//! its lease: a worker that was suspended and wakes up after another took over can change nothing.

mod chronicle;
mod config;
mod error;
mod orders;
mod reign;
mod sources;
mod universe;

pub use config::{Config, Options};
pub use error::Error;
pub use reign::run;
pub use sources::Sources;
