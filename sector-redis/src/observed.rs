//! A store that tells how it answers.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;

use crate::archive::BackupNote;
use crate::commit::{Award, Checkpoint, Commit, Committed, Head, Lease, Run};
use crate::document::{Document, Shelf};
use crate::error::{Error, Result};
use crate::incarnation::{Incarnation, Position};
use crate::order::{OrderBatch, OrderEntry, Receipt};
use crate::outcome::OrderStatus;
use crate::seat::{Claim, ClaimOutcome};
use crate::store::{Durability, RestartRequest, Store};
use crate::stream::{Event, StreamId};

/// Is told of every answer; see [`StoreOptions::observer`](crate::StoreOptions::observer).
pub trait Observer: Send + Sync + 'static {
    /// A store answered. `operation` is the name of the method of [`Store`]; `took` is none for a read that may wait
    /// for something to come.
    fn answered(&self, operation: &'static str, took: Option<Duration>, error: Option<&Error>);
}

/// A store, and who is told of its answers.
pub(crate) struct Observed {
    store: Arc<dyn Store>,
    observer: Arc<dyn Observer>,
}

impl Observed {
    pub(crate) fn new(store: Arc<dyn Store>, observer: Arc<dyn Observer>) -> Self {
        Self { store, observer }
    }

    async fn told<T>(
        &self,
        operation: &'static str,
        answer: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let began = Instant::now();
        let answer = answer.await;
        self.observer.answered(operation, Some(began.elapsed()), answer.as_ref().err());
        answer
    }

    async fn waited<T>(
        &self,
        operation: &'static str,
        wait: Duration,
        answer: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        if wait.is_zero() {
            return self.told(operation, answer).await;
        }
        let answer = answer.await;
        self.observer.answered(operation, None, answer.as_ref().err());
        answer
    }
}

#[async_trait]
impl Store for Observed {
    async fn acquire_lease(&self, holder: &str, ttl: Duration) -> Result<Option<Lease>> {
        self.told("acquire_lease", self.store.acquire_lease(holder, ttl)).await
    }

    async fn renew_lease(&self, lease: &Lease, ttl: Duration) -> Result<()> {
        self.told("renew_lease", self.store.renew_lease(lease, ttl)).await
    }

    async fn release_lease(&self, lease: &Lease) -> Result<()> {
        self.told("release_lease", self.store.release_lease(lease)).await
    }

    async fn append_orders(&self, batch: &OrderBatch) -> Result<Receipt> {
        self.told("append_orders", self.store.append_orders(batch)).await
    }

    async fn orders_after(
        &self,
        cursor: StreamId,
        count: usize,
        wait: Duration,
    ) -> Result<Vec<OrderEntry>> {
        self.waited("orders_after", wait, self.store.orders_after(cursor, count, wait)).await
    }

    async fn order_backlog(&self) -> Result<u64> {
        self.told("order_backlog", self.store.order_backlog()).await
    }

    async fn order(&self, id: StreamId) -> Result<Option<OrderStatus>> {
        self.told("order", self.store.order(id)).await
    }

    async fn orders_of(&self, player: &str, count: usize) -> Result<Vec<OrderStatus>> {
        self.told("orders_of", self.store.orders_of(player, count)).await
    }

    async fn commit(&self, commit: &Commit) -> Result<Committed> {
        self.told("commit", self.store.commit(commit)).await
    }

    async fn head(&self) -> Result<Option<Head>> {
        self.told("head", self.store.head()).await
    }

    async fn checkpoint(&self) -> Result<Option<Checkpoint>> {
        self.told("checkpoint", self.store.checkpoint()).await
    }

    async fn records(
        &self,
        universe: &str,
        from_tick: u64,
        count: usize,
    ) -> Result<Vec<(u64, String)>> {
        self.told("records", self.store.records(universe, from_tick, count)).await
    }

    async fn replay_header(&self, universe: &str) -> Result<Option<String>> {
        self.told("replay_header", self.store.replay_header(universe)).await
    }

    async fn runs(&self, count: usize) -> Result<Vec<Run>> {
        self.told("runs", self.store.runs(count)).await
    }

    async fn events_from(
        &self,
        from: Position,
        count: usize,
        wait: Duration,
    ) -> Result<Vec<Event>> {
        self.waited("events_from", wait, self.store.events_from(from, count, wait)).await
    }

