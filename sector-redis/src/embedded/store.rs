//! The roles of a store over the tables.

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use redb::backends::InMemoryBackend;
use redb::{Builder, Database, ReadTransaction, ReadableDatabase};
use tokio::sync::watch;

use super::nonces::Nonces;
use super::tables::{self, COUNTERS, EVENT, ORDER, counter};
use super::writer::{Newest, Writer};
use super::{commit, control, directory, lease, orders, outcomes, reads, seats, shelves};
use crate::clock::Clock;
use crate::commit::{Award, Checkpoint, Commit, Committed, Head, Lease, Run, check_ttl};
use crate::document::{Document, Shelf, check_audit};
use crate::error::{Error, Result};
use crate::ids::UniverseId;
use crate::incarnation::{Incarnation, Position};
use crate::order::{OrderBatch, OrderEntry, Receipt, check_name};
use crate::outcome::{OrderStatus, listed};
use crate::pool::Pool;
use crate::seat::{Claim, ClaimOutcome};
use crate::store::{
    BackupNote, Claims, Control, Documents, Durability, Events, MAX_READ, Orders, RestartRequest,
    Runs, Status, World,
};
use crate::stream::{Event, StreamId};
use crate::wait::Growth;

/// A sector's state in this process.
pub struct EmbeddedStore {
    // Dropped in this order: the writer ends, the database closes, the directory is unlocked.
    pub(super) writer: Writer,
    database: Arc<Database>,
    _lock: Option<File>,
    newest: Arc<Newest>,
    nonces: Mutex<Nonces>,
    pub(super) clock: Arc<dyn Clock>,
    keep_runs: usize,
    durability: Durability,
}

impl EmbeddedStore {
    /// A new, empty store in memory.
    ///
    /// # Errors
    /// [`Config`](Error::Config) when the writer thread cannot start.
    pub fn memory(clock: Arc<dyn Clock>, keep_runs: usize) -> Result<Self> {
        let database = Builder::new()
            .create_with_backend(InMemoryBackend::new())
            .map_err(|error| Error::config_because("cannot make a store in memory", error))?;
        tables::prepare(&database, "the store in memory")?;
        Self::over(database, None, clock, keep_runs, Durability::Memory)
    }

    /// The store in a data directory, made if there is none.
    ///
    /// # Errors
    /// [`Config`](Error::Config), naming the path and what to do, when the directory cannot be
    /// used, is in use, or holds something else.
    pub fn directory(path: &Path, clock: Arc<dyn Clock>, keep_runs: usize) -> Result<Self> {
        let (database, lock) = directory::open(path)?;
        Self::over(database, Some(lock), clock, keep_runs, Durability::Disk)
    }

    fn over(
        database: Database,
        lock: Option<File>,
        clock: Arc<dyn Clock>,
        keep_runs: usize,
        durability: Durability,
    ) -> Result<Self> {
        let counters = database.begin_read()?.open_table(COUNTERS)?;
        let newest = Arc::new(Newest {
            order: watch::Sender::new(counter(&counters, ORDER)?),
            event: watch::Sender::new(counter(&counters, EVENT)?),
        });
        drop(counters);
        let database = Arc::new(database);
        Ok(Self {
            writer: Writer::start(database.clone(), newest.clone())?,
            database,
            _lock: lock,
            newest,
            nonces: Mutex::default(),
            clock,
            keep_runs: keep_runs.max(1),
            durability,
        })
    }

    pub(super) async fn read<T, F>(&self, body: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&ReadTransaction) -> Result<T> + Send + 'static,
    {
        let database = self.database.clone();
        tokio::task::spawn_blocking(move || body(&database.begin_read()?))
            .await
            .map_err(|error| Error::unavailable("embedded read", error))?
    }
}

#[async_trait]
impl World for EmbeddedStore {
    async fn acquire_lease(&self, holder: &str, ttl: Duration) -> Result<Option<Lease>> {
        check_name("lease holder", holder)?;
        let ttl_ms = check_ttl(ttl)?;
        let (holder, clock) = (holder.to_owned(), self.clock.clone());
        self.writer.write(move |txn| lease::acquire(txn, &holder, ttl_ms, clock.now_ms())).await
    }

    async fn renew_lease(&self, lease: &Lease, ttl: Duration) -> Result<()> {
        let ttl_ms = check_ttl(ttl)?;
        let (lease, clock) = (lease.clone(), self.clock.clone());
        self.writer.write(move |txn| lease::renew(txn, &lease, ttl_ms, clock.now_ms())).await
    }

    async fn release_lease(&self, lease: &Lease) -> Result<()> {
        let (lease, clock) = (lease.clone(), self.clock.clone());
        self.writer.write(move |txn| lease::release(txn, &lease, clock.now_ms())).await
    }

