//! Follows a running sector: one mirror per process, for any number of clients.
//!
//! A [`Follower`] reads the newest checkpoint, then every entry of the event stream. It keeps
//! - the [`Frame`]: the sector as of the last entry, as a [`sector_sim::Mirror`] and as JSON,
//!   encoded at most once per tick and only on demand;
//! - the newest entries as serialized text (`{"id","type","data"}`), so that all clients share the
//!   same bytes and resume from memory, or from the store for older entries;
//! - the [`History`] of each faction, sampled from the entries.
//!
//! # Invariants
//! - Frame and newest entry change together: [`Follower::read_after`] or [`Follower::subscribe`]
//!   continue from [`Frame::event_id`] without gaps or duplicates.
//! - Readers have no queues. A slow one falls out of the kept entries, gets
//!   [`Error::HistoryTrimmed`] and starts over with a frame.
//! - Ids count within the incarnation of the store, which every frame and entry contains. After a
//!   restore from a backup, readers of another incarnation get [`Error::Restored`].
//! - If the store fails, was restored, or the history is trimmed, the follower starts over from the
//!   checkpoint by itself; the last frame stays meanwhile.
//!
//! ```no_run
//! # async fn example(store: std::sync::Arc<dyn sector_redis::ServiceStore>) -> Result<(), follow::Error> {
//! let shutdown = tokio_util::sync::CancellationToken::new();
//! let follower = follow::Follower::spawn(store, shutdown.clone());
//! let frame = follower.ready().await?;
//! let mut subscription = follower.subscribe(frame.position());
//! println!("tick {}", frame.tick());
//! loop {
//!     let entry = subscription.next().await?;
//!     println!("{}: {} bytes", entry.id, entry.json.len());
//! }
//! # }
//! ```

pub mod backlog;
pub mod entry;
pub mod error;
pub mod feed;
pub mod follower;
pub mod frame;
pub mod history;
pub mod resume;
pub mod sectors;
pub mod session;
mod state;
pub mod subscription;
mod tally;
mod task;
#[cfg(test)]
mod testkit;

pub use entry::{Entry, EntryKind, Moment};
pub use error::{Error, Health};
pub use feed::{Feed, Resyncs, Step};
pub use follower::Follower;
pub use frame::Frame;
pub use history::{History, Sample};
pub use sectors::{Followed, SectorError, Sectors};
pub use session::Pace;
pub use subscription::Subscription;
pub use tally::Tally;
