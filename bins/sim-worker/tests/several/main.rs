//! Several sectors and several workers: how they come to share them, and what happens when one dies.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod on_redis;
mod sharing;
