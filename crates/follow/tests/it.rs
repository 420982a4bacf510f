//! A follower on a store in memory; the test plays the worker.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a broken promise ends the test")]

use std::sync::Arc;
use std::time::Duration;

use follow::{EntryKind, Error, Follower, Health};
use sector_redis::{Commit, Lease, NewEvent, Position, Store, StoreOptions, StreamId};
use sector_sim::{Delta, Rules, Snapshot, Universe, World};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

/// Longest a test waits for anything before it fails.
const PATIENCE: Duration = Duration::from_secs(20);
const LEASE_TTL: Duration = Duration::from_secs(3_600);

struct Worker {
    store: Arc<dyn Store>,
    lease: Lease,
    universe: Universe,
    world: World,
}

impl Worker {
    async fn new() -> Self {
        let store = sector_redis::open(StoreOptions::memory()).await.unwrap();
        let lease = store.acquire_lease("test", LEASE_TTL).await.unwrap().unwrap();
        let universe = Universe { id: String::new(), tick_delay_ms: 300, rules: "classic".into() };
        Self { store, lease, universe, world: World::new(Rules::classic().into(), 7).unwrap() }
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.universe, self.world.map(), self.world.board(), self.world.digest())
    }

    fn delta(&self) -> NewEvent {
        let data = serde_json::to_string(&Delta::of(&self.universe.id, &self.world)).unwrap();
        NewEvent { kind: "delta".into(), data }
    }

    fn checkpoint(&self) -> Option<String> {
        Some(serde_json::to_string(&self.snapshot()).unwrap())
    }

    async fn commit(&self, commit: Commit) {
        let commit = Commit {
            lease: self.lease.clone(),
            lease_ttl: LEASE_TTL,
            universe: self.universe.id.as_str().into(),
            tick: self.world.tick(),
            digest: self.world.digest().to_string(),
            record: "{}".into(),
            ..commit
        };
        self.store.commit(&commit).await.unwrap();
    }

    async fn begin(&mut self, id: &str) {
        self.universe.id = id.to_owned();
        self.world = World::new(Rules::classic().into(), 7).unwrap();
        let checkpoint = self.checkpoint();
        let events = vec![NewEvent { kind: "snapshot".into(), data: checkpoint.clone().unwrap() }];
        self.commit(Commit { events, checkpoint, begin: Some("{}".into()), ..Commit::default() })
            .await;
    }

    async fn tick(&mut self) {
        self.world.step(&[]);
        self.commit(Commit { events: vec![self.delta()], ..Commit::default() }).await;
    }

    fn follow(&self, shutdown: &CancellationToken) -> Arc<Follower> {
        Follower::spawn(self.store.clone(), shutdown.clone())
    }
}

/// Fails the test when `work` does not end.
async fn patiently<F: Future>(work: F) -> F::Output {
    tokio::time::timeout(PATIENCE, work).await.expect("this should have ended by now")
}

