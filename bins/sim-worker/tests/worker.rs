//! The worker on every store: what it commits can be continued, replayed and trusted.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use process_kit::CancellationToken;
use process_kit::config::{Milliseconds, Seconds};
use sector_redis::{
    BatchOrder, Event, Layer, Operation, OrderBatch, OrderStatus, Place, Store, StoreOptions,
    StreamId, forward, open,
};
use sector_sim::replay::verify;
use sector_sim::{Delta, Mirror, Snapshot};
use sector_wire::{RunDocument, SeatFault, UnratedReason, Victory, began_ms};
use serde_json::Value;
use sim_worker::{Config, Error, Sources};
use store_testkit::{RedisServer, eventually};
use tokio::task::JoinHandle;

/// Longest wait for something that should happen at once.
const PATIENCE: Duration = Duration::from_secs(30);

fn config(seed: u64) -> Config {
    Config {
        tick_ms: Milliseconds(10),
        seed: Some(seed),
        systems: 12,
        factions: 3,
        lease_ttl_ms: Milliseconds(5_000),
        order_block_ms: Milliseconds(1_000),
        reset_universe_on_start: false,
        event_stream_maxlen: 10_000,
        snapshot_every: 7,
        universe_pause_ms: Milliseconds(20),
        claim_idle_seconds: Seconds(600),
        autopilot_seconds: Seconds(30),
        victory_share_percent: 50,
        victory_presence_seconds: Seconds(60),
    }
}

struct Worker {
    shutdown: CancellationToken,
    running: JoinHandle<Result<(), Error>>,
}

impl Worker {
    fn start(config: Config, store: &Arc<dyn Store>) -> Worker {
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(sim_worker::run(
            config,
            store.clone(),
            Sources::system(),
            shutdown.clone(),
        ));
        Worker { shutdown, running }
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.running.await.unwrap().unwrap();
    }
}

/// The events after `after`, up to and including the first that fits.
async fn events_until(
    store: &Arc<dyn Store>,
    after: StreamId,
    fits: impl Fn(&Event) -> bool,
) -> Vec<Event> {
    let collect = async {
        let mut all: Vec<Event> = Vec::new();
        loop {
            let last = all.last().map_or(after, |event| event.id);
            for event in store.events_after(last, 100, Duration::from_secs(5)).await.unwrap() {
                let found = fits(&event);
                all.push(event);
                if found {
                    return all;
                }
            }
        }
    };
    tokio::time::timeout(PATIENCE, collect).await.expect("the event comes")
}

fn tick_of(event: &Event) -> u64 {
    serde_json::from_str::<Value>(&event.data).unwrap()["tick"].as_u64().unwrap()
}

fn at_tick(tick: u64) -> impl Fn(&Event) -> bool {
    move |event| event.kind == "delta" && tick_of(event) >= tick
}

/// The replay of a universe as the store holds it.
async fn replay(store: &Arc<dyn Store>, universe: &str) -> Vec<String> {
    let mut lines = vec![store.replay_header(&universe.into()).await.unwrap().unwrap()];
    lines.extend(
        store
            .records(&universe.into(), 1, 10_000)
            .await
            .unwrap()
            .into_iter()
            .map(|(_, record)| record),
    );
    lines
}

fn move_order(snapshot: &Snapshot, client_id: &str) -> BatchOrder {
    let fleet = snapshot.fleets.iter().find(|fleet| fleet.owner.to_string() == "F1").unwrap();
    let origin = fleet.system_id.unwrap();
    let lane = snapshot.lanes.iter().find(|lane| lane.a == origin || lane.b == origin).unwrap();
    let target = if lane.a == origin { lane.b } else { lane.a };
    let body = format!(
        r#"{{"faction":"F1","origin_id":{origin},"target_id":{target},"strength":1000,"client_id":"{client_id}"}}"#
    );
    BatchOrder { client_id: Some(client_id.to_owned()), body }
}

async fn append(store: &Arc<dyn Store>, client_id: &str) -> StreamId {
    let head = store.head().await.unwrap().unwrap();
    let snapshot =
        serde_json::from_str(&store.checkpoint().await.unwrap().unwrap().snapshot).unwrap();
    let batch = OrderBatch {
        universe: head.universe,
        player: "0xtest".into(),
        source: "human".into(),
        at_ms: 0,
        orders: vec![move_order(&snapshot, client_id)],
        ..OrderBatch::default()
    };
    store.append_orders(&batch).await.unwrap().id
}

