//! The roles of a store, with the promises of every backend.
//!
//! A service takes the roles it uses; [`Store`] has them all. Payloads (orders, events, snapshots,
//! records) are opaque text. Claims, client ids and the replay in progress belong to the running
//! universe and end with it.
//!
//! All backends pass the same contract suite (`tests/contract/`). Each write is atomic and, once
//! acknowledged, as durable as [`Status::durability`] says. A write whose response was lost
//! ([`Error::Unavailable`](crate::Error::Unavailable)) may be repeated: commits and orders with a
//! client id are deduplicated, an audit entry is appended twice, and every other write is
//! idempotent, though the second response may differ (the id of the document is taken by then).

use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;

use crate::commit::{Award, AwardPage, Checkpoint, Commit, Committed, Head, Lease, Recorded, Run};
use crate::document::{Document, Shelf};
use crate::error::Result;
use crate::ids::UniverseId;
use crate::incarnation::{Incarnation, Position};
use crate::order::{OrderBatch, OrderEntry, Receipt};
use crate::outcome::OrderStatus;
use crate::pool::Pool;
use crate::seat::{Claim, ClaimOutcome};
use crate::stream::{Event, StreamId};

/// Maximum number of entries returned by one read of a stream or of records.
pub const MAX_READ: usize = 10_000;

/// What an acknowledged write survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Nothing: the state is lost when the process ends.
    Memory,
    /// A crash of the process or the machine: written to disk before the response.
    Disk,
    /// Redis writes to disk before the response (AOF `always`).
    RedisAlways,
    /// Redis writes to disk once a second (AOF `everysec`, or left to the kernel). A crash of the
    /// machine loses the last second or more; a crash of the process loses up to two seconds if the
    /// disk was slow.
    RedisEverySecond,
    /// Redis keeps no log: a restart loses everything since the last snapshot.
    RedisVolatile,
    /// Redis does not report it.
    Unknown,
}

/// An operator's request for a new universe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartRequest {
    /// Number of the request, increasing; pass it to [`Commit::restart_served`].
    pub number: u64,
    /// The requested seed, if any.
    pub seed: Option<u64>,
}

/// The last backup recorded in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BackupNote {
    /// Time of the backup, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Tick of the newest commit in the backup.
    pub tick: u64,
}

/// The lease, and the commits made under it. Only the worker that runs a sector has this role.
#[async_trait]
pub trait World: Send + Sync + 'static {
    /// Acquires the lease for `ttl` if it is free, under a new epoch. `None` while it is held, even
    /// by the same name: a holder's name is unique per process.
    async fn acquire_lease(&self, holder: &str, ttl: Duration) -> Result<Option<Lease>>;

    /// Extends the lease to `ttl` from now.
    ///
    /// # Errors
    /// [`LeaseLost`](crate::Error::LeaseLost) if it expired or another worker acquired it.
    async fn renew_lease(&self, lease: &Lease, ttl: Duration) -> Result<()>;

    /// Releases the lease; does nothing if it is no longer held.
    async fn release_lease(&self, lease: &Lease) -> Result<()>;

    /// Writes a tick atomically: record, events, checkpoint, cursor, outcomes, awards and renewal
    /// of the lease. Repeating the last commit (same epoch, universe, tick and digest) returns the
    /// same result and only renews the lease.
    ///
    /// # Errors
    /// [`LeaseLost`](crate::Error::LeaseLost), [`TickConflict`](crate::Error::TickConflict),
    /// [`Invalid`](crate::Error::Invalid); nothing was changed.
    async fn commit(&self, commit: &Commit) -> Result<Committed>;
}

/// The newest committed state, and the state of the store itself.
#[async_trait]
pub trait Status: Send + Sync + 'static {
    /// The newest committed tick; `None` before the first universe.
    async fn head(&self) -> Result<Option<Head>>;

    /// The newest checkpoint; `None` before the first universe.
    async fn checkpoint(&self) -> Result<Option<Checkpoint>>;

    /// The last recorded backup. `None` after a restore, and in stores that do not record backups.
    async fn last_backup(&self) -> Result<Option<BackupNote>> {
        Ok(None)
    }

    /// Checks that the store responds.
    async fn ping(&self) -> Result<()>;

    /// What an acknowledged write survives.
    fn durability(&self) -> Durability;
}