async fn until_health(follower: &Follower, wanted: impl Fn(&Health) -> bool) -> Health {
    patiently(async {
        loop {
            let health = follower.health();
            if wanted(&health) {
                return health;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_nothing_through_two_universes() {
    let mut worker = Worker::new().await;
    let shutdown = CancellationToken::new();
    let follower = worker.follow(&shutdown);
    until_health(&follower, |health| *health == Health::NoUniverse).await;
    assert!(follower.current().is_none());
    assert!(matches!(
        follower.read_after(StreamId::START, 1, Duration::ZERO).await,
        Err(Error::NotReady { .. })
    ));

    worker.begin("u-1").await;
    let frame = patiently(follower.ready()).await.unwrap();
    assert_eq!(
        (frame.universe().as_str(), frame.tick(), frame.event_id()),
        ("u-1", 0, StreamId::new(1))
    );
    let mut subscription = follower.subscribe(frame.event_id());
    for tick in 1..=5 {
        worker.tick().await;
        let entry = patiently(subscription.next()).await.unwrap();
        assert_eq!((entry.kind, entry.id), (EntryKind::Delta, StreamId::new(1 + tick)));
        let value: Value = serde_json::from_slice(&entry.json).unwrap();
        assert_eq!(value["data"]["tick"], tick);
    }
    // The old frame is unchanged for readers that hold it.
    assert_eq!((frame.tick(), frame.mirror().is_exact()), (0, true));

    worker.begin("u-2").await;
    let entry = patiently(subscription.next()).await.unwrap();
    assert_eq!((entry.kind, subscription.position()), (EntryKind::Snapshot, StreamId::new(7)));
    let frame = patiently(follower.caught_up(PATIENCE)).await.unwrap();
    assert_eq!((frame.universe().as_str(), frame.tick()), ("u-2", 0));
    assert_eq!(frame.mirror().snapshot(), worker.snapshot());

    shutdown.cancel();
    assert!(matches!(patiently(subscription.next()).await, Err(Error::Stopped)));
    until_health(&follower, |health| *health == Health::Stopped).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tick_is_encoded_once_for_all() {
    let mut worker = Worker::new().await;
    worker.begin("u-1").await;
    let follower = worker.follow(&CancellationToken::new());
    let frame = patiently(follower.ready()).await.unwrap();
    let (one, two) = (frame.snapshot_json(), follower.current().unwrap().snapshot_json());
    assert_eq!(one.as_ptr(), two.as_ptr());
    let entry = frame.snapshot_entry();
    assert_eq!(entry.json.as_ptr(), follower.current().unwrap().snapshot_entry().json.as_ptr());
    let value: Value = serde_json::from_slice(&entry.json).unwrap();
    assert_eq!((&value["id"], &value["type"]), (&Value::from("1-0"), &Value::from("snapshot")));
    assert_eq!(
        serde_json::from_value::<Snapshot>(value["data"].clone()).unwrap(),
        worker.snapshot()
    );
    drop(frame);

    worker.tick().await;
    let frame = patiently(follower.caught_up(PATIENCE)).await.unwrap();
    let now: Snapshot = serde_json::from_slice(&frame.snapshot_json()).unwrap();
    assert_eq!(now, worker.snapshot());
    let read = async || follower.read_after(StreamId::new(1), 9, Duration::ZERO).await.unwrap();
    assert_eq!(read().await[0].json.as_ptr(), read().await[0].json.as_ptr());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_dropped_from_memory_come_from_the_store() {
    let mut worker = Worker::new().await;
    worker.begin("u-1").await;
    let follower = worker.follow(&CancellationToken::new());
    let mut slow = follower.subscribe(patiently(follower.ready()).await.unwrap().event_id());
    let ticks = follow::backlog::ENTRIES_MAX as u64 + 10;
    for _ in 0..ticks {
        worker.tick().await;
    }
    patiently(follower.caught_up(PATIENCE)).await.unwrap();
    for id in 2..=ticks + 1 {
        assert_eq!(patiently(slow.next()).await.unwrap().id, StreamId::new(id));
    }

    let mut slower = follower.subscribe(StreamId::new(1));
    worker.world.step(&[]);
    let commit = Commit {
        events: vec![worker.delta()],
        checkpoint: worker.checkpoint(),
        event_maxlen: Some(1),
        ..Commit::default()
    };
    worker.commit(commit).await;
    assert!(
        matches!(patiently(slower.next()).await, Err(Error::HistoryTrimmed { after }) if after == StreamId::new(1))
    );
    assert_eq!(patiently(slow.next()).await.unwrap().id, StreamId::new(ticks + 2));
    let beyond = StreamId::new(ticks + 3);
    let read = patiently(follower.read_after(beyond, 1, Duration::ZERO)).await;
    assert!(matches!(read, Err(Error::HistoryTrimmed { after }) if after == beyond));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_that_starts_late_begins_at_the_checkpoint_and_catches_up() {
    let mut worker = Worker::new().await;
    worker.begin("u-1").await;
    for _ in 0..300 {
        worker.tick().await;
    }
    let follower = worker.follow(&CancellationToken::new());
    patiently(follower.ready()).await.unwrap();
    let frame = patiently(follower.caught_up(PATIENCE)).await.unwrap();
    assert_eq!(frame.mirror().snapshot(), worker.snapshot());
    assert!(frame.mirror().is_exact());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_that_does_not_fit_is_recovered_by_the_next_checkpoint() {
    let mut worker = Worker::new().await;
    worker.begin("u-1").await;
    let follower = worker.follow(&CancellationToken::new());
    patiently(follower.ready()).await.unwrap();

    worker.world.step(&[]);
    let bad = NewEvent { kind: "delta".into(), data: r#"{"tick":1}"#.into() };
    worker.commit(Commit { events: vec![bad], ..Commit::default() }).await;
    let health =
        until_health(&follower, |health| matches!(health, Health::Interrupted { .. })).await;
    assert!(
        matches!(&health, Health::Interrupted { reason } if reason.contains("entry 2-0 (delta)")),
        "{health:?}"
    );
    // The old frame stays.
    assert_eq!(follower.current().unwrap().tick(), 0);

    worker.world.step(&[]);
    let commit = Commit {
        events: vec![worker.delta()],
        checkpoint: worker.checkpoint(),
        ..Commit::default()
    };
    worker.commit(commit).await;
    patiently(async {
        while follower.current().unwrap().tick() != 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    worker.tick().await;
    let frame = patiently(follower.caught_up(PATIENCE)).await.unwrap();
    assert_eq!(frame.mirror().snapshot(), worker.snapshot());
    until_health(&follower, |health| *health == Health::Following).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restore_all_readers_start_over() {
    let mut worker = Worker::new().await;
    worker.begin("u-1").await;
    for _ in 0..3 {
        worker.tick().await;
    }
    let follower = worker.follow(&CancellationToken::new());
    patiently(follower.ready()).await.unwrap();
    let frame = patiently(follower.caught_up(PATIENCE)).await.unwrap();
    let known = frame.incarnation();
    assert_eq!(known, worker.store.incarnation().await.unwrap());
    let value: Value = serde_json::from_slice(&frame.snapshot_json()).unwrap();
    assert_eq!(value["incarnation"], known.to_string());
    let mut subscription = follower.subscribe(frame.position());
    let waiting = follower.clone();
    let waiting =
        tokio::spawn(async move { waiting.read_after(StreamId::new(4), 9, PATIENCE).await });

    // A restore releases the lease, writes the history and changes the incarnation.
    worker.store.release_lease(&worker.lease).await.unwrap();
    let renewed = worker.store.renew_incarnation().await.unwrap();
    worker.lease = worker.store.acquire_lease("test", LEASE_TTL).await.unwrap().unwrap();
    worker.tick().await;

    assert!(
        matches!(patiently(subscription.next()).await, Err(Error::Restored { known: told }) if told == known)
    );
    assert!(
        matches!(patiently(waiting).await.unwrap(), Err(Error::Restored { known: told }) if told == known)
    );
    let frame = patiently(follower.caught_up(PATIENCE)).await.unwrap();
    assert_eq!(
        (frame.incarnation(), frame.tick(), frame.event_id()),
        (renewed, 4, StreamId::new(5))
    );
    assert_eq!(frame.mirror().snapshot(), worker.snapshot());
    until_health(&follower, |health| *health == Health::Following).await;

    // The same id works in the current incarnation, and without one.
    let from = |incarnation| Position { incarnation, after: StreamId::new(4) };
    for incarnation in [Some(renewed), None] {
        let entries = follower.read_after(from(incarnation), 9, Duration::ZERO).await.unwrap();
        assert_eq!((entries[0].id, entries[0].incarnation), (StreamId::new(5), renewed));
    }
    let stale = follower.read_after(from(Some(known)), 9, Duration::ZERO).await;
    assert!(matches!(stale, Err(Error::Restored { .. })), "{stale:?}");
    let mut subscription = follower.subscribe(frame.position());
    worker.tick().await;
    assert_eq!(patiently(subscription.next()).await.unwrap().id, StreamId::new(6));
}

#[tokio::test]
async fn the_history_covers_all_events_also_for_late_followers() {
    let mut worker = Worker::new().await;
    worker.begin("u-1").await;
    let shutdown = CancellationToken::new();
    let early = worker.follow(&shutdown);
    patiently(early.ready()).await.unwrap();
    for _ in 0..150 {
        worker.tick().await;
    }
    // A late checkpoint, from which late followers start.
    worker.world.step(&[]);
    let events = vec![worker.delta()];
    worker.commit(Commit { events, checkpoint: worker.checkpoint(), ..Commit::default() }).await;
    patiently(early.caught_up(PATIENCE)).await.unwrap();
    let late = worker.follow(&shutdown);
    patiently(late.ready()).await.unwrap();

    let faction = worker.world.board().factions()[0].id;
    let told = |follower: &Follower| {
        follower
            .with_history(|history| (history.from_tick(), history.samples(faction).to_vec()))
            .unwrap()
    };
    assert_eq!(told(&early), told(&late));
    let (from_tick, samples) = told(&late);
    assert_eq!((from_tick, samples[0].tick), (0, 0));
    assert!(samples.len() > 1);

    // Trimmed events are missing, the others are there.
    worker.world.step(&[]);
    let events = vec![worker.delta()];
    let trim = Commit {
        events,
        checkpoint: worker.checkpoint(),
        event_maxlen: Some(10),
        ..Commit::default()
    };
    worker.commit(trim).await;
    let later = worker.follow(&shutdown);
    patiently(later.ready()).await.unwrap();
    let (from_tick, samples) = told(&later);
    assert_eq!(from_tick, 143);
    assert!(samples.iter().all(|sample| sample.tick >= 143));
}
