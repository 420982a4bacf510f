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

use crate::commit::{Award, Checkpoint, Commit, Committed, Head, Lease, Run};
use crate::document::{Document, Shelf};
use crate::error::Result;
use crate::ids::UniverseId;
use crate::incarnation::{Incarnation, Position};
use crate::order::{OrderBatch, OrderEntry, Receipt};
use crate::outcome::OrderStatus;
use crate::pool::Pool;
use crate::seat::{Claim, ClaimOutcome};
use crate::stream::{Event, StreamId};

/// Most entries one read of a stream or of records returns, whatever was asked.
pub const MAX_READ: usize = 10_000;

/// What an answered write outlives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Nothing: the state ends with the process.
    Memory,
    /// The process and the machine: written through to the disk before the answer.
    Disk,
    /// Redis writes through to the disk before the answer (AOF `always`).
    RedisAlways,
    /// Redis writes to the disk once a second (AOF `everysec`, or left to the kernel): a crash of
    /// its machine loses the last second or more, and one of its process up to two seconds when
    /// the disk was slow just then.
    RedisEverySecond,
    /// Redis keeps no log: a restart loses what was not snapshotted.
    RedisVolatile,
    /// Redis does not say.
    Unknown,
}

/// An operator's wish for a new universe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartRequest {
    /// Grows with every request; give it back in [`Commit::restart_served`].
    pub number: u64,
    /// The seed to use, if one was asked for.
    pub seed: Option<u64>,
}

/// The last backup noted in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BackupNote {
    /// When it was taken, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Tick of the newest commit in it.
    pub tick: u64,
}

/// The lease, and the commits made under it. Only the worker that runs a sector has this role.
#[async_trait]
pub trait World: Send + Sync + 'static {
    /// Takes the lease for `ttl` if nobody holds it, under an epoch that was never given before;
    /// `None` while it is held, also by the same name: a holder's name is unique per process.
    async fn acquire_lease(&self, holder: &str, ttl: Duration) -> Result<Option<Lease>>;

    /// Holds the lease for another `ttl` from now.
    ///
    /// # Errors
    /// [`LeaseLost`](crate::Error::LeaseLost) when it expired or was taken.
    async fn renew_lease(&self, lease: &Lease, ttl: Duration) -> Result<()>;

    /// Gives the lease back if it is still this one; otherwise nothing.
    async fn release_lease(&self, lease: &Lease) -> Result<()>;

    /// Writes a tick: record, events, checkpoint, cursor, outcomes, awards and the renewal of the
    /// lease, all or nothing. Repeating the last commit (same epoch, universe, tick, digest) answers as
    /// the first time and changes nothing but the lease's remaining life.
    ///
    /// # Errors
    /// [`LeaseLost`](crate::Error::LeaseLost), [`TickConflict`](crate::Error::TickConflict),
    /// [`Invalid`](crate::Error::Invalid): nothing was changed.
    async fn commit(&self, commit: &Commit) -> Result<Committed>;
}

/// The newest committed state, and the state of the store itself.
#[async_trait]
pub trait Status: Send + Sync + 'static {
    /// The newest committed tick; `None` before the first universe.
    async fn head(&self) -> Result<Option<Head>>;

    /// The newest whole world; `None` before the first universe.
    async fn checkpoint(&self) -> Result<Option<Checkpoint>>;

    /// The last backup noted; a restore forgets it. None as well where no such note is kept.
    async fn last_backup(&self) -> Result<Option<BackupNote>> {
        Ok(None)
    }

    /// Whether the store answers.
    async fn ping(&self) -> Result<()>;

    /// What an answered write outlives.
    fn durability(&self) -> Durability;
}

/// Replays, finished runs and their awards.
#[async_trait]
pub trait Runs: Send + Sync + 'static {
    /// Up to `count` replay records of a universe from `from_tick` on, each with its tick. Empty
    /// for a universe that is not kept.
    async fn records(
        &self,
        universe: &UniverseId,
        from_tick: u64,
        count: usize,
    ) -> Result<Vec<(u64, String)>>;

    /// The replay header of a universe that runs or is kept.
    async fn replay_header(&self, universe: &UniverseId) -> Result<Option<String>>;

    /// Up to `count` finished runs, newest first. Older ones than the store's `keep_runs` are gone.
    async fn runs(&self, count: usize) -> Result<Vec<Run>>;

    /// Records an award; `false` when it had been recorded before, which then stays as it was.
    async fn record_award(&self, award: &Award) -> Result<bool>;

    /// All awards, or those of one universe, by universe, faction and award.
    async fn awards(&self, universe: Option<&UniverseId>) -> Result<Vec<Award>>;
}

