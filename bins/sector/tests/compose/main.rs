//! docker-compose.yml, played: as processes on this machine, and in containers where an engine is
//! there.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod containers;
mod player;
mod processes;
