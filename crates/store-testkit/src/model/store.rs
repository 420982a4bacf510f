//! The roles of a store over the model.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::flaw::Flaw;
use super::state::State;
use sector_redis::Pool;
use sector_redis::clock::Clock;
use sector_redis::commit::{
    Award, AwardPage, Checkpoint, Commit, Committed, Head, Lease, Recorded, Run, check_ttl,
};
use sector_redis::document::{Document, Shelf, check_audit};
use sector_redis::error::{Error, Result};
use sector_redis::ids::check_name;
use sector_redis::incarnation::{Incarnation, Position};
use sector_redis::order::{OrderBatch, OrderEntry, Receipt};
use sector_redis::outcome::{OrderStatus, listed};
use sector_redis::seat::{Claim, ClaimOutcome};
use sector_redis::store::{
    Claims, Control, Documents, Durability, Events, MAX_READ, Orders, RestartRequest, Runs, Status,
    World,
};
use sector_redis::stream::{Event, StreamId};
use sector_redis::{MAX_WAIT, UniverseId};

/// The model of a store.
pub struct ModelStore {
    state: Mutex<State>,
    // One list of waiters each, woken in the order they came: which one goes first is not chance.
    orders_grew: Notify,
    events_grew: Notify,
    clock: Arc<dyn Clock>,
    keep_runs: usize,
}

