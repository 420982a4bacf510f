//! The state of a sector: order and event streams, the committed world, leases and claims.
//!
//! # The promise
//!
//! **An accepted order is applied or refused exactly once, and a committed tick is never lost,
//! changed or forked**, whatever process dies, pauses or restarts at whatever moment.
//!
//! How the promise is kept, and the tests that show it:
//! - An order is *accepted* when [`Orders::append_orders`] returns. Accepting is one atomic step:
//!   it skips known client ids and appends the rest as one entry of the order stream
//!   (`tests/contract/orders.rs`). The same step checks that the sender holds the faction
//!   (`tests/contract/rights.rs`).
//! - A tick is *committed* when [`World::commit`] returns. One atomic step writes the record, the
//!   events, the checkpoint, the outcomes, the awards and the cursor: how far into the order stream
//!   the tick has read. Orders and cursor move together, so no order is applied twice or skipped
//!   (`tests/contract/commit.rs`).
//! - The step is fenced: it is refused unless its lease is held and its tick follows the last
//!   committed one. Lease epochs are never reused
//!   (`tests/contract/lease.rs`; `a_stale_worker_changes_nothing`, `a_fork_is_refused`).
//! - An order entry is dropped only once a checkpoint includes it
//!   (`are_trimmed_only_below_the_checkpoint`).
//! - Retrying after a lost response is safe: commits are deduplicated by epoch, universe, tick and
//!   digest, orders by client id. The store retries idempotent writes itself; all others return
//!   [`Error::Unavailable`] (`tests/redis/proxy.rs` drops responses).
//! - Acknowledged writes survive a crash as far as [`Status::durability`] says
//!   (`tests/crash.rs` kills the embedded store's process at any moment, `tests/redis/outage.rs`
//!   kills Redis). With [`StoreOptions::require_durable`], a Redis that may lose acknowledged
//!   writes is refused (`tests/redis/durable.rs`).
//! - Damaged data is detected when it is read, at the latest at recovery
//!   (`tests/redis/damage.rs`, `tests/directory.rs`).
//! - Followers get an error if history was trimmed ([`Error::HistoryTrimmed`]) or replaced
//!   ([`Error::Restored`]): ids count within an [`Incarnation`] (`tests/contract/events.rs`,
//!   `tests/contract/incarnation.rs`).
//!
//! `docs/explanation/durability.md` explains this to operators, with the settings.
//!
//! The order stream may still hold entries of an earlier universe. The worker refuses them with the
//! commit whose cursor passes them.
//!
//! # Where the state lives
//!
//! [`embedded`] keeps it in this process, in memory or in a data directory: `embedded/tables.rs`
//! lists its tables. [`redis`] keeps it in Redis, for any number of processes: [`keys`] lists every
//! key. One Redis or Redis Cluster holds any number of sectors, each under its [`SectorId`]. Both
//! hold the same data:
//!
//! - the **world**: the newest commit (universe, tick, digest, cursor, epoch) and the newest
//!   **checkpoint**, a snapshot with the last event and order it includes;
//! - two **streams**, orders and events, each numbered from 1 without gaps, across universes;
//! - the **replay** of the running universe and of the last finished runs: a header, and one record
//!   per tick;
//! - of the running universe: the **client ids** seen, and the **seats** of players;
//! - the **outcomes** of the newest orders, for their senders;
//! - the **lease** and the last epoch, **control** (pause, restart), **awards**, **nonces**;
//! - of the services: **documents** on shelves (logins, bot keys, responses), and an **audit log**.
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
pub use commit::{Award, AwardPage, Checkpoint, Commit, Committed, Head, Lease, Recorded, Run};
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

/// All roles, for `use sector_redis::roles::*` when calling their methods on concrete stores.
pub mod roles {
    pub use crate::store::{Claims, Control, Documents, Events, Orders, Runs, Status, World};
}
