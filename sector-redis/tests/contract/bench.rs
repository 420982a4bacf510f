//! An open, empty store per test, and the usual moves.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use sector_redis::{
    BatchOrder, Commit, Committed, KeyNames, Lease, ManualClock, NewEvent, OrderBatch, Place,
    RedisOptions, Result, Store, StoreOptions, StreamId, open,
};
use store_testkit::{ModelStore, RedisCluster, RedisServer};

use crate::users::Users;

/// A life that no test outlasts.
pub(crate) const LONG: Duration = Duration::from_secs(600);
/// A life that [`Bench::outlive`] outlasts.
pub(crate) const SHORT: Duration = Duration::from_millis(40);
/// How many finished runs the stores of this suite keep.
pub(crate) const KEEP_RUNS: usize = 3;

/// Keeps what the store lives in until the test is over.
enum Home {
    Clock(Arc<ManualClock>),
    Directory(Arc<ManualClock>, #[expect(dead_code, reason = "removed on drop")] tempfile::TempDir),
    Redis(#[expect(dead_code, reason = "stopped on drop")] RedisServer),
    Cluster(#[expect(dead_code, reason = "stopped on drop")] Arc<RedisCluster>),
}

/// The tests that run at the same time share a cluster, since it takes a moment to come up; each
/// has a sector of its own on it. The last of them ends it.
static CLUSTER: Mutex<Weak<RedisCluster>> = Mutex::new(Weak::new());
static SECTORS: AtomicU64 = AtomicU64::new(0);

pub(crate) struct Bench {
    pub(crate) store: Arc<dyn Store>,
    home: Home,
}

impl Bench {
    pub(crate) async fn memory() -> Self {
        let clock = Arc::new(ManualClock::default());
        Self { store: store(Place::Memory, clock.clone()).await, home: Home::Clock(clock) }
    }

    pub(crate) fn model() -> Self {
        let clock = Arc::new(ManualClock::default());
        Self {
            store: Arc::new(ModelStore::new(clock.clone(), KEEP_RUNS)),
            home: Home::Clock(clock),
        }
    }

    pub(crate) async fn directory() -> Self {
        let clock = Arc::new(ManualClock::default());
        let directory = tempfile::tempdir().unwrap();
        let place = Place::Directory(directory.path().join("data"));
        Self { store: store(place, clock.clone()).await, home: Home::Directory(clock, directory) }
    }

    pub(crate) async fn redis() -> Self {
        let server = RedisServer::start();
        let place = Place::redis(server.url());
        Self {
            store: store(place, Arc::new(ManualClock::default())).await,
            home: Home::Redis(server),
        }
    }

    pub(crate) async fn users() -> Self {
        let server = RedisServer::start_as_shipped();
        Self { store: Arc::new(Users::of(&server).await), home: Home::Redis(server) }
    }

    pub(crate) async fn cluster() -> Self {
        let shared = tokio::task::spawn_blocking(|| {
            let mut shared = CLUSTER.lock().unwrap();
            shared.upgrade().unwrap_or_else(|| {
                let cluster = Arc::new(RedisCluster::start());
                *shared = Arc::downgrade(&cluster);
                cluster
            })
        });
        let cluster = shared.await.unwrap();
        let id = format!("test-{}", SECTORS.fetch_add(1, Ordering::Relaxed));
        let names = KeyNames { sector_id: Some(id.parse().unwrap()), ..KeyNames::default() };
        let place = Place::Redis(RedisOptions { names, ..RedisOptions::new(cluster.url()) });
        Self {
            store: store(place, Arc::new(ManualClock::default())).await,
            home: Home::Cluster(cluster),
        }
    }

    /// Lets more time pass than [`SHORT`] by the clock the store goes by. Redis goes by its own, so
    /// there the time really passes.
    pub(crate) async fn outlive(&self) {
        match &self.home {
            Home::Clock(clock) | Home::Directory(clock, _) => {
                clock.advance_ms(u64::try_from(SHORT.as_millis()).unwrap());
            }
            Home::Redis(_) | Home::Cluster(_) => tokio::time::sleep(SHORT * 2).await,
        }
    }

    pub(crate) async fn lease(&self) -> Lease {
        let lease = self.store.acquire_lease("worker", LONG).await.unwrap();
        lease.expect("the lease is free")
    }

    /// Takes the lease and begins universe `u1`.
    pub(crate) async fn begin(&self) -> Lease {
        let lease = self.lease().await;
        self.store.commit(&begin(&lease, "u1")).await.unwrap();
        lease
    }

    /// Commits the plain ticks of `u1` in `ticks`.
    pub(crate) async fn run(&self, lease: &Lease, ticks: std::ops::RangeInclusive<u64>) {
        for number in ticks {
            self.store.commit(&tick(lease, "u1", number)).await.unwrap();
        }
    }

    pub(crate) async fn commit(&self, commit: Commit) -> Result<Committed> {
        self.store.commit(&commit).await
    }

    /// Everything a commit could change, to compare before and after.
    pub(crate) async fn state(&self) -> String {
        let store = &self.store;
        let mut records = Vec::new();
        for universe in ["u1", "u2", "u3"] {
            records.push(store.replay_header(&universe.into()).await.unwrap());
            let kept = store.records(&universe.into(), 0, 100).await.unwrap();
            records.push(Some(format!("{kept:?}")));
        }
        let head = store.head().await.unwrap();
        let events = match &head {
            Some(_) => {
                format!("{:?}", store.events_after(StreamId::START, 1000, Duration::ZERO).await)
            }
            None => String::new(),
        };
        let mut outcomes = Vec::new();
        for number in 1..=10 {
            outcomes.push(store.order(id(number)).await.unwrap());
        }
        format!(
            "{head:?}\n{:?}\n{records:?}\n{events}\n{outcomes:?}\n{:?}\n{:?}\n{:?}\n{:?}",
            store.checkpoint().await.unwrap(),
            store.runs(100).await.unwrap(),
            store_testkit::awards(&**store).await,
            store.claims(&"u1".into(), 0, u64::MAX).await.unwrap(),
            store.restart_request().await.unwrap(),
        )
    }
}

pub(crate) async fn store(place: Place, clock: Arc<ManualClock>) -> Arc<dyn Store> {
    let options = StoreOptions { keep_runs: KEEP_RUNS, clock, ..StoreOptions::new(place) };
    open(options).await.unwrap()
}

/// The commit that begins a universe.
pub(crate) fn begin(lease: &Lease, universe: &str) -> Commit {
    Commit {
        begin: Some(format!("header of {universe}")),
        checkpoint: Some(format!("{universe} at 0")),
        events: vec![event("snapshot", &format!("{universe} at 0"))],
        ..tick(lease, universe, 0)
    }
}

/// A plain tick with one event.
pub(crate) fn tick(lease: &Lease, universe: &str, tick: u64) -> Commit {
    Commit {
        lease: lease.clone(),
        lease_ttl: LONG,
        universe: universe.into(),
        tick,
        digest: format!("digest {tick}"),
        record: format!("record {tick}"),
        events: vec![event("delta", &format!("{universe} to {tick}"))],
        ..Commit::default()
    }
}

pub(crate) fn event(kind: &str, data: &str) -> NewEvent {
    NewEvent { kind: kind.into(), data: data.into() }
}

/// A batch of player `p` for `u1`; orders without a client id are written `"-"`.
pub(crate) fn batch(player: &str, client_ids: &[&str]) -> OrderBatch {
    OrderBatch {
        universe: "u1".into(),
        player: player.into(),
        source: "human".into(),
        at_ms: 1_234,
        orders: client_ids
            .iter()
            .map(|id| BatchOrder {
                client_id: (*id != "-").then(|| (*id).to_owned()),
                body: format!("{{\"order\":\"{id} é\"}}"),
            })
            .collect(),
        ..OrderBatch::default()
    }
}

/// The bodies that [`batch`] gives these client ids.
pub(crate) fn bodies(client_ids: &[&str]) -> Vec<String> {
    batch("p", client_ids).orders.into_iter().map(|order| order.body).collect()
}

pub(crate) fn id(number: u64) -> StreamId {
    StreamId::new(number)
}
