//! The bot-worker against the real API and a running sector.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "it/harness.rs"]
mod harness;
#[path = "it/outage.rs"]
mod outage;
#[path = "it/worker.rs"]
mod worker;
