//! What lies between a client and the store: delay, loss, repetition, and a disk that may be full.
//!
//! A request travels by itself: a client that gives up, is stopped or is killed does not call it
//! back. It may be lost on the way there, or its answer on the way back; it may arrive twice; it may
//! be overtaken by what was sent later. The client sees `Unavailable` in each of these cases and
//! cannot tell which it was.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use sector_redis::{
    Claim, ClaimOutcome, Claims, Commit, Committed, Error, Event, Events, Incarnation, Layer,
    Lease, Operation, OrderBatch, OrderEntry, OrderStatus, Orders, Position, Receipt, Result,
    Status, Store, StreamId, UniverseId, World, forward, operation,
};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

use crate::chance::Chance;
use crate::flaws::LinkFlaw;
use crate::server::Server;

/// After this a client takes a request without an answer for lost.
const RESPONSE_TIMEOUT: Duration = Duration::from_millis(700);

/// How bad things are; shared by all links.
#[derive(Debug, Default)]
pub(crate) struct Weather {
    state: Mutex<Conditions>,
}

#[derive(Debug, Default)]
struct Conditions {
    is_bad: bool,
    /// Requests lost on the way there, per mille.
    lost: u64,
    /// Answers lost on the way back, per mille.
    unanswered: u64,
    /// Requests that arrive twice, per mille.
    doubled: u64,
    /// Requests that take long, per mille.
    slow: u64,
    disk_full_until: Option<Instant>,
    cut_until: BTreeMap<usize, Instant>,
    faults: u64,
}

impl Weather {
    pub(crate) fn worsen(&self, chance: &Chance) {
        let mut state = self.state.lock().unwrap();
        state.is_bad = true;
        // Some runs are stormy, some are nearly calm, and each in its own way.
        let level = || {
            if chance.per_mille(300) { 0 } else { chance.between(0, 12) * chance.between(0, 12) }
        };
        (state.lost, state.unanswered, state.doubled, state.slow) =
            (level(), level(), level(), level());
    }

    pub(crate) fn clear(&self) {
        let mut state = self.state.lock().unwrap();
        *state = Conditions { faults: state.faults, ..Conditions::default() };
    }

    pub(crate) fn fill_disk(&self, until: Instant) {
        let mut state = self.state.lock().unwrap();
        state.disk_full_until = Some(until);
        state.faults += 1;
    }

    /// Nothing gets through from or to this client.
    pub(crate) fn cut(&self, client: usize, until: Instant) {
        let mut state = self.state.lock().unwrap();
        state.cut_until.insert(client, until);
        state.faults += 1;
    }

    /// Faults that came from elsewhere.
    pub(crate) fn count(&self, faults: u64) {
        self.state.lock().unwrap().faults += faults;
    }

    pub(crate) fn faults(&self) -> u64 {
        self.state.lock().unwrap().faults
    }

    fn is_full(&self) -> bool {
        self.state.lock().unwrap().disk_full_until.is_some_and(|until| until > Instant::now())
    }

    fn journey(&self, client: usize, chance: &Chance) -> Journey {
        let mut state = self.state.lock().unwrap();
        let mut journey = Journey {
            there_ms: chance.between(0, 2),
            back_ms: chance.between(0, 2),
            ..Journey::default()
        };
        if !state.is_bad {
            return journey;
        }
        journey.is_lost = chance.per_mille(state.lost);
        journey.is_unanswered = chance.per_mille(state.unanswered);
        journey.again_after_ms = chance.per_mille(state.doubled).then(|| chance.between(0, 1_500));
        if chance.per_mille(state.slow) {
            journey.there_ms = chance.between(0, 2_500);
        }
        if chance.per_mille(state.slow) {
            journey.back_ms = chance.between(0, 2_500);
        }
        if state.cut_until.get(&client).is_some_and(|until| *until > Instant::now()) {
            journey.is_lost = true;
        }
        let strange = journey.is_lost
            || journey.is_unanswered
            || journey.again_after_ms.is_some()
            || journey.there_ms.max(journey.back_ms) > 2;
        state.faults += u64::from(strange);
        journey
    }
}

