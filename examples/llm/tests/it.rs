//! The bot against a test endpoint: single turns, and whole games.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "it/advice.rs"]
mod advice;
#[path = "it/fake.rs"]
mod fake;
#[path = "it/plays.rs"]
mod plays;
