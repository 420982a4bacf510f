//! The store as its server has it: the model, and an auditor that sees everything it does.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use sector_redis::testkit::{ModelBackup, ModelStore};
use sector_redis::{
    Award, Checkpoint, Claim, ClaimOutcome, Clock, Commit, Committed, Document, Durability, Event,
    Head, Incarnation, Lease, OrderBatch, OrderEntry, OrderStatus, Position, Receipt,
    RestartRequest, Result, Run, Shelf, Store, StreamId,
};
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
impl Store for Server {
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
        let awards = self.model.awards(None).await?;
        self.books().enter_awards(&awards);
        committed
    }

    async fn head(&self) -> Result<Option<Head>> {
        self.model.head().await
    }

    async fn checkpoint(&self) -> Result<Option<Checkpoint>> {
        self.model.checkpoint().await
    }

    async fn records(
        &self,
        universe: &str,
        from_tick: u64,
        count: usize,
    ) -> Result<Vec<(u64, String)>> {
        self.model.records(universe, from_tick, count).await
    }

    async fn replay_header(&self, universe: &str) -> Result<Option<String>> {
        self.model.replay_header(universe).await
    }

    async fn runs(&self, count: usize) -> Result<Vec<Run>> {
        self.model.runs(count).await
    }

    async fn events_from(
        &self,
        from: Position,
        count: usize,
        wait: Duration,
    ) -> Result<Vec<Event>> {
        self.model.events_from(from, count, wait).await
    }

    async fn incarnation(&self) -> Result<Incarnation> {
        self.model.incarnation().await
    }

    async fn renew_incarnation(&self) -> Result<Incarnation> {
        self.model.renew_incarnation().await
    }

    async fn claim(
        &self,
        universe: &str,
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

    async fn release(&self, universe: &str, player: &str) -> Result<Option<String>> {
        self.model.release(universe, player).await
    }

    async fn release_all(&self, universe: &str) -> Result<u64> {
        self.model.release_all(universe).await
    }

    async fn claims(&self, universe: &str, now_ms: u64, idle_ms: u64) -> Result<Vec<Claim>> {
        self.model.claims(universe, now_ms, idle_ms).await
    }

    async fn touch(
        &self,
        universe: &str,
        player: &str,
        now_ms: u64,
        idle_ms: u64,
    ) -> Result<Option<String>> {
        self.model.touch(universe, player, now_ms, idle_ms).await
    }

    async fn put_nonce(&self, key: &str, value: &str, ttl: Duration) -> Result<()> {
        self.model.put_nonce(key, value, ttl).await
    }

    async fn take_nonce(&self, key: &str) -> Result<Option<String>> {
        self.model.take_nonce(key).await
    }

    async fn set_paused(&self, paused: bool) -> Result<()> {
        self.model.set_paused(paused).await
    }

    async fn paused(&self) -> Result<bool> {
        self.model.paused().await
    }

    async fn request_restart(&self, seed: Option<u64>) -> Result<RestartRequest> {
        self.model.request_restart(seed).await
    }

    async fn restart_request(&self) -> Result<Option<RestartRequest>> {
        self.model.restart_request().await
    }

    async fn record_award(&self, award: &Award) -> Result<bool> {
        self.model.record_award(award).await
    }

    async fn awards(&self, universe: Option<&str>) -> Result<Vec<Award>> {
        self.model.awards(universe).await
    }

    async fn insert_document(
        &self,
        shelf: Shelf,
        document: &Document,
        now_ms: u64,
    ) -> Result<bool> {
        self.model.insert_document(shelf, document, now_ms).await
    }

    async fn document(&self, shelf: Shelf, id: &str, now_ms: u64) -> Result<Option<Document>> {
        self.model.document(shelf, id, now_ms).await
    }

    async fn replace_document(
        &self,
        shelf: Shelf,
        expected_body: &str,
        document: &Document,
        now_ms: u64,
    ) -> Result<bool> {
        self.model.replace_document(shelf, expected_body, document, now_ms).await
    }

    async fn remove_document(&self, shelf: Shelf, id: &str) -> Result<Option<Document>> {
        self.model.remove_document(shelf, id).await
    }

    async fn documents_of(&self, shelf: Shelf, owner: &str, now_ms: u64) -> Result<Vec<Document>> {
        self.model.documents_of(shelf, owner, now_ms).await
    }

    async fn remove_documents_of(&self, shelf: Shelf, owner: &str) -> Result<u64> {
        self.model.remove_documents_of(shelf, owner).await
    }

    async fn append_audit(&self, body: &str) -> Result<u64> {
        self.model.append_audit(body).await
    }

    async fn audit(&self, after: u64, count: usize) -> Result<Vec<(u64, String)>> {
        self.model.audit(after, count).await
    }

    async fn ping(&self) -> Result<()> {
        self.model.ping().await
    }

    fn durability(&self) -> Durability {
        self.model.durability()
    }
}
