//! Plays every living faction that no human has claimed: starters, the League and splinters.
//!
//! The worker is a client of the API with the bot token. It follows the sector with one mirror for
//! all seats, calls each seat's strategy once per tick, and sends the orders of fast strategies
//! together. A slow strategy continues on its own thread, is not called again meanwhile, and its
//! orders follow. When a human claims a faction, the worker stops playing it; when the claim ends,
//! it resumes. It polls the claims, and learns of a new claim at once from a refused order.
//!
//! Several workers share the factions: orders are numbered by universe, tick and faction, and the
//! sector accepts each number once. The worker whose order for a faction arrives first plays it;
//! the others stand by until it stops. See the module `share`.

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

/// Registers all metrics of this service, for the documentation.
pub fn register_metrics(metrics: &process_kit::Metrics) {
    drop(meter::Meter::new(metrics));
}
