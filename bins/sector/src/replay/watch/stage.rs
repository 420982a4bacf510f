//! Plays a run into a store in memory, commit by commit, for a frontend to follow.

use std::sync::Arc;
use std::time::Duration;

use sector_redis::{Commit, Lease, ManualClock, NewEvent, Store, StoreOptions};
use sector_sim::replay::journal::{Header, Record};
use sector_sim::snapshot::RunEnd;
use sector_sim::{Delta, Order, Snapshot, Universe, World};
use sector_wire::EventKind;

use crate::tool::Error;

/// Holder of the lease.
const HOLDER: &str = "replay";
/// Lifetime of the lease; it never expires because the clock stands still.
const LEASE_TTL: Duration = Duration::from_secs(3_600);
/// Ticks between checkpoints; older events can be dropped after one.
const CHECKPOINT_TICKS: u64 = 100;
/// Events kept for pages that reconnect.
const EVENTS_KEPT: u64 = 2_000;

pub(super) struct Stage {
    store: Arc<dyn Store>,
    lease: Lease,
    /// Name of the run, and number of restarts.
    name: String,
    begun: u64,
    universe: Universe,
}

impl Stage {
    /// Starts with a world at tick 0.
    pub(super) async fn begin(universe: Universe, world: &World) -> Result<Stage, Error> {
        // The clock stands still, so the lease never expires, not even while the machine sleeps.
        let options =
            StoreOptions { clock: Arc::new(ManualClock::default()), ..StoreOptions::memory() };
        let store = sector_redis::open(options).await?;
        let lease = store
            .acquire_lease(HOLDER, LEASE_TTL)
            .await?
            .ok_or("another process holds the lease of the store in memory")?;
        let stage = Stage { store, lease, name: universe.id.clone(), begun: 0, universe };
        stage.commit_beginning(world).await?;
        Ok(stage)
    }

    /// Restarts with the world at tick 0 under a new name, because a universe cannot restart.
    pub(super) async fn begin_again(&mut self, world: &World) -> Result<(), Error> {
        self.begun += 1;
        self.universe.id = format!("{}~{}", self.name, self.begun);
        self.commit_beginning(world).await
    }

    /// Sets the pace shown in later universes and snapshots.
    pub(super) fn set_pace(&mut self, pace: Duration) {
        self.universe.tick_delay_ms = pace.as_millis() as u64;
    }

    async fn commit_beginning(&self, world: &World) -> Result<(), Error> {
        let snapshot = self.snapshot(world)?;
        let commit = Commit {
            begin: Some(serde_json::to_string(&Header::of(&self.universe.id, world))?),
            events: vec![NewEvent { kind: EventKind::Snapshot.into(), data: snapshot.clone() }],
            checkpoint: Some(snapshot),
            ..self.commit(world)
        };
        self.store.commit(&commit).await?;
        Ok(())
    }

    pub(super) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Commits a tick of the world, played with these orders.
    pub(super) async fn tick(&self, world: &World, orders: &[Order]) -> Result<(), Error> {
        let delta = Delta::of(&self.universe.id, world).narrated(world.map(), world.board());
        let mut commit = Commit {
            record: serde_json::to_string(&Record::of(world, orders))?,
            events: vec![NewEvent {
                kind: EventKind::Delta.into(),
                data: serde_json::to_string(&delta)?,
            }],
            ..self.commit(world)
        };
        // A recorded run has no successor.
        let end = RunEnd::of(&self.universe.id, world, None);
        if let Some(end) = &end {
            commit.events.push(NewEvent {
                kind: EventKind::RunEnd.into(),
                data: serde_json::to_string(end)?,
            });
        }
        if end.is_some() || world.tick().is_multiple_of(CHECKPOINT_TICKS) {
            commit.checkpoint = Some(self.snapshot(world)?);
        }
        self.store.commit(&commit).await?;
        Ok(())
    }

    fn snapshot(&self, world: &World) -> Result<String, Error> {
        let snapshot = Snapshot::of(&self.universe, world.map(), world.board(), world.digest());
        Ok(serde_json::to_string(&snapshot)?)
    }

    fn commit(&self, world: &World) -> Commit {
        Commit {
            lease: self.lease.clone(),
            lease_ttl: LEASE_TTL,
            universe: self.universe.id.as_str().into(),
            tick: world.tick(),
            digest: world.digest().to_string(),
            event_maxlen: Some(EVENTS_KEPT),
            ..Commit::default()
        }
    }
}
