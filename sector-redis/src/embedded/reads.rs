//! Reads of the world, its replay and its events.

use std::time::Duration;

use async_trait::async_trait;
use redb::{ReadTransaction, ReadableTable};

use super::store::EmbeddedStore;
use super::tables::{self, CHECKPOINT, COUNTERS, EVENT, EVENTS, HEADERS, RECORDS, RUNS, counter};
use super::writer::Change;
use super::{control, lease};
use crate::commit::{Award, AwardPage, Checkpoint, Head, Recorded, Run};
use crate::error::Result;
use crate::ids::UniverseId;
use crate::incarnation::{Incarnation, Position, held};
use crate::seal::unseal;
use crate::store::{BackupNote, Durability, Events, MAX_READ, Runs, Status};
use crate::stream::{Event, StreamId, check_readable};
use crate::wait::Growth;

#[async_trait]
impl Status for EmbeddedStore {
    async fn head(&self) -> Result<Option<Head>> {
        self.read(|txn| {
            let Some(world) = tables::world_now(txn)? else {
                return Ok(None);
            };
            Ok(Some(Head {
                incarnation: tables::incarnation(txn)?,
                universe: world.universe,
                tick: world.tick,
                digest: world.digest,
                cursor: StreamId::new(world.cursor),
                epoch: world.epoch,
                event_id: StreamId::new(world.event),
                finished: world.finished,
                paused: control::paused(txn)?,
            }))
        })
        .await
    }

    async fn checkpoint(&self) -> Result<Option<Checkpoint>> {
        self.read(checkpoint).await
    }

    async fn last_backup(&self) -> Result<Option<BackupNote>> {
        self.backup_noted().await
    }

    async fn ping(&self) -> Result<()> {
        self.shared.healthy()?;
        self.read(|txn| tables::world_now(txn).map(drop)).await
    }

    fn durability(&self) -> Durability {
        self.durability
    }
}

#[async_trait]
impl Runs for EmbeddedStore {
    async fn records(
        &self,
        universe: &UniverseId,
        from_tick: u64,
        count: usize,
    ) -> Result<Vec<(u64, String)>> {
        let (universe, count) = (universe.clone(), count.clamp(1, MAX_READ));
        self.read(move |txn| records(txn, &universe, from_tick, count)).await
    }

    async fn replay_header(&self, universe: &UniverseId) -> Result<Option<String>> {
        let universe = universe.clone();
        self.read(move |txn| replay_header(txn, &universe)).await
    }

    async fn runs(&self, count: usize) -> Result<Vec<Run>> {
        self.read(move |txn| runs(txn, count)).await
    }

    async fn run(&self, universe: &UniverseId) -> Result<Option<Run>> {
        let universe = universe.clone();
        self.read(move |txn| run(txn, &universe)).await
    }

    async fn record_award(&self, award: &Award) -> Result<Recorded> {
        award.check()?;
        let award = award.clone();
        self.writer.write(move |txn| control::record_award(txn, &award)).await
    }

    async fn awards(&self, after: Option<&str>, count: usize) -> Result<AwardPage> {
        let (after, count) = (after.map(str::to_owned), count.clamp(1, MAX_READ));
        self.read(move |txn| control::awards(txn, after.as_deref(), count)).await
    }

    async fn award_count(&self) -> Result<u64> {
        self.read(control::award_count).await
    }
}

#[async_trait]
impl Events for EmbeddedStore {
    async fn events_from(
        &self,
        from: Position,
        count: usize,
        wait: Duration,
    ) -> Result<Vec<Event>> {
        let count = count.clamp(1, MAX_READ);
        let mut growth = Growth::watch(&self.newest.event, wait);
        let mut looked = false;
        loop {
            // Check the incarnation even if there is nothing to read.
            if !growth.ends_at(from.after) || (from.incarnation.is_some() && !looked) {
                looked = true;
                let found = self.read(move |txn| events_from(txn, from, count)).await?;
                if !found.is_empty() {
                    return Ok(found);
                }
            }
            if !growth.next().await {
                return Ok(Vec::new());
            }
        }
    }