/// What happens to one request.
#[derive(Debug, Default)]
struct Journey {
    there_ms: u64,
    back_ms: u64,
    is_lost: bool,
    is_unanswered: bool,
    again_after_ms: Option<u64>,
}

/// A client's connection to the store.
#[derive(Clone)]
pub(crate) struct Link {
    pub(crate) server: Arc<Server>,
    pub(crate) weather: Arc<Weather>,
    pub(crate) chance: Chance,
    pub(crate) name: &'static str,
    pub(crate) number: usize,
    pub(crate) flaw: Option<LinkFlaw>,
}

/// How a result stands in the trace; not in full, since holders bear the number of this process.
fn brief<T>(result: &Result<T>) -> &'static str {
    match result {
        Ok(_) => "done",
        Err(Error::Unavailable { .. }) => "unavailable",
        Err(Error::LeaseLost { .. }) => "lease lost",
        Err(Error::TickConflict { .. }) => "tick conflict",
        Err(Error::HistoryTrimmed { .. }) => "history trimmed",
        Err(Error::WrongUniverse { .. }) => "wrong universe",
        Err(_) => "refused",
    }
}

fn unavailable(doing: &'static str, detail: &str) -> Error {
    Error::Unavailable { doing, detail: detail.to_owned(), source: None }
}

impl Link {
    /// Sends a request, which may be lost, delayed or delivered twice, and outlives the caller.
    async fn send<T: Send + 'static>(
        &self,
        operation: Operation,
        call: impl Fn(Arc<Server>) -> BoxFuture<'static, Result<T>> + Send + Sync + 'static,
    ) -> Result<T> {
        let Operation { name: what, is_write, wait } = operation;
        let mut journey = self.weather.journey(self.number, &self.chance);
        if what == "request_restart" || what == "set_paused" {
            // An operator's button: pressed twice is meant twice.
            journey.again_after_ms = None;
        }
        let (answer, answered) = oneshot::channel();
        let link = self.clone();
        tokio::spawn(async move {
            pass(journey.there_ms).await;
            if journey.is_lost {
                link.note(what, "is lost");
                // Nobody tells the sender.
                return sleep(RESPONSE_TIMEOUT * 20).await;
            }
            let result = link.carry_out(what, is_write, &call).await;
            if journey.is_unanswered {
                link.note(what, "goes unanswered");
            } else {
                let back_ms = journey.back_ms;
                tokio::spawn(async move {
                    pass(back_ms).await;
                    drop(answer.send(result));
                });
            }
            if let Some(again_after_ms) = journey.again_after_ms {
                pass(again_after_ms).await;
                drop(link.carry_out(what, is_write, &call).await);
            }
        });
        match timeout(RESPONSE_TIMEOUT + wait, answered).await {
            Ok(Ok(result)) => result,
            _ => Err(unavailable(what, "no answer")),
        }
    }
}

impl Link {
    fn note(&self, what: &str, how: &str) {
        self.server.trace.note(format_args!("{} {} {what} {how}", self.name, self.number));
    }

    /// The request has reached the store.
    async fn carry_out<T>(
        &self,
        what: &'static str,
        is_write: bool,
        call: &(impl Fn(Arc<Server>) -> BoxFuture<'static, Result<T>> + Send + Sync),
    ) -> Result<T> {
        let result = if is_write && self.weather.is_full() {
            Err(unavailable(what, "the disk is full"))
        } else {
            let called = call(self.server.clone());
            called.await
        };
        self.note(what, brief(&result));
        result
    }
}

async fn pass(ms: u64) {
    if ms > 0 {
        sleep(Duration::from_millis(ms)).await;
    }
}

#[async_trait]
impl World for Link {
    async fn acquire_lease(&self, holder: &str, ttl: Duration) -> Result<Option<Lease>> {
        self.server.books().know_holder(holder, self.number);
        let holder = holder.to_owned();
        self.send(operation!(write acquire_lease), move |server| {
            let holder = holder.clone();
            Box::pin(async move { server.acquire_lease(&holder, ttl).await })
        })
        .await
    }

