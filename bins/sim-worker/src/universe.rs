//! The running universe: begun, recovered and advanced, always through a commit.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sector_redis::{
    Backoff, Claim, Commit, Committed, Lease, NewEvent, OrderEntry, Store, StreamId, UniverseId,
};
use sector_sim::replay::journal::{Header, Record, read_header};
use sector_sim::world::Size;
use sector_sim::{Delta, Digest, Snapshot, Universe as Meta, World};
use sector_wire::EventKind;
use tracing::Instrument;

use crate::chronicle::{Demands, ending, text, written};
use crate::config::Config;
use crate::error::Error;
use crate::meter::Meter;
use crate::orders::{MAX_ENTRIES, Taken, depend_on_seats};
use crate::sources::Sources;
use crate::traces::Traces;

/// Records read per call during recovery.
const RECORDS_AT_ONCE: usize = 1_000;

/// A universe at a committed tick.
pub(crate) struct Universe {
    store: Arc<dyn Store>,
    config: Config,
    sources: Sources,
    lease: Lease,
    meter: Meter,
    id: UniverseId,
    meta: Meta,
    world: World,
    cursor: StreamId,
}

impl Universe {
    /// Begins a new universe. `served` is the number of the restart request, if any.
    pub(crate) async fn begin(
        store: Arc<dyn Store>,
        config: Config,
        sources: Sources,
        lease: Lease,
        meter: Meter,
        seed: u64,
        served: Option<u64>,
    ) -> Result<Universe, Error> {
        let size = Size { systems: config.systems, factions: config.factions };
        let world = World::with_size(sources.rules.clone(), seed, size)?;
        let id = format!("u-{:x}-{:08x}", (sources.now_ms)(), (sources.random)()? as u32);
        let id = UniverseId::from(id);
        let meta = Meta {
            id: id.to_string(),
            tick_delay_ms: config.tick_ms.0,
            rules: world.rules().name.clone(),
        };
        let (cursor, follows) = store
            .head()
            .await?
            .map_or((StreamId::START, StreamId::START), |head| (head.cursor, head.event_id));
        let universe = Universe { store, config, sources, lease, meter, id, meta, world, cursor };
        let snapshot = written(|json| universe.snapshot().write_json(json))?;
        let commit = Commit {
            begin: Some(text(&Header::of(&universe.id, &universe.world))?),
            events: vec![NewEvent { kind: EventKind::Snapshot.into(), data: snapshot.clone() }],
            checkpoint: Some(snapshot),
            follows: Some(follows),
            restart_served: served,
            ..universe.commit(universe.cursor)
        };
        universe.send(commit).await?;
        tracing::info!(
            universe = universe.id.as_str(),
            seed,
            systems = size.systems,
            factions = size.factions,
            "universe begun"
        );
        Ok(universe)
    }

    /// Recovers the stored universe: the newest checkpoint, then the records since, comparing every
    /// digest. `None` if nothing is stored.
    pub(crate) async fn recover(
        store: Arc<dyn Store>,
        config: Config,
        sources: Sources,
        lease: Lease,
        meter: Meter,
    ) -> Result<Option<Universe>, Error> {
        let recovered =
            Self::read(store.clone(), config.clone(), sources, lease.clone(), meter).await;
        if matches!(recovered, Err(Error::Diverged { .. })) {
            // Reads in several steps are consistent only if nobody wrote in between. If the lease
            // is still held, nobody did, and a mismatch is permanent.
            store.renew_lease(&lease, config.lease_ttl_ms.duration()).await?;
        }
        recovered
    }

