//! A store of which every part is asked as the user of the service that asks for it.
//!
//! With it the whole suite says that each service may do what it needs to, with the users that are shipped. What they
//! may not do is in `tests/redis/users.rs`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sector_redis::testkit::RedisServer;
use sector_redis::{
    Award, Checkpoint, Claim, ClaimOutcome, Commit, Committed, Document, Durability, Event, Head,
    Incarnation, Lease, OrderBatch, OrderEntry, OrderStatus, Place, Position, Receipt,
    RestartRequest, Result, Run, Shelf, Store, StreamId,
};

/// One connection for each user.
pub(crate) struct Users {
    worker: Arc<dyn Store>,
    api: Arc<dyn Store>,
    frontend: Arc<dyn Store>,
    minter: Arc<dyn Store>,
    operator: Arc<dyn Store>,
}

impl Users {
    pub(crate) async fn of(server: &RedisServer) -> Self {
        let store = async |user| {
            crate::bench::store(Place::redis(server.url_of(user)), Arc::default()).await
        };
        Self {
            worker: store("sim-worker").await,
            api: store("api").await,
            frontend: store("frontend").await,
            minter: store("nft-minter").await,
            operator: store("operator").await,
        }
    }
}

#[async_trait]
impl Store for Users {
    async fn acquire_lease(&self, holder: &str, ttl: Duration) -> Result<Option<Lease>> {
        self.worker.acquire_lease(holder, ttl).await
    }

    async fn renew_lease(&self, lease: &Lease, ttl: Duration) -> Result<()> {
        self.worker.renew_lease(lease, ttl).await
    }

    async fn release_lease(&self, lease: &Lease) -> Result<()> {
        self.worker.release_lease(lease).await
    }

    async fn append_orders(&self, batch: &OrderBatch) -> Result<Receipt> {
        self.api.append_orders(batch).await
    }

    async fn orders_after(
        &self,
        cursor: StreamId,
        count: usize,
        wait: Duration,
    ) -> Result<Vec<OrderEntry>> {
        self.worker.orders_after(cursor, count, wait).await
    }

    async fn order_backlog(&self) -> Result<u64> {
        self.api.order_backlog().await
    }

    async fn order(&self, id: StreamId) -> Result<Option<OrderStatus>> {
        self.api.order(id).await
    }

    async fn orders_of(&self, player: &str, count: usize) -> Result<Vec<OrderStatus>> {
        self.api.orders_of(player, count).await
    }

    async fn commit(&self, commit: &Commit) -> Result<Committed> {
        self.worker.commit(commit).await
    }

    async fn head(&self) -> Result<Option<Head>> {
        self.api.head().await
    }

    async fn checkpoint(&self) -> Result<Option<Checkpoint>> {
        self.worker.checkpoint().await
    }

    async fn records(
        &self,
        universe: &str,
        from_tick: u64,
        count: usize,
    ) -> Result<Vec<(u64, String)>> {
        self.worker.records(universe, from_tick, count).await
    }

    async fn replay_header(&self, universe: &str) -> Result<Option<String>> {
        self.worker.replay_header(universe).await
    }

    async fn runs(&self, count: usize) -> Result<Vec<Run>> {
        self.api.runs(count).await
    }

    async fn events_from(
        &self,
        from: Position,
        count: usize,
        wait: Duration,
    ) -> Result<Vec<Event>> {
        self.frontend.events_from(from, count, wait).await
    }

    async fn incarnation(&self) -> Result<Incarnation> {
        self.frontend.incarnation().await
    }

    async fn renew_incarnation(&self) -> Result<Incarnation> {
        self.operator.renew_incarnation().await
    }

    async fn claim(
        &self,
        universe: &str,
        faction: &str,
        player: &str,
        now_ms: u64,
        idle_ms: u64,
    ) -> Result<ClaimOutcome> {
        self.api.claim(universe, faction, player, now_ms, idle_ms).await
    }

    async fn release(&self, universe: &str, player: &str) -> Result<Option<String>> {
        self.api.release(universe, player).await
    }

    async fn release_all(&self, universe: &str) -> Result<u64> {
        self.api.release_all(universe).await
    }

    async fn claims(&self, universe: &str, now_ms: u64, idle_ms: u64) -> Result<Vec<Claim>> {
        self.api.claims(universe, now_ms, idle_ms).await
    }

    async fn touch(
        &self,
        universe: &str,
        player: &str,
        now_ms: u64,
        idle_ms: u64,
    ) -> Result<Option<String>> {
        self.api.touch(universe, player, now_ms, idle_ms).await
    }

    async fn put_nonce(&self, key: &str, value: &str, ttl: Duration) -> Result<()> {
        self.api.put_nonce(key, value, ttl).await
    }

    async fn take_nonce(&self, key: &str) -> Result<Option<String>> {
        self.api.take_nonce(key).await
    }

    async fn set_paused(&self, paused: bool) -> Result<()> {
        self.api.set_paused(paused).await
    }

    async fn paused(&self) -> Result<bool> {
        self.worker.paused().await
    }

    async fn request_restart(&self, seed: Option<u64>) -> Result<RestartRequest> {
        self.api.request_restart(seed).await
    }

    async fn restart_request(&self) -> Result<Option<RestartRequest>> {
        self.worker.restart_request().await
    }

    async fn record_award(&self, award: &Award) -> Result<bool> {
        self.minter.record_award(award).await
    }

    async fn awards(&self, universe: Option<&str>) -> Result<Vec<Award>> {
        self.minter.awards(universe).await
    }

    async fn insert_document(
        &self,
        shelf: Shelf,
        document: &Document,
        now_ms: u64,
    ) -> Result<bool> {
        self.api.insert_document(shelf, document, now_ms).await
    }

    async fn document(&self, shelf: Shelf, id: &str, now_ms: u64) -> Result<Option<Document>> {
        self.api.document(shelf, id, now_ms).await
    }

    async fn replace_document(
        &self,
        shelf: Shelf,
        expected_body: &str,
        document: &Document,
        now_ms: u64,
    ) -> Result<bool> {
        self.api.replace_document(shelf, expected_body, document, now_ms).await
    }

    async fn remove_document(&self, shelf: Shelf, id: &str) -> Result<Option<Document>> {
        self.api.remove_document(shelf, id).await
    }

    async fn documents_of(&self, shelf: Shelf, owner: &str, now_ms: u64) -> Result<Vec<Document>> {
        self.api.documents_of(shelf, owner, now_ms).await
    }

    async fn remove_documents_of(&self, shelf: Shelf, owner: &str) -> Result<u64> {
        self.api.remove_documents_of(shelf, owner).await
    }

    async fn append_audit(&self, body: &str) -> Result<u64> {
        self.api.append_audit(body).await
    }

    async fn audit(&self, after: u64, count: usize) -> Result<Vec<(u64, String)>> {
        self.api.audit(after, count).await
    }

    async fn ping(&self) -> Result<()> {
        self.api.ping().await
    }

    fn durability(&self) -> Durability {
        self.worker.durability()
    }
}