    async fn incarnation(&self) -> Result<Incarnation> {
        self.read(tables::incarnation).await
    }

    async fn renew_incarnation(&self) -> Result<Incarnation> {
        let (new, clock) = (Incarnation::random()?, self.clock.clone());
        self.writer
            .write(move |txn| {
                if lease::is_held(txn, clock.now_ms())? {
                    return Err(held());
                }
                tables::set_incarnation(txn, new)?;
                Ok(Change::wrote(new))
            })
            .await
    }
}

pub(super) fn checkpoint(txn: &ReadTransaction) -> Result<Option<Checkpoint>> {
    let Some(row) = txn.open_table(CHECKPOINT)?.get(())? else {
        return Ok(None);
    };
    let (universe, tick, event, cursor, snapshot) = row.value();
    Ok(Some(Checkpoint {
        incarnation: tables::incarnation(txn)?,
        universe: universe.into(),
        tick,
        event_id: StreamId::new(event),
        cursor: StreamId::new(cursor),
        snapshot: unseal(
            || format!("snapshot of tick {tick} of universe {universe:?}"),
            snapshot.to_owned(),
        )?,
    }))
}

pub(super) fn records(
    txn: &ReadTransaction,
    universe: &UniverseId,
    from_tick: u64,
    count: usize,
) -> Result<Vec<(u64, String)>> {
    let table = txn.open_table(RECORDS)?;
    let mut records = Vec::new();
    let range = (universe.as_str(), from_tick)..=(universe.as_str(), u64::MAX);
    for row in table.range(range)?.take(count) {
        let (key, record) = row?;
        let tick = key.value().1;
        let what = || format!("record of tick {tick} of universe {universe:?}");
        records.push((tick, unseal(what, record.value().to_owned())?));
    }
    Ok(records)
}

pub(super) fn replay_header(
    txn: &ReadTransaction,
    universe: &UniverseId,
) -> Result<Option<String>> {
    let row = txn.open_table(HEADERS)?.get(universe.as_str())?;
    Ok(row.map(|header| header.value().to_owned()))
}

pub(super) fn runs(txn: &ReadTransaction, count: usize) -> Result<Vec<Run>> {
    let table = txn.open_table(RUNS)?;
    let mut runs = Vec::new();
    for row in table.range(0..)?.rev().take(count) {
        let (_, run) = row?;
        let (universe, summary) = run.value();
        runs.push(Run { universe: universe.into(), summary: summary.to_owned() });
    }
    Ok(runs)
}

pub(super) fn run(txn: &ReadTransaction, universe: &UniverseId) -> Result<Option<Run>> {
    // A store keeps few runs, and those asked for are the newest.
    Ok(runs(txn, usize::MAX)?.into_iter().find(|run| run.universe == *universe))
}

pub(super) fn events_from(
    txn: &ReadTransaction,
    from: Position,
    count: usize,
) -> Result<Vec<Event>> {
    from.check(Some(tables::incarnation(txn)?))?;
    let after = from.after;
    let table = txn.open_table(EVENTS)?;
    let last = counter(&txn.open_table(COUNTERS)?, EVENT)?;
    let kept_after = table.first()?.map_or(last, |(id, _)| id.value() - 1);
    let last = StreamId::new(last);
    check_readable("events", after, StreamId::new(kept_after), last)?;
    let mut events = Vec::new();
    for row in table.range(after.next().number()..)?.take(count) {
        let (id, row) = row?;
        let (kind, data) = row.value();
        let id = StreamId::new(id.value());
        let data = unseal(|| format!("event {id}"), data.to_owned())?;
        events.push(Event { id, kind: kind.to_owned(), data });
    }
    Ok(events)
}
