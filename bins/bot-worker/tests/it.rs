//! The bot-worker against the real API and a running sector.

#[path = "it/harness.rs"]
mod harness;
#[path = "it/worker.rs"]
mod worker;
