//! Plays every living faction that no human has claimed: starters, the League and splinters.
//!
//! It is a client like any other, with the token of the bots: it follows the sector by the API with one mirror for all
//! seats, asks each seat's strategy once a tick and sends all orders of the tick together. A faction is handed over as
//! soon as a human claims it, and taken back when the claim ends: the worker asks who holds what at an interval, and
//! an order that the API refuses because the faction was claimed is taken as news at once.
//!
//! Its orders are numbered by universe, tick and faction, so that several workers do not give them twice.

mod claims;
mod config;
mod error;
mod seats;
mod worker;

pub use config::{Config, Options};
pub use error::Error;
pub use worker::run;