/// Replays, finished runs and their awards.
#[async_trait]
pub trait Runs: Send + Sync + 'static {
    /// Up to `count` replay records of a universe, starting at `from_tick`, each with its tick.
    /// Empty for an unknown or dropped universe.
    async fn records(
        &self,
        universe: &UniverseId,
        from_tick: u64,
        count: usize,
    ) -> Result<Vec<(u64, String)>>;

    /// The replay header of the running universe or a kept one.
    async fn replay_header(&self, universe: &UniverseId) -> Result<Option<String>>;

    /// Up to `count` finished runs, newest first. The store keeps `keep_runs` of them.
    async fn runs(&self, count: usize) -> Result<Vec<Run>>;

    /// The finished run of this universe; `None` if none is kept.
    async fn run(&self, universe: &UniverseId) -> Result<Option<Run>>;

    /// Records an award, unless it is already recorded. Awards of a [`Commit`] replace such a one.
    async fn record_award(&self, award: &Award) -> Result<Recorded>;

    /// About `count` awards, at most [`MAX_READ`], from the beginning or from the `next` of a page.
    /// All pages together hold every award that existed throughout; an award may come twice where
    /// others are recorded meanwhile.
    ///
    /// # Errors
    /// [`Invalid`](crate::Error::Invalid) for an `after` that no page named.
    async fn awards(&self, after: Option<&str>, count: usize) -> Result<AwardPage>;

    /// Number of awards.
    async fn award_count(&self) -> Result<u64>;
}

/// The order stream, and the outcome of each entry.
#[async_trait]
pub trait Orders: Send + Sync + 'static {
    /// Appends the orders of the batch that were not accepted before, as one entry. If all were
    /// accepted before, returns the receipt without checking the batch's right.
    ///
    /// # Errors
    /// [`WrongUniverse`](crate::Error::WrongUniverse) unless the batch's universe is running;
    /// [`NotYourSeat`](crate::Error::NotYourSeat) or [`SeatTaken`](crate::Error::SeatTaken) if the
    /// batch's [`Right`](crate::Right) does not hold; [`BacklogFull`](crate::Error::BacklogFull);
    /// [`Invalid`](crate::Error::Invalid) for a batch beyond the limits of [`crate::order`].
    async fn append_orders(&self, batch: &OrderBatch) -> Result<Receipt>;

    /// Up to `count` order entries after `cursor`, waiting up to `wait` for the first.
    ///
    /// # Errors
    /// [`HistoryTrimmed`](crate::Error::HistoryTrimmed) if entries after `cursor` are gone; never
    /// for the committed cursor.
    async fn orders_after(
        &self,
        cursor: StreamId,
        count: usize,
        wait: Duration,
    ) -> Result<Vec<OrderEntry>>;

    /// Number of order entries after the committed cursor.
    async fn order_backlog(&self) -> Result<u64>;

    /// Status of an entry. `None` if the id was never used or its outcome is no longer kept.
    async fn order(&self, id: StreamId) -> Result<Option<OrderStatus>>;

    /// Up to `count` entries of a player, newest first, at most
    /// [`PLAYER_ORDERS`](crate::outcome::PLAYER_ORDERS). Of the waiting entries of all players,
    /// only the newest [`WAITING_LOOKED_AT`](crate::outcome::WAITING_LOOKED_AT) are searched.
    async fn orders_of(&self, player: &str, count: usize) -> Result<Vec<OrderStatus>>;
}

/// The event stream, and the incarnation within which its ids count.
#[async_trait]
pub trait Events: Send + Sync + 'static {
    /// Up to `count` events after `from`, waiting up to `wait` for the first.
    ///
    /// # Errors
    /// [`HistoryTrimmed`](crate::Error::HistoryTrimmed) if events after `from` are gone, never for
    /// the checkpoint's event id; [`Restored`](crate::Error::Restored) if the store's incarnation
    /// is not that of `from`.
    async fn events_from(&self, from: Position, count: usize, wait: Duration)
    -> Result<Vec<Event>>;

    /// [`events_from`](Events::events_from) in the current incarnation.
    ///
    /// # Errors
    /// As `events_from`, without `Restored`.
    async fn events_after(
        &self,
        after: StreamId,
        count: usize,
        wait: Duration,
    ) -> Result<Vec<Event>> {
        self.events_from(after.into(), count, wait).await
    }

    /// The store's incarnation.
    ///
    /// # Errors
    /// [`Unavailable`](crate::Error::Unavailable), also for a store that was emptied and not
    /// written to since.
    async fn incarnation(&self) -> Result<Incarnation>;

    /// Gives the store a new incarnation after a restore, so that followers start over.
    ///
    /// # Errors
    /// [`Config`](crate::Error::Config) while a worker holds the lease.
    async fn renew_incarnation(&self) -> Result<Incarnation>;
}

