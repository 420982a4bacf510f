//! Test kit of the example bots.
//!
//! [`memory`] plays duels against the strategies of the engine, [`pipe`] plays the game's side of
//! the protocol with a bot in another process, and [`live`] is a sector with its API in this
//! process, which bots join over HTTP. [`promises`] has the checks that every example passes. All
//! functions panic on failure, so use them only in tests.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

pub mod live;
pub mod memory;
pub mod pipe;
pub mod promises;

use std::time::Duration;

/// Longest wait for anything in a test.
pub const PATIENCE: Duration = Duration::from_secs(60);
