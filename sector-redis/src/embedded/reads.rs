//! Reads of the world, its replay and its events.

use redb::{ReadTransaction, ReadableTable};

use super::control;
use super::tables::{self, CHECKPOINT, COUNTERS, EVENT, EVENTS, HEADERS, RECORDS, RUNS, counter};
use crate::commit::{Checkpoint, Head, Run};
use crate::error::Result;
use crate::ids::UniverseId;
use crate::incarnation::Position;
use crate::seal::unseal;
use crate::stream::{Event, StreamId, check_readable};

pub(super) fn head(txn: &ReadTransaction) -> Result<Option<Head>> {
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