/// Which player holds which faction.
#[async_trait]
pub trait Claims: Send + Sync + 'static {
    /// Claims the faction for the player, unless another player holds it or the player holds
    /// another faction.
    async fn claim(
        &self,
        universe: &UniverseId,
        faction: &str,
        player: &str,
        now_ms: u64,
        idle_ms: u64,
    ) -> Result<ClaimOutcome>;

    /// Ends the player's claim and returns its faction.
    async fn release(&self, universe: &UniverseId, player: &str) -> Result<Option<String>>;

    /// Ends all claims and returns their number, including lapsed ones.
    async fn release_all(&self, universe: &UniverseId) -> Result<u64>;

    /// Claims that have not lapsed, ordered by faction. Empty unless the universe is running.
    async fn claims(&self, universe: &UniverseId, now_ms: u64, idle_ms: u64) -> Result<Vec<Claim>>;

    /// Renews the player's claim and returns its faction. A lapsed claim stays lapsed.
    async fn touch(
        &self,
        universe: &UniverseId,
        player: &str,
        now_ms: u64,
        idle_ms: u64,
    ) -> Result<Option<String>>;
}

/// Documents of the services (sessions, keys, kept responses), and login nonces.
#[async_trait]
pub trait Documents: Send + Sync + 'static {
    /// Adds a document to a shelf; `false` if the id belongs to a document that has not expired.
    ///
    /// # Errors
    /// [`Full`](crate::Error::Full) if the shelf is full and does not
    /// [evict](Shelf::gives_way).
    async fn insert_document(&self, shelf: Shelf, document: &Document, now_ms: u64)
    -> Result<bool>;

    /// The document with this id, unless it has expired.
    async fn document(&self, shelf: Shelf, id: &str, now_ms: u64) -> Result<Option<Document>>;

    /// Replaces the document with the same id if it has the same owner, its body is
    /// `expected_body`, and it has not expired. Returns whether it was replaced.
    async fn replace_document(
        &self,
        shelf: Shelf,
        expected_body: &str,
        document: &Document,
        now_ms: u64,
    ) -> Result<bool>;

    /// Removes a document and returns it, to one caller only. May return an expired one.
    async fn remove_document(&self, shelf: Shelf, id: &str) -> Result<Option<Document>>;

    /// Documents of an owner that have not expired, ordered by id.
    async fn documents_of(&self, shelf: Shelf, owner: &str, now_ms: u64) -> Result<Vec<Document>>;

    /// Removes all documents of an owner and returns their number, which may include expired ones.
    async fn remove_documents_of(&self, shelf: Shelf, owner: &str) -> Result<u64>;

    /// Keeps a value in a pool for `ttl`. Beyond [`Pool::max`] values, the one that expires next is
    /// evicted.
    async fn put_nonce(&self, pool: Pool, key: &str, value: &str, ttl: Duration) -> Result<()>;

    /// Takes a value out of a pool: only one caller gets it, and only before it expires.
    async fn take_nonce(&self, pool: Pool, key: &str) -> Result<Option<String>>;
}

/// The operators' switches, and the audit log.
#[async_trait]
pub trait Control: Send + Sync + 'static {
    /// Pauses or resumes the sector.
    async fn set_paused(&self, paused: bool) -> Result<()>;

    /// Whether the sector is paused.
    async fn paused(&self) -> Result<bool>;

    /// Requests a new universe; replaces a pending request.
    async fn request_restart(&self, seed: Option<u64>) -> Result<RestartRequest>;

    /// The pending request, until a commit serves it.
    async fn restart_request(&self) -> Result<Option<RestartRequest>>;

    /// Appends an entry to the audit log, which is never trimmed, and returns its number: from 1,
    /// without gaps.
    async fn append_audit(&self, body: &str) -> Result<u64>;

    /// Up to `count` entries of the audit log after number `after`.
    async fn audit(&self, after: u64, count: usize) -> Result<Vec<(u64, String)>>;
}

/// Every role but [`World`]: what services other than the sim-worker use. It cannot commit a tick:
///
/// ```compile_fail,E0599
/// async fn commit(store: &dyn sector_redis::ServiceStore, commit: &sector_redis::Commit) {
///     let _ = store.commit(commit).await;
/// }
/// ```
///
/// Methods of the other roles compile:
///
/// ```
/// async fn head(store: &dyn sector_redis::ServiceStore) {
///     let _ = store.head().await;
/// }
/// ```
pub trait ServiceStore: Status + Runs + Orders + Events + Claims + Documents + Control {}

impl<S> ServiceStore for S where
    S: Status + Runs + Orders + Events + Claims + Documents + Control + ?Sized
{
}

/// Every role: a whole store.
pub trait Store: ServiceStore + World {}

impl<S: ServiceStore + World + ?Sized> Store for S {}
