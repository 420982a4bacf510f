//! The store in Redis (or Valkey): every write is one script, every script is in `src/script`.
//!
//! One kept connection (`link`) carries all short commands; a second one, of the `follower`, blocks
//! on both streams and wakes the readers of this process, however many they are. Where both lead,
//! says the `route`: one server, the owner of the sector's slot in a cluster, or a sentinel's
//! master. Every command has a time limit, and only so many are on their way at once.
//!
//! A read is repeated for want of a connection. A write is sent once; when its answer was lost, it
//! is asked again only where asking again reads back what the first time came to, or does no harm.
//! What may have happened and cannot be found out is `Unavailable`, never a guess.
//!
//! Batches of orders that arrive while others are on their way share the next call (`gather`), and
//! become one entry of the order stream (`appends`), under the number of the last of them.

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
