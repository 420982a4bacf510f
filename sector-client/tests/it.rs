//! The client against the real API and a running sector.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "it/harness.rs"]
mod harness;
#[path = "it/live.rs"]
mod live;
#[path = "it/orders.rs"]
mod orders;
#[path = "it/session.rs"]
mod session;
