//! A store in memory into which a run is played, commit by commit, for a frontend to follow.

use std::sync::Arc;
use std::time::Duration;

use sector_redis::{Commit, Lease, ManualClock, NewEvent, Store, StoreOptions};
use sector_sim::replay::journal::{Header, Record};
use sector_sim::{Delta, Order, RunEnd, Snapshot, Universe, World};
use sector_wire::EventKind;

use crate::output::Error;

/// Who holds the lease.
const HOLDER: &str = "replay";
/// For how long the lease is asked for, by a clock that stands still.
const LEASE_TTL: Duration = Duration::from_secs(3_600);
/// Ticks from checkpoint to checkpoint: what came before can be forgotten then.
const CHECKPOINT_TICKS: u64 = 100;
/// How many events are kept, for pages that come back after a cut.
const EVENTS_KEPT: u64 = 2_000;

pub(super) struct Stage {
    store: Arc<dyn Store>,
    lease: Lease,
    /// The run's own name, and how often it was begun again.
    name: String,
    begun: u64,
    universe: Universe,
}

impl Stage {
    /// Begins with a world at tick 0.
    pub(super) async fn begin(universe: Universe, world: &World) -> Result<Stage, Error> {
        // By a clock that stands still the lease never runs out, however long nobody looks or the machine sleeps.
        let options =
            StoreOptions { clock: Arc::new(ManualClock::default()), ..StoreOptions::memory() };
        let store = sector_redis::open(options).await?;
        let lease = store
            .acquire_lease(HOLDER, LEASE_TTL)
            .await?
            .ok_or("the store in memory is held by another")?;
        let stage = Stage { store, lease, name: universe.id.clone(), begun: 0, universe };
        stage.commit_beginning(world).await?;
        Ok(stage)
    }

    /// Begins anew with the world at tick 0, under another name: a universe begins once.
    pub(super) async fn begin_again(&mut self, world: &World) -> Result<(), Error> {
        self.begun += 1;
        self.universe.id = format!("{}~{}", self.name, self.begun);
        self.commit_beginning(world).await
    }

    /// Says how fast the ticks come, in what begins from now on.
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

    /// Commits the tick that the world has just passed with these orders.
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
        // Nothing follows a recorded run.
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
            universe: self.universe.id.clone(),
            tick: world.tick(),
            digest: world.digest().to_string(),
            event_maxlen: Some(EVENTS_KEPT),
            ..Commit::default()
        }
    }
}