    async fn commit(&self, commit: &Commit) -> Result<Committed> {
        commit.check()?;
        let ttl_ms = check_ttl(commit.lease_ttl)?;
        let (commit, clock, keep_runs) = (commit.clone(), self.clock.clone(), self.keep_runs);
        self.writer
            .write(move |txn| commit::commit(txn, &commit, ttl_ms, clock.now_ms(), keep_runs))
            .await
    }
}

#[async_trait]
impl Status for EmbeddedStore {
    async fn head(&self) -> Result<Option<Head>> {
        self.read(reads::head).await
    }

    async fn checkpoint(&self) -> Result<Option<Checkpoint>> {
        self.read(reads::checkpoint).await
    }

    async fn last_backup(&self) -> Result<Option<BackupNote>> {
        self.backup_noted().await
    }

    async fn ping(&self) -> Result<()> {
        self.read(|txn| tables::world_now(txn).map(drop)).await
    }

    fn durability(&self) -> Durability {
        self.durability
    }
}

#[async_trait]
impl Runs for EmbeddedStore {
    async fn records(
        &self,
        universe: &UniverseId,
        from_tick: u64,
        count: usize,
    ) -> Result<Vec<(u64, String)>> {
        let (universe, count) = (universe.clone(), count.clamp(1, MAX_READ));
        self.read(move |txn| reads::records(txn, &universe, from_tick, count)).await
    }

    async fn replay_header(&self, universe: &UniverseId) -> Result<Option<String>> {
        let universe = universe.clone();
        self.read(move |txn| reads::replay_header(txn, &universe)).await
    }

    async fn runs(&self, count: usize) -> Result<Vec<Run>> {
        self.read(move |txn| reads::runs(txn, count)).await
    }

    async fn record_award(&self, award: &Award) -> Result<bool> {
        award.check()?;
        let award = award.clone();
        self.writer.write(move |txn| control::record_award(txn, &award)).await
    }

    async fn awards(&self, universe: Option<&UniverseId>) -> Result<Vec<Award>> {
        let universe = universe.cloned();
        self.read(move |txn| control::awards(txn, universe.as_ref())).await
    }
}

#[async_trait]
impl Orders for EmbeddedStore {
    async fn append_orders(&self, batch: &OrderBatch) -> Result<Receipt> {
        batch.check()?;
        let batch = batch.clone();
        self.writer.write(move |txn| orders::append(txn, &batch)).await
    }

    async fn orders_after(
        &self,
        cursor: StreamId,
        count: usize,
        wait: Duration,
    ) -> Result<Vec<OrderEntry>> {
        let count = count.clamp(1, MAX_READ);
        let mut growth = Growth::watch(&self.newest.order, wait);
        loop {
            if !growth.ends_at(cursor) {
                let found = self.read(move |txn| orders::after(txn, cursor, count)).await?;
                if !found.is_empty() {
                    return Ok(found);
                }
            }
            if !growth.next().await {
                return Ok(Vec::new());
            }
        }
    }

    async fn order_backlog(&self) -> Result<u64> {
        self.read(orders::backlog).await
    }

    async fn order(&self, id: StreamId) -> Result<Option<OrderStatus>> {
        self.read(move |txn| outcomes::status(txn, id)).await
    }

    async fn orders_of(&self, player: &str, count: usize) -> Result<Vec<OrderStatus>> {
        let (player, count) = (player.to_owned(), listed(count));
        self.read(move |txn| outcomes::of_player(txn, &player, count)).await
    }
}

#[async_trait]
impl Events for EmbeddedStore {
    async fn events_from(
        &self,
        from: Position,
        count: usize,
        wait: Duration,
    ) -> Result<Vec<Event>> {
        let count = count.clamp(1, MAX_READ);
        let mut growth = Growth::watch(&self.newest.event, wait);
        let mut looked = false;
        loop {
            // Whether the incarnation fits is looked at even where there is nothing to read.
            if !growth.ends_at(from.after) || (from.incarnation.is_some() && !looked) {
                looked = true;
                let found = self.read(move |txn| reads::events_from(txn, from, count)).await?;
                if !found.is_empty() {
                    return Ok(found);
                }
            }
            if !growth.next().await {
                return Ok(Vec::new());
            }
        }
    }

    async fn incarnation(&self) -> Result<Incarnation> {
        self.read(tables::incarnation).await
    }

    async fn renew_incarnation(&self) -> Result<Incarnation> {
        let (new, clock) = (Incarnation::random()?, self.clock.clone());
        self.writer.write(move |txn| lease::renew_incarnation(txn, new, clock.now_ms())).await
    }
}