    async fn renew_lease(&self, lease: &Lease, ttl: Duration) -> Result<()> {
        let lease = lease.clone();
        self.send(operation!(write renew_lease), move |server| {
            let lease = lease.clone();
            Box::pin(async move { server.renew_lease(&lease, ttl).await })
        })
        .await
    }

    async fn release_lease(&self, lease: &Lease) -> Result<()> {
        let lease = lease.clone();
        self.send(operation!(write release_lease), move |server| {
            let lease = lease.clone();
            Box::pin(async move { server.release_lease(&lease).await })
        })
        .await
    }

    async fn commit(&self, commit: &Commit) -> Result<Committed> {
        let mut commit = commit.clone();
        match self.flaw {
            Some(LinkFlaw::SilentPassing) => {
                commit.events.retain(|event| event.kind != "orders_refused");
            }
            Some(LinkFlaw::LosesEnd) => {
                commit.finished = None;
                commit.events.retain(|event| event.kind != "run_end");
            }
            Some(LinkFlaw::OutcomesLost) if commit.tick % 5 == 3 => commit.outcomes.clear(),
            Some(LinkFlaw::OutcomesMistold) => {
                for index in 1..commit.outcomes.len() {
                    commit.outcomes[index].body = commit.outcomes[index - 1].body.clone();
                }
            }
            Some(LinkFlaw::AnotherDigest) if commit.tick % 7 == 3 => {
                commit.digest = "0123456789abcdef".into();
            }
            _ => {}
        }
        let (flaw, chance) = (self.flaw, self.chance.clone());
        self.send(operation!(write commit), move |server| {
            let mut commit = commit.clone();
            if flaw == Some(LinkFlaw::HalfCommit) && commit.begin.is_none() && chance.per_mille(50)
            {
                // The events get written, the world does not.
                (commit.cursor, commit.checkpoint) = (StreamId::START, None);
                commit.outcomes.clear();
            }
            Box::pin(async move {
                if commit.cursor == StreamId::START
                    && flaw == Some(LinkFlaw::HalfCommit)
                    && let Some(head) = server.head().await?
                {
                    commit.cursor = head.cursor;
                }
                server.commit(&commit).await
            })
        })
        .await
    }
}

#[async_trait]
impl Orders for Link {
    async fn append_orders(&self, batch: &OrderBatch) -> Result<Receipt> {
        let sent = batch.clone();
        let flaw = self.flaw;
        let result = self
            .send(operation!(write append_orders), move |server| {
                let batch = sent.clone();
                Box::pin(async move { server.append_orders(&batch).await })
            })
            .await;
        match result {
            // A receipt that stands for nothing.
            Err(error)
                if error.is_unavailable() && flaw == Some(LinkFlaw::ReceiptBeforeTheWrite) =>
            {
                Ok(Receipt { id: StreamId::new(1), duplicates: Vec::new() })
            }
            result => result,
        }
    }

    async fn orders_after(
        &self,
        cursor: StreamId,
        count: usize,
        wait: Duration,
    ) -> Result<Vec<OrderEntry>> {
        let flaw = self.flaw;
        let mut read = self
            .send(operation!(read orders_after wait), move |server| {
                Box::pin(async move { server.orders_after(cursor, count, wait).await })
            })
            .await?;
        if flaw == Some(LinkFlaw::ReadSkips) && read.len() > 1 {
            read.remove(0);
        }
        if flaw == Some(LinkFlaw::ReadTurned) {
            read.iter_mut().for_each(|entry| entry.orders.reverse());
        }
        Ok(read)
    }

    async fn order_backlog(&self) -> Result<u64> {
        self.send(operation!(read order_backlog), |server| {
            Box::pin(async move { server.order_backlog().await })
        })
        .await
    }

