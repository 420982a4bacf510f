//! The store in Redis (or Valkey): every write is one script, every script is in `src/script`.
//!
//! One connection (`link`) carries all short commands. The `follower` blocks on both streams over a
//! second one and wakes all readers of this process. The `route` finds the node: one server, the
//! owner of the sector's slot in a cluster, or the master of sentinels. Commands have a timeout, and
//! the number in flight is limited.
//!
//! Reads are retried after connection errors. A write whose response was lost is retried only if it
//! is idempotent. A write with an unknown result is `Unavailable`, never a guess.
//!
//! Batches of orders that arrive while a call is in flight share the next one (`gather`) and become
//! one entry of the order stream (`appends`), with the number of the last batch.

mod answer;
mod appends;
mod archive;
mod commit;
mod control;
mod events;
mod follower;
mod gather;
mod link;
mod options;
mod orders;
mod registry;
mod reply;
mod report;
mod route;
mod runs;
mod scripts;
mod seats;
mod shapes;
mod shelves;
mod status;
mod store;
mod words;
mod writer;

pub(crate) use archive::exists;
pub use options::RedisOptions;
pub use registry::sectors;

pub use store::RedisStore;
