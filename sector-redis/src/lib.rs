//! The state of a sector: order and event streams, the committed world, leases and claims.
//!
//! # The promise
//!
//! **An accepted order is applied or refused exactly once, and a committed tick is never lost,
//! changed or forked**, whatever process dies, pauses or restarts at whatever moment.
//!
//! How it is kept, and where that is proved:
//! - An order is *accepted* when [`Orders::append_orders`] answers. Accepting is one atomic step:
//!   client ids seen before are left out, the rest becomes one entry of the order stream
//!   (`tests/contract/orders.rs`). Whether the sender holds the seat it gives orders for is judged
//!   in that step (`tests/contract/rights.rs`).
//! - A tick is *committed* when [`World::commit`] answers. One atomic step writes the record, the
//!   events, the checkpoint, the outcomes, the awards and the cursor: how far into the order stream
//!   the tick has read. Orders and cursor move together, so no order is applied twice or skipped
//!   (`tests/contract/commit.rs`).
//! - The step is fenced: it is refused whole unless its lease is the one that is held, and unless
//!   its tick follows the last committed one. The epoch of a lease is never given twice
//!   (`tests/contract/lease.rs`; `a_stale_worker_changes_nothing`, `a_fork_is_refused`).
//! - An order entry is dropped only when a checkpoint includes it
//!   (`are_trimmed_only_below_the_checkpoint`).
//! - When an answer is lost, asking again does no harm: a commit is known by its epoch, universe,
//!   tick and digest, an order by its client id; what can be asked again is asked again here, the
//!   rest is [`Error::Unavailable`], never a guess (`tests/redis/proxy.rs` loses the answers).
//! - What was answered outlives a crash as far as [`Status::durability`] says
//!   (`tests/crash.rs` kills the embedded store's process at any moment, `tests/redis/outage.rs`
//!   kills Redis); a Redis that is set up to forget is refused with
//!   [`StoreOptions::require_durable`] (`tests/redis/durable.rs`).
//! - A byte that changed in store is found when it is read, at the latest at recovery
//!   (`tests/redis/damage.rs`, `tests/directory.rs`).
//! - Followers get an error when history was trimmed ([`Error::HistoryTrimmed`]) or replaced
//!   ([`Error::Restored`]): ids count within an [`Incarnation`] (`tests/contract/events.rs`,
//!   `tests/contract/incarnation.rs`).
//!
//! `docs/explanation/durability.md` says the same to operators, with the settings that go with it.
//!
//! The order stream may still hold entries of a universe that ended; their reader refuses
//! them with the commit whose cursor passes them.
//!
//! # Where the state lives
//!
//! [`embedded`] keeps it in this process, in memory or in a data directory: `embedded/tables.rs`
//! lists its tables. [`redis`] keeps it in Redis, for any number of processes: [`keys`] lists every
//! key. There one Redis, or one Redis Cluster, holds any number of sectors, each under its
//! [`SectorId`]. Both hold the same things:
//!
//! - the **world**: the newest commit (universe, tick, digest, cursor, epoch) and the newest
//!   **checkpoint**, a whole snapshot that says which event and order it includes;
//! - two **streams**, orders and events, each numbered from 1 without a gap for ever; a new
//!   universe does not begin them anew;
//! - the **replay** of the running universe and of the last finished runs: a header, and one record
//!   a tick;
//! - of the running universe: the **client ids** seen, and the **seats** of players;
//! - the **outcomes** of the newest orders, for those who gave them;
//! - the **lease** and the last epoch given, **control** (pause, restart), **awards**, **nonces**;
//! - of the services: **documents** on shelves (logins, keys of bots, answers), and an **audit log**.
//!
//! Payloads (orders, events, snapshots, records) are opaque to both.

pub mod archive;
pub mod backoff;
pub mod clock;
pub mod commit;
pub mod document;
pub mod embedded;
pub mod error;
pub mod ids;
pub mod incarnation;
pub mod keys;
pub mod layer;
mod observed;
pub mod open;
pub mod order;
pub mod outcome;
pub mod pool;
pub mod redis;
pub mod report;
mod seal;
pub mod seat;
pub mod sector_id;
pub mod store;
pub mod stream;
mod wait;

pub use archive::{Archive, Dump};
#[doc(hidden)]
pub use async_trait::async_trait;
pub use backoff::Backoff;
pub use clock::{Clock, ManualClock, SteadyClock};
pub use commit::{Award, Checkpoint, Commit, Committed, Head, Lease, Run};
pub use document::{Document, Shelf};
pub use embedded::EmbeddedStore;
pub use error::{Error, Result};
pub use ids::UniverseId;
pub use incarnation::{Incarnation, Position};
pub use keys::KeyNames;
pub use layer::{Layer, Operation};
pub use observed::Observer;
pub use open::{DEFAULT_KEEP_RUNS, Place, StoreOptions, exists, open, open_archive};
pub use order::{BatchOrder, OrderBatch, OrderEntry, Receipt, Right};
pub use outcome::{OrderStatus, Outcome};
pub use pool::Pool;
pub use redis::{RedisOptions, RedisStore, sectors};
pub use report::RedisReport;
pub use seat::{Claim, ClaimOutcome};
pub use sector_id::{DEFAULT_SECTOR_NAME, SectorId};
pub use store::{
    BackupNote, Claims, Control, Documents, Durability, Events, MAX_READ, Orders, RestartRequest,
    Runs, ServiceStore, Status, Store, World,
};
pub use stream::{Event, NewEvent, StreamId};
pub use wait::MAX_WAIT;

/// All roles, for `use sector_redis::roles::*` where their methods are called on concrete stores.
pub mod roles {
    pub use crate::store::{Claims, Control, Documents, Events, Orders, Runs, Status, World};
}