    async fn order(&self, id: StreamId) -> Result<Option<OrderStatus>> {
        self.send(operation!(read order), move |server| {
            Box::pin(async move { server.order(id).await })
        })
        .await
    }

    async fn orders_of(&self, player: &str, count: usize) -> Result<Vec<OrderStatus>> {
        let player = player.to_owned();
        self.send(operation!(read orders_of), move |server| {
            let player = player.clone();
            Box::pin(async move { server.orders_of(&player, count).await })
        })
        .await
    }
}

#[async_trait]
impl Events for Link {
    async fn events_from(
        &self,
        from: Position,
        count: usize,
        wait: Duration,
    ) -> Result<Vec<Event>> {
        let events = self
            .send(operation!(read events_from wait), move |server| {
                Box::pin(async move { server.events_from(from, count, wait).await })
            })
            .await?;
        self.server.books().read_events(from, &events);
        Ok(events)
    }

    async fn incarnation(&self) -> Result<Incarnation> {
        self.send(operation!(read incarnation), |server| {
            Box::pin(async move { server.incarnation().await })
        })
        .await
    }

    async fn renew_incarnation(&self) -> Result<Incarnation> {
        self.send(operation!(write renew_incarnation), |server| {
            Box::pin(async move { server.renew_incarnation().await })
        })
        .await
    }
}

#[async_trait]
impl Claims for Link {
    async fn claim(
        &self,
        universe: &UniverseId,
        faction: &str,
        player: &str,
        now_ms: u64,
        idle_ms: u64,
    ) -> Result<ClaimOutcome> {
        let (universe, faction, player) = (universe.clone(), faction.to_owned(), player.to_owned());
        self.send(operation!(write claim), move |server| {
            let (universe, faction, player) = (universe.clone(), faction.clone(), player.clone());
            Box::pin(
                async move { server.claim(&universe, &faction, &player, now_ms, idle_ms).await },
            )
        })
        .await
    }

    async fn release(&self, universe: &UniverseId, player: &str) -> Result<Option<String>> {
        let (universe, player) = (universe.clone(), player.to_owned());
        self.send(operation!(write release), move |server| {
            let (universe, player) = (universe.clone(), player.clone());
            Box::pin(async move { server.release(&universe, &player).await })
        })
        .await
    }

    async fn release_all(&self, universe: &UniverseId) -> Result<u64> {
        let universe = universe.clone();
        self.send(operation!(write release_all), move |server| {
            let universe = universe.clone();
            Box::pin(async move { server.release_all(&universe).await })
        })
        .await
    }

    async fn claims(&self, universe: &UniverseId, now_ms: u64, idle_ms: u64) -> Result<Vec<Claim>> {
        let universe = universe.clone();
        let claims = self
            .send(operation!(read claims), move |server| {
                let universe = universe.clone();
                Box::pin(async move { server.claims(&universe, now_ms, idle_ms).await })
            })
            .await;
        // At the end of a run a worker asks for all seats, lapsed or not; otherwise to know whom a player commands.
        if self.name != "worker" || idle_ms == u64::MAX {
            return claims;
        }
        if let Ok(claims) = &claims {
            self.server.books().tell_seats(self.number, claims);
        }
        if self.flaw == Some(LinkFlaw::SeatsUnseen) { claims.map(|_| Vec::new()) } else { claims }
    }

    async fn touch(
        &self,
        universe: &UniverseId,
        player: &str,
        now_ms: u64,
        idle_ms: u64,
    ) -> Result<Option<String>> {
        let (universe, player) = (universe.clone(), player.to_owned());
        self.send(operation!(write touch), move |server| {
            let (universe, player) = (universe.clone(), player.clone());
            Box::pin(async move { server.touch(&universe, &player, now_ms, idle_ms).await })
        })
        .await
    }
}

impl Layer for Link {
    fn inner(&self, _: Operation) -> &dyn Store {
        &*self.server
    }
}

forward!(owned Link: Status, Runs, Documents, Control);
