//! The client against the real API and a running sector.

#[path = "it/harness.rs"]
mod harness;
#[path = "it/live.rs"]
mod live;
#[path = "it/orders.rs"]
mod orders;
#[path = "it/session.rs"]
mod session;
