//! The store in Redis (or Valkey): every write is one script, every script is in `src/script`.
//!
//! One managed connection carries all short commands; a second one, of the `follower`, blocks on
//! both streams and wakes the readers of this process, however many they are. Commands have a
//! timeout; only reads are retried here, since a write that timed out may have happened.

mod connection;
mod follower;
mod options;
mod reply;
mod scripts;
mod store;

pub use options::RedisOptions;
pub use store::RedisStore;