impl ModelStore {
    /// An empty store that goes by `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, keep_runs: usize) -> Self {
        Self {
            state: Mutex::default(),
            orders_grew: Notify::new(),
            events_grew: Notify::new(),
            clock,
            keep_runs: keep_runs.max(1),
        }
    }

    /// An empty store that breaks one promise.
    #[must_use]
    pub fn with_flaw(clock: Arc<dyn Clock>, keep_runs: usize, flaw: Flaw) -> Self {
        let store = Self::new(clock, keep_runs);
        store.state().flaw = Some(flaw);
        store
    }

    /// Everything it holds, as text: two histories that differ in anything differ in this.
    #[must_use]
    pub fn describe(&self) -> String {
        let state = self.state();
        format!(
            "{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}",
            state.world,
            state.checkpoint,
            state.orders,
            state.client_ids,
            state.events,
            state.headers,
            state.records,
            state.runs,
            state.players,
            state.awards,
            state.outcomes,
        )
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    /// Lets everybody who waits look again.
    pub(super) fn wake(&self) {
        self.orders_grew.notify_waiters();
        self.events_grew.notify_waiters();
    }

    // Nothing in here panics while it holds the lock.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

/// Reads until there is something or time is up.
async fn wait_for<T>(
    grew: &Notify,
    wait: Duration,
    read: impl Fn() -> Result<Vec<T>>,
) -> Result<Vec<T>> {
    if wait.is_zero() {
        return read();
    }
    let deadline = Instant::now() + wait.min(MAX_WAIT);
    loop {
        // Listening begins before the read, so nothing slips in between the two.
        let growth = grew.notified();
        tokio::pin!(growth);
        growth.as_mut().enable();
        let found = read()?;
        if !found.is_empty() || timeout_at(deadline, growth).await.is_err() {
            return Ok(found);
        }
    }
}

#[async_trait]
impl World for ModelStore {
    async fn acquire_lease(&self, holder: &str, ttl: Duration) -> Result<Option<Lease>> {
        check_name("lease holder", holder)?;
        Ok(self.state().acquire(holder, check_ttl(ttl)?, self.clock.now_ms()))
    }

    async fn renew_lease(&self, lease: &Lease, ttl: Duration) -> Result<()> {
        self.state().renew(lease, check_ttl(ttl)?, self.clock.now_ms())
    }

    async fn release_lease(&self, lease: &Lease) -> Result<()> {
        self.state().release(lease, self.clock.now_ms());
        Ok(())
    }

    async fn commit(&self, commit: &Commit) -> Result<Committed> {
        commit.check()?;
        let ttl_ms = check_ttl(commit.lease_ttl)?;
        let committed = self.state().commit(commit, ttl_ms, self.clock.now_ms(), self.keep_runs)?;
        self.events_grew.notify_waiters();
        Ok(committed)
    }
}

#[async_trait]
impl Status for ModelStore {
    async fn head(&self) -> Result<Option<Head>> {
        let state = self.state();
        Ok(state.world.as_ref().map(|world| Head {
            incarnation: state.incarnation(),
            universe: world.universe.clone(),
            tick: world.tick,
            digest: world.digest.clone(),
            cursor: StreamId::new(world.cursor),
            epoch: world.epoch,
            event_id: StreamId::new(world.event),
            finished: world.finished,
            paused: state.paused,
        }))
    }

    async fn checkpoint(&self) -> Result<Option<Checkpoint>> {
        let state = self.state();
        let current = |checkpoint| Checkpoint { incarnation: state.incarnation(), ..checkpoint };
        Ok(state.checkpoint.clone().map(current))
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }

    fn durability(&self) -> Durability {
        Durability::Memory
    }
}

#[async_trait]
impl Runs for ModelStore {
    async fn records(
        &self,
        universe: &UniverseId,
        from_tick: u64,
        count: usize,
    ) -> Result<Vec<(u64, String)>> {
        let range = (universe.clone(), from_tick)..=(universe.clone(), u64::MAX);
        let state = self.state();
        let records = state.records.range(range).take(count.clamp(1, MAX_READ));
        Ok(records.map(|((_, tick), record)| (*tick, record.clone())).collect())
    }

    async fn replay_header(&self, universe: &UniverseId) -> Result<Option<String>> {
        Ok(self.state().headers.get(universe).cloned())
    }

    async fn runs(&self, count: usize) -> Result<Vec<Run>> {
        Ok(self.state().runs.iter().take(count).cloned().collect())
    }

    async fn run(&self, universe: &UniverseId) -> Result<Option<Run>> {
        Ok(self.state().runs.iter().find(|run| run.universe == *universe).cloned())
    }

    async fn record_award(&self, award: &Award) -> Result<Recorded> {
        award.check()?;
        Ok(self.state().record_award(award))
    }

    async fn awards(&self, after: Option<&str>, count: usize) -> Result<AwardPage> {
        let allowed = "the `next` of a page";
        let skipped: usize = after
            .map_or(Ok(0), str::parse)
            .map_err(|_| Error::invalid("after", after.unwrap_or_default(), allowed))?;
        let state = self.state();
        let rows = state.awards.iter().skip(skipped).take(count);
        let awards: Vec<Award> = rows
            .map(|((universe, faction, award), body)| Award {
                universe: universe.clone(),
                faction: faction.clone(),
                award: award.clone(),
                body: body.clone(),
            })
            .collect();
        let end = skipped + awards.len();
        Ok(AwardPage { awards, next: (end < state.awards.len()).then(|| end.to_string()) })
    }

    async fn award_count(&self) -> Result<u64> {
        Ok(self.state().awards.len() as u64)
    }
}

#[async_trait]
impl Orders for ModelStore {
    async fn append_orders(&self, batch: &OrderBatch) -> Result<Receipt> {
        batch.check()?;
        let (receipt, grew) = self.state().append(batch, self.clock.now_ms())?;
        if grew {
            self.orders_grew.notify_waiters();
        }
        Ok(receipt)
    }

    async fn orders_after(
        &self,
        cursor: StreamId,
        count: usize,
        wait: Duration,
    ) -> Result<Vec<OrderEntry>> {
        let count = count.clamp(1, MAX_READ);
        wait_for(&self.orders_grew, wait, || self.state().orders_after(cursor, count)).await
    }

    async fn order_backlog(&self) -> Result<u64> {
        let state = self.state();
        Ok(state.last_order.saturating_sub(state.world.as_ref().map_or(0, |world| world.cursor)))
    }

    async fn order(&self, id: StreamId) -> Result<Option<OrderStatus>> {
        Ok(self.state().status(id))
    }

    async fn orders_of(&self, player: &str, count: usize) -> Result<Vec<OrderStatus>> {
        Ok(self.state().orders_of(player, listed(count)))
    }
}

#[async_trait]
impl Events for ModelStore {
    async fn events_from(
        &self,
        from: Position,
        count: usize,
        wait: Duration,
    ) -> Result<Vec<Event>> {
        let count = count.clamp(1, MAX_READ);
        wait_for(&self.events_grew, wait, || self.state().events_from(from, count)).await
    }

    async fn incarnation(&self) -> Result<Incarnation> {
        Ok(self.state().incarnation())
    }

    async fn renew_incarnation(&self) -> Result<Incarnation> {
        self.state().renew_incarnation(self.clock.now_ms())
    }
}

#[async_trait]
impl Claims for ModelStore {
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
        Ok(self.state().claim(universe, faction, player, now_ms, idle_ms))
    }

    async fn release(&self, universe: &UniverseId, player: &str) -> Result<Option<String>> {
        Ok(self.state().release_seat(universe, player))
    }

    async fn release_all(&self, universe: &UniverseId) -> Result<u64> {
        Ok(self.state().release_all(universe))
    }

    async fn claims(&self, universe: &UniverseId, now_ms: u64, idle_ms: u64) -> Result<Vec<Claim>> {
        Ok(self.state().claims(universe, now_ms, idle_ms))
    }

    async fn touch(
        &self,
        universe: &UniverseId,
        player: &str,
        now_ms: u64,
        idle_ms: u64,
    ) -> Result<Option<String>> {
        Ok(self.state().touch(universe, player, now_ms, idle_ms))
    }
}