/// The order stream, and the outcome of each entry.
#[async_trait]
pub trait Orders: Send + Sync + 'static {
    /// Appends the orders of the batch that were not accepted before, as one entry. A batch whose
    /// orders were all accepted before answers its receipt, whatever its right is by now.
    ///
    /// # Errors
    /// [`WrongUniverse`](crate::Error::WrongUniverse) unless the batch's universe is running;
    /// [`NotYourSeat`](crate::Error::NotYourSeat) and [`SeatTaken`](crate::Error::SeatTaken) by the
    /// batch's [`Right`](crate::Right); [`BacklogFull`](crate::Error::BacklogFull);
    /// [`Invalid`](crate::Error::Invalid) for a batch beyond the limits of [`crate::order`].
    async fn append_orders(&self, batch: &OrderBatch) -> Result<Receipt>;

    /// Up to `count` order entries after `cursor`, waiting up to `wait` for the first.
    ///
    /// # Errors
    /// [`HistoryTrimmed`](crate::Error::HistoryTrimmed) when one cannot go on from `cursor`;
    /// never for the committed cursor.
    async fn orders_after(
        &self,
        cursor: StreamId,
        count: usize,
        wait: Duration,
    ) -> Result<Vec<OrderEntry>>;

    /// How many order entries wait beyond the committed cursor.
    async fn order_backlog(&self) -> Result<u64>;

    /// Outcome of an entry, or that it waits; `None` if it was never given or nothing is kept of
    /// it any more.
    async fn order(&self, id: StreamId) -> Result<Option<OrderStatus>>;

    /// The newest entries of a player, newest first: up to `count`, at most
    /// [`PLAYER_ORDERS`](crate::outcome::PLAYER_ORDERS). Those that wait are found among the newest
    /// [`WAITING_LOOKED_AT`](crate::outcome::WAITING_LOOKED_AT) that do.
    async fn orders_of(&self, player: &str, count: usize) -> Result<Vec<OrderStatus>>;
}

/// The event stream, and the incarnation that its ids count in.
#[async_trait]
pub trait Events: Send + Sync + 'static {
    /// Up to `count` events after `from`, waiting up to `wait` for the first.
    ///
    /// # Errors
    /// [`HistoryTrimmed`](crate::Error::HistoryTrimmed) when one cannot go on from there, never for
    /// the checkpoint's event id; [`Restored`](crate::Error::Restored) when the store is not of the
    /// incarnation `from` names.
    async fn events_from(&self, from: Position, count: usize, wait: Duration)
    -> Result<Vec<Event>>;

    /// [`events_from`](Events::events_from) in whichever incarnation the store has.
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
    /// [`Unavailable`](crate::Error::Unavailable), and for a store that was emptied meanwhile and
    /// is not marked anew until the next write.
    async fn incarnation(&self) -> Result<Incarnation>;

    /// Gives the store a new incarnation, after its history was replaced by that of a backup, so
    /// that everybody who followed begins anew.
    ///
    /// # Errors
    /// [`Config`](crate::Error::Config) while a worker holds the lease.
    async fn renew_incarnation(&self) -> Result<Incarnation>;
}

/// Which player holds which faction.
#[async_trait]
pub trait Claims: Send + Sync + 'static {
    /// Gives the faction to the player, unless another holds it or the player holds another.
    async fn claim(
        &self,
        universe: &UniverseId,
        faction: &str,
        player: &str,
        now_ms: u64,
        idle_ms: u64,
    ) -> Result<ClaimOutcome>;

    /// Ends the player's claim and says which faction it was.
    async fn release(&self, universe: &UniverseId, player: &str) -> Result<Option<String>>;

    /// Ends all claims and says how many there were, lapsed ones included.
    async fn release_all(&self, universe: &UniverseId) -> Result<u64>;

    /// The claims that have not lapsed, by faction. Empty for a universe that does not run.
    async fn claims(&self, universe: &UniverseId, now_ms: u64, idle_ms: u64) -> Result<Vec<Claim>>;

    /// Notes that the player was seen, and says which faction it holds. A lapsed claim stays lapsed.
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
    /// Puts a document on its shelf; `false` when its id is taken there by one that has not ended.
    ///
    /// # Errors
    /// [`Full`](crate::Error::Full) where there is no room and the shelf
    /// [gives no way](Shelf::gives_way).
    async fn insert_document(&self, shelf: Shelf, document: &Document, now_ms: u64)
    -> Result<bool>;

    /// The document of this id, not after its end.
    async fn document(&self, shelf: Shelf, id: &str, now_ms: u64) -> Result<Option<Document>>;

    /// Puts `document` in the place of the one with its id, if that has the same owner, has
    /// `expected_body` for its body, and has not ended; says whether it had.
    async fn replace_document(
        &self,
        shelf: Shelf,
        expected_body: &str,
        document: &Document,
        now_ms: u64,
    ) -> Result<bool>;

    /// Takes a document away and returns it: to one caller, once. One that has ended may come, too.
    async fn remove_document(&self, shelf: Shelf, id: &str) -> Result<Option<Document>>;

    /// The documents of an owner that have not ended, by id.
    async fn documents_of(&self, shelf: Shelf, owner: &str, now_ms: u64) -> Result<Vec<Document>>;

    /// Takes all documents of an owner away and says how many there were; ended ones may count, too.
    async fn remove_documents_of(&self, shelf: Shelf, owner: &str) -> Result<u64>;

    /// Keeps a value in a pool for `ttl`. Beyond [`Pool::max`] values, the one that expires next is evicted.
    async fn put_nonce(&self, pool: Pool, key: &str, value: &str, ttl: Duration) -> Result<()>;

    /// Takes a value out of a pool: only one caller gets it, and only before it expires.
    async fn take_nonce(&self, pool: Pool, key: &str) -> Result<Option<String>>;
}

/// The operators' switches, and the audit log.
#[async_trait]
pub trait Control: Send + Sync + 'static {
    /// Pauses the sector or lets it go on.
    async fn set_paused(&self, paused: bool) -> Result<()>;

    /// Whether the sector is paused.
    async fn paused(&self) -> Result<bool>;

    /// Asks for a new universe; replaces a request that still stands.
    async fn request_restart(&self, seed: Option<u64>) -> Result<RestartRequest>;

    /// The request that stands, until a commit has served it.
    async fn restart_request(&self) -> Result<Option<RestartRequest>>;

    /// Puts an entry behind the audit log, which is kept for ever, and says its number: from 1,
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
/// The same with a method that it has compiles:
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
