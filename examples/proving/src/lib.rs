//! The proving ground of the examples: what the tests of each bot play on.
//!
//! [`memory`] plays duels against the strategies of the engine, [`pipe`] plays the game's side of the protocol with a
//! bot in a process of its own, and [`live`] is a sector with its API in this process, which bots join over HTTP.
//! [`promises`] is what every example keeps on these.
//! Everything here panics when it is let down: it is made for tests alone.

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

/// The longest that a test waits for anything before it fails.
pub const PATIENCE: Duration = Duration::from_secs(60);
