//! The store as its server has it: the model, and an auditor that sees everything it does.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use sector_redis::{
    Claim, ClaimOutcome, Claims, Clock, Commit, Committed, Events, Layer, Lease, Operation,
    OrderBatch, OrderEntry, OrderStatus, Orders, Receipt, Result, Status, Store, StreamId,
    UniverseId, World, forward,
};
use store_testkit::{ModelBackup, ModelStore};
use tokio::time::Instant;

use crate::books::Books;
use crate::trace::Trace;

/// The clock of the store: the time of the simulation.
pub(crate) struct Virtual(Instant);

impl Virtual {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Instant::now()))
    }
}

impl Clock for Virtual {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap()
    }
}

/// Carries out what reaches it, one after the other, and writes the books.
pub(crate) struct Server {
    pub(crate) model: ModelStore,
    pub(crate) trace: Trace,
    books: Mutex<Books>,
}

/// The store, and the books about it, at a moment.
pub(crate) struct Backup {
    model: ModelBackup,
    books: Books,
}

impl Server {
    pub(crate) fn new(model: ModelStore, trace: Trace) -> Self {
        Self { model, trace, books: Mutex::default() }
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    /// Everything as it is, to be put back later.
    pub(crate) fn backup(&self) -> Backup {
        Backup { model: self.model.backup(), books: self.books().clone() }
    }

    /// Puts everything back as it was; false while a worker holds the lease.
    pub(crate) fn restore(&self, backup: &Backup, is_unmarked: bool) -> bool {
        if self.model.restore(&backup.model, is_unmarked).is_err() {
            return false;
        }
        let incarnation = self.model.incarnation().now_or_never().unwrap().unwrap();
        self.books().restore(&backup.books, incarnation);
        true
    }

    /// What of the streams is new since the last look.
    fn audit(&self) {
        let (order, event) = self.books().positions();
        // The model never waits for what it has.
        let orders =
            self.model.orders_after(order, usize::MAX, Duration::ZERO).now_or_never().unwrap();
        let events =
            self.model.events_after(event, usize::MAX, Duration::ZERO).now_or_never().unwrap();
        let head = self.model.head().now_or_never().unwrap().unwrap();
        let mut books = self.books();
        books.enter_orders(orders);
        books.enter_events(events);
        books.enter_head(head.as_ref());
    }
}

#[async_trait]
impl World for Server {
    async fn acquire_lease(&self, holder: &str, ttl: Duration) -> Result<Option<Lease>> {
        let lease = self.model.acquire_lease(holder, ttl).await;
        if let Ok(Some(lease)) = &lease {
            self.books().enter_lease(lease, ttl);
        }
        lease
    }

    async fn renew_lease(&self, lease: &Lease, ttl: Duration) -> Result<()> {
        let renewed = self.model.renew_lease(lease, ttl).await;
        if renewed.is_ok() {
            self.books().enter_renewal(lease, ttl);
        }
        renewed
    }

    async fn release_lease(&self, lease: &Lease) -> Result<()> {
        self.books().enter_release(lease);
        self.model.release_lease(lease).await
    }

    async fn commit(&self, commit: &Commit) -> Result<Committed> {
        let committed = self.model.commit(commit).await;
        if let Ok(committed) = &committed {
            self.books().enter_commit(commit, committed);
        }
        self.audit();
        let decided = self.books().decided();
        for id in decided {
            let status = self.model.order(id).await?;
            self.books().enter_outcome(id, status.as_ref());
        }
        let awards = store_testkit::awards(&self.model).await;
        self.books().enter_awards(&awards);
        committed
    }
}

#[async_trait]
impl Orders for Server {
    async fn append_orders(&self, batch: &OrderBatch) -> Result<Receipt> {
        let receipt = self.model.append_orders(batch).await;
        self.audit();
        if let Ok(receipt) = &receipt {
            self.books().enter_receipt(batch, receipt);
        }
        receipt
    }

    async fn orders_after(
        &self,
        cursor: StreamId,
        count: usize,
        wait: Duration,
    ) -> Result<Vec<OrderEntry>> {
        self.model.orders_after(cursor, count, wait).await
    }

    async fn order_backlog(&self) -> Result<u64> {
        self.model.order_backlog().await
    }

    async fn order(&self, id: StreamId) -> Result<Option<OrderStatus>> {
        self.model.order(id).await
    }

    async fn orders_of(&self, player: &str, count: usize) -> Result<Vec<OrderStatus>> {
        self.model.orders_of(player, count).await
    }
}

#[async_trait]
impl Claims for Server {
    async fn claim(
        &self,
        universe: &UniverseId,
        faction: &str,
        player: &str,
        now_ms: u64,
        idle_ms: u64,
    ) -> Result<ClaimOutcome> {
        let outcome = self.model.claim(universe, faction, player, now_ms, idle_ms).await;
        let claims = self.model.claims(universe, now_ms, u64::MAX).await?;
        self.books().enter_claims(&claims);
        outcome
    }

    async fn release(&self, universe: &UniverseId, player: &str) -> Result<Option<String>> {
        self.model.release(universe, player).await
    }

    async fn release_all(&self, universe: &UniverseId) -> Result<u64> {
        self.model.release_all(universe).await
    }

    async fn claims(&self, universe: &UniverseId, now_ms: u64, idle_ms: u64) -> Result<Vec<Claim>> {
        self.model.claims(universe, now_ms, idle_ms).await
    }

    async fn touch(
        &self,
        universe: &UniverseId,
        player: &str,
        now_ms: u64,
        idle_ms: u64,
    ) -> Result<Option<String>> {
        self.model.touch(universe, player, now_ms, idle_ms).await
    }
}

impl Layer for Server {
    fn inner(&self, _: Operation) -> &dyn Store {
        &self.model
    }
}

forward!(Server: Status, Runs, Events, Documents, Control);