#[async_trait]
impl Claims for EmbeddedStore {
    async fn claim(
        &self,
        universe: &UniverseId,
        faction: &str,
        player: &str,
        now_ms: u64,
        idle_ms: u64,
    ) -> Result<ClaimOutcome> {
        check_name("faction", faction)?;
        check_name("player", player)?;
        let (universe, faction) = (universe.clone(), faction.to_owned());
        let player = player.to_owned();
        self.writer
            .write(move |txn| {
                let ask = seats::Ask { universe: &universe, player: &player, now_ms, idle_ms };
                seats::claim(txn, &ask, &faction)
            })
            .await
    }

    async fn release(&self, universe: &UniverseId, player: &str) -> Result<Option<String>> {
        let (universe, player) = (universe.clone(), player.to_owned());
        self.writer.write(move |txn| seats::release(txn, &universe, &player)).await
    }

    async fn release_all(&self, universe: &UniverseId) -> Result<u64> {
        let universe = universe.clone();
        self.writer.write(move |txn| seats::release_all(txn, &universe)).await
    }

    async fn claims(&self, universe: &UniverseId, now_ms: u64, idle_ms: u64) -> Result<Vec<Claim>> {
        let universe = universe.clone();
        self.read(move |txn| seats::claims(txn, &universe, now_ms, idle_ms)).await
    }

    async fn touch(
        &self,
        universe: &UniverseId,
        player: &str,
        now_ms: u64,
        idle_ms: u64,
    ) -> Result<Option<String>> {
        let (universe, player) = (universe.clone(), player.to_owned());
        self.writer
            .write(move |txn| {
                let ask = seats::Ask { universe: &universe, player: &player, now_ms, idle_ms };
                seats::touch(txn, &ask)
            })
            .await
    }
}

#[async_trait]
impl Documents for EmbeddedStore {
    async fn insert_document(
        &self,
        shelf: Shelf,
        document: &Document,
        now_ms: u64,
    ) -> Result<bool> {
        document.check()?;
        let document = document.clone();
        self.writer.write(move |txn| shelves::insert(txn, shelf, &document, now_ms)).await
    }

    async fn document(&self, shelf: Shelf, id: &str, now_ms: u64) -> Result<Option<Document>> {
        let id = id.to_owned();
        self.read(move |txn| shelves::one(txn, shelf, &id, now_ms)).await
    }

    async fn replace_document(
        &self,
        shelf: Shelf,
        expected_body: &str,
        document: &Document,
        now_ms: u64,
    ) -> Result<bool> {
        document.check()?;
        let (expected, document) = (expected_body.to_owned(), document.clone());
        self.writer
            .write(move |txn| shelves::replace(txn, shelf, &expected, &document, now_ms))
            .await
    }

    async fn remove_document(&self, shelf: Shelf, id: &str) -> Result<Option<Document>> {
        let id = id.to_owned();
        self.writer.write(move |txn| shelves::remove(txn, shelf, &id)).await
    }

    async fn documents_of(&self, shelf: Shelf, owner: &str, now_ms: u64) -> Result<Vec<Document>> {
        let owner = owner.to_owned();
        self.read(move |txn| shelves::list_of(txn, shelf, &owner, now_ms)).await
    }

    async fn remove_documents_of(&self, shelf: Shelf, owner: &str) -> Result<u64> {
        let owner = owner.to_owned();
        self.writer.write(move |txn| shelves::remove_of(txn, shelf, &owner)).await
    }

    async fn put_nonce(&self, pool: Pool, key: &str, value: &str, ttl: Duration) -> Result<()> {
        check_name("nonce key", key)?;
        let now_ms = self.clock.now_ms();
        let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        let end_ms = now_ms.saturating_add(ttl_ms);
        let mut nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        nonces.put(pool, key, value, end_ms, now_ms);
        Ok(())
    }

    async fn take_nonce(&self, pool: Pool, key: &str) -> Result<Option<String>> {
        let now_ms = self.clock.now_ms();
        let mut nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(nonces.take(pool, key, now_ms))
    }
}

#[async_trait]
impl Control for EmbeddedStore {
    async fn set_paused(&self, paused: bool) -> Result<()> {
        self.writer.write(move |txn| control::set_paused(txn, paused)).await
    }

    async fn paused(&self) -> Result<bool> {
        self.read(control::paused).await
    }

    async fn request_restart(&self, seed: Option<u64>) -> Result<RestartRequest> {
        self.writer.write(move |txn| control::request_restart(txn, seed)).await
    }

    async fn restart_request(&self) -> Result<Option<RestartRequest>> {
        self.read(control::restart_request).await
    }

    async fn append_audit(&self, body: &str) -> Result<u64> {
        check_audit(body)?;
        let body = body.to_owned();
        self.writer.write(move |txn| shelves::append_audit(txn, &body)).await
    }

    async fn audit(&self, after: u64, count: usize) -> Result<Vec<(u64, String)>> {
        let count = count.clamp(1, MAX_READ);
        self.read(move |txn| shelves::audit(txn, after, count)).await
    }
}