/// What the store has on record of an entry with one order.
async fn on_record(store: &Arc<dyn Store>, id: StreamId) -> Value {
    match store.order(id).await.unwrap() {
        Some(OrderStatus::Done(outcome)) => serde_json::from_str(&outcome.body).unwrap(),
        other => panic!("on record of {id} is {other:?}"),
    }
}

/// How often the outcome of the order with this id stands in the events.
fn outcomes(events: &[Event], client_id: &str) -> usize {
    let mark = format!(r#""client_id":"{client_id}""#);
    events
        .iter()
        .filter(|event| event.kind == "delta")
        .map(|event| event.data.matches(&mark).count())
        .sum()
}

/// Everything that the worker promises of a store, on this one. Ends with the digests of the first ticks.
async fn keeps_its_promises(store: Arc<dyn Store>) -> Vec<String> {
    let worker = Worker::start(config(5), &store);
    let begun = events_until(&store, StreamId::START, at_tick(20)).await;
    assert_eq!(begun[0].kind, "snapshot");
    let running = append(&store, "while-running").await;
    let last = begun.last().unwrap().id;
    let told = events_until(&store, last, |event| event.data.contains("while-running")).await;
    let outcome = on_record(&store, running).await;
    assert_eq!(outcome["tick"].as_u64(), Some(tick_of(told.last().unwrap())));
    let order = &outcome["orders"][0];
    assert_eq!(
        (&order["order"]["client_id"], &order["status"]),
        (&"while-running".into(), &"applied".into())
    );
    assert!(order["fleet"].is_u64(), "{outcome}");
    worker.stop().await;

    // An order that comes while nobody runs the sector waits for the next worker.
    let before = store.head().await.unwrap().unwrap();
    let stopped = append(&store, "while-stopped").await;
    assert!(matches!(store.order(stopped).await.unwrap(), Some(OrderStatus::Waiting(_))));
    assert_eq!(store.order_backlog().await.unwrap(), 1);
    let worker = Worker::start(config(999), &store);
    let again = events_until(&store, told.last().unwrap().id, at_tick(before.tick + 15)).await;
    worker.stop().await;
    let after = store.head().await.unwrap().unwrap();
    assert_eq!(after.universe, before.universe, "the universe goes on");
    let next = again.iter().find(|event| event.id == before.event_id.next()).unwrap();
    assert_eq!(tick_of(next), before.tick + 1, "no tick is lost or repeated");
    assert!(after.epoch > before.epoch);
    assert_eq!(store.order_backlog().await.unwrap(), 0);

    // Every order has one outcome, also after a third start.
    let worker = Worker::start(config(5), &store);
    let third = events_until(&store, again.last().unwrap().id, at_tick(after.tick + 5)).await;
    worker.stop().await;
    let all: Vec<Event> = [begun, told, again, third].concat();
    assert_eq!(outcomes(&all, "while-running"), 1);
    assert_eq!(outcomes(&all, "while-stopped"), 1);
    assert_eq!(on_record(&store, stopped).await["orders"].as_array().unwrap().len(), 1);

    // A follower sees exactly what was committed.
    let mut mirror = Mirror::new(&serde_json::from_str(&all[0].data).unwrap()).unwrap();
    for event in &all[1..] {
        let delta: Delta = serde_json::from_str(&event.data).unwrap();
        if delta.tick > mirror.board().tick() {
            mirror.apply(&delta).unwrap();
            assert!(mirror.is_exact(), "tick {}", delta.tick);
        }
    }

    // The record is a replay, and it verifies to the committed digest.
    let head = store.head().await.unwrap().unwrap();
    let lines = replay(&store, &head.universe).await;
    let verified = verify(lines.join("\n").as_bytes()).unwrap();
    assert_eq!(
        (verified.ticks, verified.digest.to_string(), verified.orders),
        (head.tick, head.digest, 2)
    );

    // A restart that was asked for begins a new universe with that seed, and the old orders stay behind.
    store.request_restart(Some(77)).await.unwrap();
    let worker = Worker::start(config(5), &store);
    let events = events_until(&store, head.event_id, |event| event.kind == "snapshot").await;
    let snapshot: Snapshot = serde_json::from_str(&events.last().unwrap().data).unwrap();
    assert_eq!((snapshot.generator_seed, snapshot.tick), (77, 0));
    assert_ne!(head.universe, snapshot.universe_id);
    events_until(&store, events.last().unwrap().id, at_tick(20)).await;
    worker.stop().await;
    assert_eq!(store.restart_request().await.unwrap(), None);
    let lines = replay(&store, &snapshot.universe_id).await;
    lines[1..=20].to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn on_every_store_the_same_history() {
    let memory = keeps_its_promises(open(StoreOptions::memory()).await.unwrap()).await;
    let folder = tempfile::tempdir().unwrap();
    let place = Place::Directory(folder.path().join("sector"));
    let directory = keeps_its_promises(open(StoreOptions::new(place)).await.unwrap()).await;
    let redis = RedisServer::start();
    let redis =
        keeps_its_promises(open(StoreOptions::new(Place::redis(redis.url()))).await.unwrap()).await;
    assert_eq!(memory, directory);
    assert_eq!(memory, redis);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_sector_stands_still_and_a_standby_takes_over() {
    let store = open(StoreOptions::memory()).await.unwrap();
    let first = Worker::start(config(3), &store);
    events_until(&store, StreamId::START, at_tick(3)).await;
    let second = Worker::start(config(3), &store);
    store.set_paused(true).await.unwrap();
    // A tick may be under way; then there is none for twenty beats.
    let mut head = store.head().await.unwrap().unwrap();
    while let Some(last) = store
        .events_after(head.event_id, 100, config(3).tick_ms.duration() * 20)
        .await
        .unwrap()
        .pop()
    {
        head.event_id = last.id;
        head.tick = tick_of(&last);
    }
    first.stop().await;
    store.set_paused(false).await.unwrap();
    events_until(&store, head.event_id, at_tick(head.tick + 5)).await;
    assert!(store.head().await.unwrap().unwrap().epoch > head.epoch, "the standby has a new epoch");
    second.stop().await;
}

/// Nobody plays, so the run goes to the tick limit; time is paused and jumps from beat to beat.
#[tokio::test(start_paused = true)]
async fn a_run_ends_with_a_winner_and_the_next_one_begins() {
    let store = open(StoreOptions::memory()).await.unwrap();
    let worker = Worker::start(Config { snapshot_every: 500, ..config(8) }, &store);
    let an_hour = Duration::from_secs(3_600);
    let ended = eventually("the end of the run", an_hour, async || {
        store.runs(10).await.unwrap().first().cloned()
    })
    .await;
    let head = eventually("the next universe", an_hour, async || {
        let head = store.head().await.unwrap().unwrap();
        (head.universe != ended.universe && head.tick > 3).then_some(head)
    })
    .await;
    worker.stop().await;
    let summary: Value = serde_json::from_str(&ended.summary).unwrap();
    assert_eq!(
        (summary["ticks"].as_u64(), summary["cause"].as_str()),
        (Some(2_000), Some("tick_limit"))
    );
    let verified = verify(replay(&store, &ended.universe).await.join("\n").as_bytes()).unwrap();
    assert_eq!(Some(verified.digest.to_string().as_str()), summary["digest"].as_str());
    assert_eq!(verified.result.unwrap().tick, 2_000);
    let mut awards = store_testkit::awards(&*store).await;
    awards.retain(|award| award.universe == ended.universe);
    assert_eq!(awards.len(), 1);
    assert_eq!(Some(awards[0].faction.as_str()), summary["winner"].as_str());
    // The next seed follows from the last.
    let checkpoint: Snapshot =
        serde_json::from_str(&store.checkpoint().await.unwrap().unwrap().snapshot).unwrap();
    assert_eq!(checkpoint.generator_seed, sector_sim::draw::next_seed(8));
    let end = events_until(&store, StreamId::new(head.event_id.number() - 50), |event| {
        event.kind == "run_end"
    })
    .await;
    assert!(end.last().unwrap().data.contains(&*ended.universe));
}

/// A run in which every faction has a player whose claim was made at this time, relative to the begin of the run.
async fn run_with_players(offset_ms: i64) -> RunDocument {
    let store = open(StoreOptions::memory()).await.unwrap();
    let worker = Worker::start(Config { snapshot_every: 500, ..config(8) }, &store);
    let an_hour = Duration::from_secs(3_600);
    let head = eventually("a universe", an_hour, async || store.head().await.unwrap()).await;
    let began_ms = began_ms(head.universe.as_str()).unwrap();
    for number in 1..=3 {
        let (faction, player) = (format!("F{number}"), format!("p{number}"));
        let at_ms = began_ms.saturating_add_signed(offset_ms);
        store.claim(&head.universe, &faction, &player, at_ms, u64::MAX).await.unwrap();
    }
    let ended = eventually("the end of the run", an_hour, async || {
        store.runs(10).await.unwrap().first().cloned()
    })
    .await;
    worker.stop().await;
    let run: RunDocument = serde_json::from_str(&ended.summary).unwrap();
    let awards = store_testkit::awards(&*store).await;
    let award: Victory = serde_json::from_str(&awards[0].body).unwrap();
    assert_eq!(Some(award), run.victory());
    run
}

#[tokio::test(start_paused = true)]
async fn a_victory_goes_to_a_player_whose_seat_counts_and_to_nobody_else() {
    let run = run_with_players(0).await;
    assert!(run.players.len() == 3 && run.players.iter().all(|seat| seat.counts), "{run:?}");
    let winner = run.winner.unwrap().to_string();
    assert_eq!(run.victory().unwrap().player, Some(winner.replace('F', "p")));
    assert_eq!((run.rated, run.unrated_reason), (Some(true), None));

    for (offset_ms, fault) in [
        (-700_000, SeatFault::Lapsed),
        (-100_000, SeatFault::AwayAtTheEnd),
        (300_000, SeatFault::HeldTooBriefly),
    ] {
        let run = run_with_players(offset_ms).await;
        assert!(
            run.players.iter().all(|seat| seat.reason == Some(fault) && !seat.counts),
            "{run:?}"
        );
        assert_eq!(run.victory().unwrap().player, None);
        assert_eq!(run.rated, Some(false));
        assert_eq!(run.unrated_reason, Some(UnratedReason::TooFewPlayers));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_world_that_does_not_fit_its_digest_is_not_continued() {
    let store = open(StoreOptions::memory()).await.unwrap();
    let worker = Worker::start(config(4), &store);
    events_until(&store, StreamId::START, at_tick(9)).await;
    worker.stop().await;
    // Somebody else commits a tick whose record is not what the engine does.
    let head = store.head().await.unwrap().unwrap();
    let lease = store.acquire_lease("vandal", Duration::from_secs(5)).await.unwrap().unwrap();
    let commit = sector_redis::Commit {
        lease: lease.clone(),
        lease_ttl: Duration::from_secs(5),
        universe: head.universe,
        tick: head.tick + 1,
        digest: "0123456789abcdef".into(),
        cursor: head.cursor,
        record: format!(r#"{{"tick":{},"digest":"0123456789abcdef"}}"#, head.tick + 1),
        ..sector_redis::Commit::default()
    };
    store.commit(&commit).await.unwrap();
    store.release_lease(&lease).await.unwrap();
    let error = sim_worker::run(config(4), store, Sources::system(), CancellationToken::new())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Diverged { .. }), "{error}");
    assert!(error.to_string().contains(&format!("at tick {}:", head.tick + 1)), "{error}");
}

/// A store on a disk that fills, or that stops answering.
struct Failing {
    store: Arc<dyn Store>,
    how: AtomicU8,
}

const REFUSES: u8 = 1;
const HANGS: u8 = 2;

impl Layer for Failing {
    fn inner(&self, _: Operation) -> &dyn Store {
        &*self.store
    }

    async fn around<T: Send>(
        &self,
        operation: Operation,
        answer: impl Future<Output = sector_redis::Result<T>> + Send,
    ) -> sector_redis::Result<T> {
        match self.how.load(Ordering::Relaxed) {
            REFUSES if operation.is_write => Err(sector_redis::Error::Unavailable {
                doing: "a write",
                detail: "no space left on device".to_owned(),
                source: None,
            }),
            HANGS => pending().await,
            _ => answer.await,
        }
    }
}

forward!(Failing: World, Status, Runs, Orders, Events, Claims, Documents, Control);

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_ends_the_worker_whatever_the_store_does() {
    let config = || Config { lease_ttl_ms: Milliseconds(500), ..config(4) };
    for how in [REFUSES, HANGS] {
        let store = open(StoreOptions::memory()).await.unwrap();
        let failing = Arc::new(Failing { store: store.clone(), how: AtomicU8::new(0) });
        let worker = Worker::start(config(), &(failing.clone() as Arc<dyn Store>));
        events_until(&store, StreamId::START, at_tick(9)).await;
        failing.how.store(how, Ordering::Relaxed);
        let stopped = tokio::time::timeout(Duration::from_secs(10), worker.stop()).await;
        stopped.unwrap_or_else(|_| panic!("still running ({how})"));
        // The sector resumes where it was committed.
        let tick = store.head().await.unwrap().unwrap().tick;
        let next = Worker::start(config(), &store);
        eventually("the next worker ticks", PATIENCE, async || {
            (store.head().await.unwrap().unwrap().tick > tick).then_some(())
        })
        .await;
        next.stop().await;
    }
}