    async fn incarnation(&self) -> Result<Incarnation> {
        self.told("incarnation", self.store.incarnation()).await
    }

    async fn renew_incarnation(&self) -> Result<Incarnation> {
        self.told("renew_incarnation", self.store.renew_incarnation()).await
    }

    async fn claim(
        &self,
        universe: &str,
        faction: &str,
        player: &str,
        now_ms: u64,
        idle_ms: u64,
    ) -> Result<ClaimOutcome> {
        self.told("claim", self.store.claim(universe, faction, player, now_ms, idle_ms)).await
    }

    async fn release(&self, universe: &str, player: &str) -> Result<Option<String>> {
        self.told("release", self.store.release(universe, player)).await
    }

    async fn release_all(&self, universe: &str) -> Result<u64> {
        self.told("release_all", self.store.release_all(universe)).await
    }

    async fn claims(&self, universe: &str, now_ms: u64, idle_ms: u64) -> Result<Vec<Claim>> {
        self.told("claims", self.store.claims(universe, now_ms, idle_ms)).await
    }

    async fn touch(
        &self,
        universe: &str,
        player: &str,
        now_ms: u64,
        idle_ms: u64,
    ) -> Result<Option<String>> {
        self.told("touch", self.store.touch(universe, player, now_ms, idle_ms)).await
    }

    async fn put_nonce(&self, key: &str, value: &str, ttl: Duration) -> Result<()> {
        self.told("put_nonce", self.store.put_nonce(key, value, ttl)).await
    }

    async fn take_nonce(&self, key: &str) -> Result<Option<String>> {
        self.told("take_nonce", self.store.take_nonce(key)).await
    }

    async fn set_paused(&self, paused: bool) -> Result<()> {
        self.told("set_paused", self.store.set_paused(paused)).await
    }

    async fn paused(&self) -> Result<bool> {
        self.told("paused", self.store.paused()).await
    }

    async fn request_restart(&self, seed: Option<u64>) -> Result<RestartRequest> {
        self.told("request_restart", self.store.request_restart(seed)).await
    }

    async fn restart_request(&self) -> Result<Option<RestartRequest>> {
        self.told("restart_request", self.store.restart_request()).await
    }

    async fn record_award(&self, award: &Award) -> Result<bool> {
        self.told("record_award", self.store.record_award(award)).await
    }

    async fn awards(&self, universe: Option<&str>) -> Result<Vec<Award>> {
        self.told("awards", self.store.awards(universe)).await
    }

    async fn insert_document(
        &self,
        shelf: Shelf,
        document: &Document,
        now_ms: u64,
    ) -> Result<bool> {
        self.told("insert_document", self.store.insert_document(shelf, document, now_ms)).await
    }

    async fn document(&self, shelf: Shelf, id: &str, now_ms: u64) -> Result<Option<Document>> {
        self.told("document", self.store.document(shelf, id, now_ms)).await
    }

    async fn replace_document(
        &self,
        shelf: Shelf,
        expected_body: &str,
        document: &Document,
        now_ms: u64,
    ) -> Result<bool> {
        self.told(
            "replace_document",
            self.store.replace_document(shelf, expected_body, document, now_ms),
        )
        .await
    }

    async fn remove_document(&self, shelf: Shelf, id: &str) -> Result<Option<Document>> {
        self.told("remove_document", self.store.remove_document(shelf, id)).await
    }

    async fn documents_of(&self, shelf: Shelf, owner: &str, now_ms: u64) -> Result<Vec<Document>> {
        self.told("documents_of", self.store.documents_of(shelf, owner, now_ms)).await
    }

    async fn remove_documents_of(&self, shelf: Shelf, owner: &str) -> Result<u64> {
        self.told("remove_documents_of", self.store.remove_documents_of(shelf, owner)).await
    }

    async fn append_audit(&self, body: &str) -> Result<u64> {
        self.told("append_audit", self.store.append_audit(body)).await
    }

    async fn audit(&self, after: u64, count: usize) -> Result<Vec<(u64, String)>> {
        self.told("audit", self.store.audit(after, count)).await
    }

    async fn last_backup(&self) -> Result<Option<BackupNote>> {
        self.told("last_backup", self.store.last_backup()).await
    }

    async fn ping(&self) -> Result<()> {
        self.told("ping", self.store.ping()).await
    }

    fn durability(&self) -> Durability {
        self.store.durability()
    }
}