    async fn read(
        store: Arc<dyn Store>,
        config: Config,
        sources: Sources,
        lease: Lease,
        meter: Meter,
    ) -> Result<Option<Universe>, Error> {
        let Some(head) = store.head().await? else { return Ok(None) };
        let diverged = |detail: String| Error::Diverged { detail };
        let checkpoint = store
            .checkpoint()
            .await?
            .ok_or_else(|| diverged("the checkpoint is missing".into()))?;
        let header = store.replay_header(&head.universe).await?;
        let header = header
            .ok_or_else(|| diverged(format!("the replay of {} has no header", head.universe)))?;
        let header = read_header(&header).map_err(|error| diverged(error.to_string()))?;
        header.check_rules_version().map_err(|error| diverged(error.to_string()))?;
        let snapshot: Snapshot = serde_json::from_str(&checkpoint.snapshot).map_err(|error| {
            diverged(format!("cannot read the checkpoint of tick {}: {error}", checkpoint.tick))
        })?;
        let mut world = World::restore(Arc::new(header.rules), &snapshot)
            .map_err(|error| diverged(error.to_string()))?;
        while world.tick() < head.tick {
            let records = store.records(&head.universe, world.tick() + 1, RECORDS_AT_ONCE).await?;
            if records.is_empty() {
                return Err(diverged(format!(
                    "the record of tick {} is missing",
                    world.tick() + 1
                )));
            }
            for (tick, record) in records {
                let record: Record = serde_json::from_str(&record).map_err(|error| {
                    diverged(format!("cannot read the record of tick {tick}: {error}"))
                })?;
                record.play(&mut world).map_err(|error| diverged(error.to_string()))?;
            }
        }
        if head.digest.parse::<Digest>() != Ok(world.digest()) {
            return Err(diverged(format!(
                "tick {} has digest {}, but {} was committed",
                head.tick,
                world.digest(),
                head.digest
            )));
        }
        let replayed = head.tick.saturating_sub(checkpoint.tick);
        tracing::info!(
            universe = head.universe.as_str(),
            tick = head.tick,
            replayed,
            "universe recovered"
        );
        let meta = Meta {
            id: head.universe.to_string(),
            tick_delay_ms: config.tick_ms.0,
            rules: snapshot.rules,
        };
        Ok(Some(Universe {
            store,
            config,
            sources,
            lease,
            meter,
            id: head.universe,
            meta,
            world,
            cursor: head.cursor,
        }))
    }

    pub(crate) fn is_over(&self) -> bool {
        self.world.board().result().is_some()
    }

    pub(crate) fn id(&self) -> &UniverseId {
        &self.id
    }

    /// The newest committed tick.
    pub(crate) fn at(&self) -> u64 {
        self.world.tick()
    }

    pub(crate) fn seed(&self) -> u64 {
        self.world.board().seed()
    }

    /// Applies the waiting orders in one tick and commits it.
    pub(crate) async fn tick(&mut self) -> Result<(), Error> {
        let span = if self.meter.tracer.is_on() {
            tracing::info_span!(
                "tick",
                tick = self.world.tick() + 1,
                trace_id = tracing::field::Empty
            )
        } else {
            tracing::Span::none()
        };
        self.pass().instrument(span).await
    }

    async fn pass(&mut self) -> Result<(), Error> {
        let began = Instant::now();
        let taken = self.take_orders().await?;
        let cursor = taken.last().unwrap_or(self.cursor);
        self.meter.orders_read(began, taken.entries(), (self.sources.now_ms)());
        let traces =
            Traces::of(&self.meter.tracer, &*self.store, taken.entries(), self.world.tick() + 1)
                .await;
        self.meter.step(&mut self.world, &taken.orders);
        let stepped = Instant::now();
        let world = &self.world;
        let delta = Delta::of(&self.id, world).narrated(world.map(), world.board());
        let mut commit = Commit {
            record: text(&Record::of(world, &taken.orders))?,
            events: taken.refusals(&self.id, world.tick())?.into_iter().collect(),
            outcomes: taken.outcomes(world.tick(), &world.report().outcomes)?,
            ..self.commit(cursor)
        };
        let delta = written(|json| delta.write_json(json))?;
        let delta_bytes = delta.len();
        commit.events.push(NewEvent { kind: EventKind::Delta.into(), data: delta });
        if self.is_over() {
            self.conclude(&mut commit).await?;
        }
        if self.is_over() || world.tick().is_multiple_of(self.config.snapshot_every) {
            commit.checkpoint = Some(written(|json| self.snapshot().write_json(json))?);
        }
        self.meter.encoded(stepped, delta_bytes);
        let encoded = Instant::now();
        let spans = traces.commit(&*self.store, self.world.tick()).await;
        self.send(commit).await?;
        drop((spans, traces));
        self.meter.ticked(began, encoded);
        taken.count(&self.meter, &self.world.report().outcomes, (self.sources.now_ms)());
        self.cursor = cursor;
        if taken.entries().len() >= MAX_ENTRIES {
            self.count_backlog().await;
        }
        Ok(())
    }

