//! A sector in memory, for unit tests and tests over the network.

use std::sync::Arc;
use std::time::Duration;

use sector_redis::{Commit, Lease, NewEvent, Store, StoreOptions, StreamId};
use sector_sim::world::Size;
use sector_sim::{Delta, Rules, Snapshot, Universe, World};

/// An empty store.
pub(crate) async fn store() -> Arc<dyn Store> {
    sector_redis::open(StoreOptions::memory()).await.unwrap()
}

/// A sector that ticks on demand.
pub(crate) struct Sector {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) lease: Lease,
    universe: Universe,
    pub(crate) world: World,
    /// Id of the last entry.
    pub(crate) newest: StreamId,
}

impl Sector {
    pub(crate) async fn begin(store: Arc<dyn Store>, id: &str, seed: u64) -> Self {
        let ttl = Duration::from_secs(3_600);
        let lease = store.acquire_lease("test", ttl).await.unwrap().unwrap();
        Self::begin_under(store, lease, id, seed).await
    }

    pub(crate) async fn begin_under(
        store: Arc<dyn Store>,
        lease: Lease,
        id: &str,
        seed: u64,
    ) -> Self {
        let rules = Arc::new(Rules::classic());
        let universe =
            Universe { id: id.to_owned(), tick_delay_ms: 300, rules: rules.name.clone() };
        let world = World::with_size(rules, seed, Size { systems: 30, factions: 5 }).unwrap();
        let mut sector = Self { store, lease, universe, world, newest: StreamId::START };
        let snapshot = serde_json::to_string(&sector.snapshot()).unwrap();
        let begin = Commit {
            begin: Some("{}".into()),
            events: vec![NewEvent { kind: "snapshot".into(), data: snapshot.clone() }],
            checkpoint: Some(snapshot),
            ..sector.commit()
        };
        sector.publish(begin).await;
        sector
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.universe, self.world.map(), self.world.board(), self.world.digest())
    }

    /// Commits one tick.
    pub(crate) async fn tick(&mut self) -> StreamId {
        self.tick_told(Vec::new(), None).await
    }

    /// Commits one tick with extra events; `keep` stores a checkpoint and trims the stream to that
    /// many events.
    pub(crate) async fn tick_told(&mut self, texts: Vec<String>, keep: Option<u64>) -> StreamId {
        self.world.step(&[]);
        let mut delta = Delta::of(&self.universe.id, &self.world)
            .narrated(self.world.map(), self.world.board());
        delta.texts.extend(texts);
        let commit = Commit {
            events: vec![NewEvent {
                kind: "delta".into(),
                data: serde_json::to_string(&delta).unwrap(),
            }],
            checkpoint: keep.map(|_| serde_json::to_string(&self.snapshot()).unwrap()),
            event_maxlen: keep,
            ..self.commit()
        };
        self.publish(commit).await
    }

    fn commit(&self) -> Commit {
        Commit {
            lease: self.lease.clone(),
            lease_ttl: Duration::from_secs(3_600),
            universe: self.universe.id.as_str().into(),
            tick: self.world.tick(),
            digest: self.world.digest().to_string(),
            record: "{}".into(),
            ..Commit::default()
        }
    }

    async fn publish(&mut self, commit: Commit) -> StreamId {
        self.newest = *self.store.commit(&commit).await.unwrap().event_ids.last().unwrap();
        self.newest
    }
}