#[async_trait]
impl Documents for ModelStore {
    async fn insert_document(
        &self,
        shelf: Shelf,
        document: &Document,
        now_ms: u64,
    ) -> Result<bool> {
        document.check()?;
        self.state().insert_document(shelf, document, now_ms)
    }

    async fn document(&self, shelf: Shelf, id: &str, now_ms: u64) -> Result<Option<Document>> {
        Ok(self.state().document(shelf, id, now_ms))
    }

    async fn replace_document(
        &self,
        shelf: Shelf,
        expected_body: &str,
        document: &Document,
        now_ms: u64,
    ) -> Result<bool> {
        document.check()?;
        Ok(self.state().replace_document(shelf, expected_body, document, now_ms))
    }

    async fn remove_document(&self, shelf: Shelf, id: &str) -> Result<Option<Document>> {
        Ok(self.state().documents.remove(&(shelf, id.to_owned())))
    }

    async fn documents_of(&self, shelf: Shelf, owner: &str, now_ms: u64) -> Result<Vec<Document>> {
        Ok(self.state().documents_of(shelf, owner, now_ms))
    }

    async fn remove_documents_of(&self, shelf: Shelf, owner: &str) -> Result<u64> {
        Ok(self.state().remove_documents_of(shelf, owner))
    }

    async fn put_nonce(&self, pool: Pool, key: &str, value: &str, ttl: Duration) -> Result<()> {
        check_name("nonce key", key)?;
        let now_ms = self.clock.now_ms();
        let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        self.state().put_nonce(pool, key, value, now_ms.saturating_add(ttl_ms), now_ms);
        Ok(())
    }

    async fn take_nonce(&self, pool: Pool, key: &str) -> Result<Option<String>> {
        Ok(self.state().take_nonce(pool, key, self.clock.now_ms()))
    }
}

#[async_trait]
impl Control for ModelStore {
    async fn set_paused(&self, paused: bool) -> Result<()> {
        self.state().paused = paused;
        Ok(())
    }

    async fn paused(&self) -> Result<bool> {
        Ok(self.state().paused)
    }

    async fn request_restart(&self, seed: Option<u64>) -> Result<RestartRequest> {
        let mut state = self.state();
        state.restarts += 1;
        let request = RestartRequest { number: state.restarts, seed };
        state.restart = Some(request);
        Ok(request)
    }

    async fn restart_request(&self) -> Result<Option<RestartRequest>> {
        Ok(self.state().restart)
    }

    async fn append_audit(&self, body: &str) -> Result<u64> {
        check_audit(body)?;
        Ok(self.state().append_audit(body))
    }

    async fn audit(&self, after: u64, count: usize) -> Result<Vec<(u64, String)>> {
        Ok(self.state().audit(after, count.clamp(1, MAX_READ)))
    }
}
