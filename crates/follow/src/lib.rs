//! Follows a running sector: one mirror a process, however many clients it has.
//!
//! A [`Follower`] reads the newest checkpoint, then every entry of the event stream. It keeps
//! - the [`Frame`]: the sector as of the last entry, as a [`sector_sim::Mirror`] and as JSON that is
//!   encoded at most once a tick, and only if somebody asks;
//! - the newest entries as finished text (`{"id","type","data"}`), so that all clients are handed the
//!   same bytes and one that was cut off resumes from memory, or from the store beyond that;
//! - the [`History`]: how each faction fared, sampled as the entries come.
//!
//! # Invariants
//! - The frame and the newest entry change together: whoever sees [`Frame::event_id`] can go on from it
//!   with [`Follower::read_after`] or [`Follower::subscribe`] without a gap or a repetition.
//! - Readers have no queues of their own. A slow one costs nothing; it falls out of the kept entries, is
//!   told so ([`Error::HistoryTrimmed`]) and begins again with a frame.
//! - Ids count within the incarnation of the store, which every frame and entry names. After a restore
//!   from a backup, readers that know another one are told so ([`Error::Restored`]).
//! - When the store fails, was restored, or the history is trimmed, the follower starts over from the
//!   checkpoint by itself; meanwhile the last frame stays.
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