    /// Measures the order backlog.
    pub(crate) async fn count_backlog(&self) {
        match self.store.order_backlog().await {
            Ok(waiting) => self.meter.order_backlog(waiting),
            Err(error) => tracing::debug!(%error, "cannot count waiting orders"),
        }
    }

    /// Adds the run's end, summary and awards to its last commit.
    async fn conclude(&self, commit: &mut Commit) -> Result<(), Error> {
        // The record of the run shows lapsed claims, too, which do not count.
        let seats = self.seats().await?;
        let pause_ms = self.config.universe_pause_ms.0;
        let Some(ending) = ending(
            &self.id,
            &self.world,
            pause_ms,
            (self.sources.now_ms)(),
            &seats,
            &Demands::of(&self.config),
        )?
        else {
            return Ok(());
        };
        tracing::info!(
            universe = self.id.as_str(),
            tick = self.world.tick(),
            summary = ending.summary,
            "run ended"
        );
        commit.events.push(NewEvent { kind: EventKind::RunEnd.into(), data: ending.run_end });
        commit.finished = Some(ending.summary);
        commit.awards = ending.awards;
        Ok(())
    }

    /// All claims. The world has already stepped and must be committed next, so this retries while
    /// the store is unavailable, as the commit does.
    async fn seats(&self) -> Result<Vec<Claim>, Error> {
        let mut backoff = Backoff::default();
        loop {
            match self.store.claims(&self.id, (self.sources.now_ms)(), u64::MAX).await {
                Err(error) if error.is_unavailable() => {
                    tracing::warn!(%error, "waiting for the store to read claims");
                    self.sources.wait(&mut backoff).await;
                }
                seats => return Ok(seats?),
            }
        }
    }

    /// The waiting orders. They are read before the step, so a failure here has no effect.
    async fn take_orders(&self) -> Result<Taken, Error> {
        let entries = self.read_orders().await?;
        let claimed = if depend_on_seats(&entries, &self.id) {
            self.claimed().await?
        } else {
            BTreeSet::new()
        };
        Ok(Taken::of(entries, &self.id, &claimed))
    }

    async fn read_orders(&self) -> Result<Vec<OrderEntry>, Error> {
        let read = self.store.orders_after(self.cursor, MAX_ENTRIES, Duration::ZERO);
        match tokio::time::timeout(self.config.order_block_ms.duration(), read).await {
            Ok(Err(error @ sector_redis::Error::HistoryTrimmed { .. })) => {
                // Entries after the committed cursor are always kept, so another worker has
                // committed.
                self.hold().await?;
                Err(error.into())
            }
            Ok(entries) => Ok(entries?),
            Err(_) => {
                tracing::warn!(
                    waited_ms = self.config.order_block_ms.0,
                    "cannot read orders, ticking without"
                );
                Ok(Vec::new())
            }
        }
    }

    /// Factions whose players are there; computers play the others.
    async fn claimed(&self) -> Result<BTreeSet<String>, Error> {
        let idle_ms = self.config.autopilot_seconds.0.saturating_mul(1_000);
        let seats = self.store.claims(&self.id, (self.sources.now_ms)(), idle_ms).await?;
        Ok(seats.into_iter().map(|seat| seat.faction).collect())
    }

    /// Renews the lease while nothing is committed.
    pub(crate) async fn hold(&self) -> Result<(), Error> {
        Ok(self.store.renew_lease(&self.lease, self.config.lease_ttl_ms.duration()).await?)
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.meta, self.world.map(), self.world.board(), self.world.digest())
    }

    fn commit(&self, cursor: StreamId) -> Commit {
        Commit {
            lease: self.lease.clone(),
            lease_ttl: self.config.lease_ttl_ms.duration(),
            universe: self.id.clone(),
            tick: self.world.tick(),
            digest: self.world.digest().to_string(),
            cursor,
            event_maxlen: Some(self.config.event_stream_maxlen),
            ..Commit::default()
        }
    }

    /// Commits. If the response is lost, repeats the same commit until the store answers.
    async fn send(&self, commit: Commit) -> Result<Committed, Error> {
        let mut backoff = Backoff::default();
        loop {
            let answer = self.store.commit(&commit).await;
            self.meter.committed(&answer, commit.checkpoint.as_ref().map(String::len));
            match answer {
                Ok(committed) => return Ok(committed),
                Err(error) if error.is_unavailable() => {
                    tracing::warn!(%error, tick = commit.tick, "repeating the commit");
                    self.sources.wait(&mut backoff).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}
