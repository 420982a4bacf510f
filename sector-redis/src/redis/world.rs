//! Reads of the world, its replay and its events.

use std::time::Duration;

use redis::cmd;

use super::reply::{Entry, incarnation, next, next_number, unexpected};
use super::store::RedisStore;
use crate::commit::{Checkpoint, Head, Run};
use crate::error::{Error, Result};
use crate::ids::UniverseId;
use crate::incarnation::{Incarnation, Position};
use crate::seal;
use crate::store::MAX_READ;
use crate::stream::{Event, StreamId};
use crate::wait::Growth;

type Row = Vec<Option<String>>;

/// The incarnation of a store that holds a world, which is marked.
fn of_world(mark: Option<&str>) -> Result<Incarnation> {
    incarnation(mark)?
        .ok_or_else(|| unexpected("world", "the keys are there, but not the mark of their format"))
}

pub(super) async fn head(store: &RedisStore) -> Result<Option<Head>> {
    let script = store
        .reads(&store.scripts.head, &[&store.keys.world, &store.keys.control, &store.keys.format]);
    let (row, paused, mark): (Row, u8, Option<String>) =
        store.link.read("reading the head", &script).await?;
    let mut row = row.into_iter();
    let Some(universe) = row.next().flatten() else {
        return Ok(None);
    };
    let what = "world";
    Ok(Some(Head {
        incarnation: of_world(mark.as_deref())?,
        universe: universe.into(),
        tick: next_number(what, &mut row)?,
        digest: next(what, &mut row)?,
        cursor: StreamId::new(next_number(what, &mut row)?),
        epoch: next_number(what, &mut row)?,
        event_id: StreamId::new(next_number(what, &mut row)?),
        finished: next(what, &mut row)? == "1",
        paused: paused == 1,
    }))
}

pub(super) async fn checkpoint(store: &RedisStore) -> Result<Option<Checkpoint>> {
    let keys = [store.keys.world.as_str(), &store.keys.snapshot, &store.keys.format];
    let script = store.reads(&store.scripts.checkpoint, &keys);
    type Answer = (Row, Option<String>, Option<String>, Option<String>);
    let (row, sum, snapshot, mark): Answer =
        store.link.read("reading the checkpoint", &script).await?;
    let mut row = row.into_iter();
    let Some(universe) = row.next().flatten() else {
        return Ok(None);
    };
    let what = "checkpoint";
    let snapshot = snapshot.ok_or_else(|| unexpected(what, "the snapshot key is missing"))?;
    // Format 1 wrote no sum.
    if let Some(sum) = sum {
        seal::check(
            || format!("snapshot in Redis, key {:?},", store.keys.snapshot),
            &snapshot,
            &sum,
        )?;
    }
    Ok(Some(Checkpoint {
        incarnation: of_world(mark.as_deref())?,
        universe: universe.into(),
        tick: next_number(what, &mut row)?,
        event_id: StreamId::new(next_number(what, &mut row)?),
        cursor: StreamId::new(next_number(what, &mut row)?),
        snapshot,
    }))
}

pub(super) async fn records(
    store: &RedisStore,
    universe: &UniverseId,
    from_tick: u64,
    count: usize,
) -> Result<Vec<(u64, String)>> {
    let replay = store.keys.replay(universe);
    let mut script =
        store.reads(&store.scripts.records, &[&store.keys.world, &store.keys.records, &replay]);
    // Redis counts list entries in signed numbers; no list is longer than that.
    let from = from_tick.min(i64::MAX as u64 - MAX_READ as u64);
    let to = from + count.clamp(1, MAX_READ) as u64 - 1;
    script.arg(universe).arg(from).arg(to);
    let records: Vec<String> = store.link.read("reading records", &script).await?;
    let whole = |(tick, record)| {
        let record = seal::unseal(
            || format!("record of tick {tick} of universe {universe:?} in Redis"),
            record,
        )?;
        Ok((tick, record))
    };
    (from..).zip(records).map(whole).collect()
}

pub(super) async fn replay_header(
    store: &RedisStore,
    universe: &UniverseId,
) -> Result<Option<String>> {
    let command = cmd("HGET").arg(&store.keys.run_headers).arg(universe).to_owned();
    store.link.read_command("reading a replay header", &command).await
}

pub(super) async fn runs(store: &RedisStore, count: usize) -> Result<Vec<Run>> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let mut script =
        store.reads(&store.scripts.runs, &[&store.keys.runs, &store.keys.run_summaries]);
    script.arg(count.min(MAX_READ));
    let row: Vec<String> = store.link.read("reading runs", &script).await?;
    let mut row = row.into_iter();
    let mut runs = Vec::new();
    while let (Some(universe), Some(summary)) = (row.next(), row.next()) {
        runs.push(Run { universe: universe.into(), summary });
    }
    Ok(runs)
}

pub(super) async fn events_from(
    store: &RedisStore,
    from: Position,
    count: usize,
    wait: Duration,
) -> Result<Vec<Event>> {
    let count = count.clamp(1, MAX_READ);
    let keys = [store.keys.events.as_str(), &store.keys.world];
    let mut growth = Growth::watch(&store.newest.event, wait);
    loop {
        growth.mark();
        let entries = store.read_stream("events", keys, "event", from, count).await?;
        if !entries.is_empty() || !growth.next().await {
            return entries.into_iter().map(Entry::into_event).collect();
        }
    }
}

pub(super) async fn incarnation_now(store: &RedisStore) -> Result<Incarnation> {
    let doing = "reading the incarnation";
    let mark: Option<String> =
        store.link.read_command(doing, cmd("GET").arg(&store.keys.format)).await?;
    let found = incarnation(mark.as_deref())?;
    found.ok_or_else(|| Error::unavailable(doing, "Redis was emptied, and not written to since"))
}

pub(super) async fn renew_incarnation(store: &RedisStore) -> Result<Incarnation> {
    let new = Incarnation::random()?;
    let keys = [store.keys.lease.as_str(), &store.keys.format];
    let mut script = store.writes(&store.scripts.incarnation_renew, &keys);
    script.arg(super::store::FORMAT).arg(new.to_string());
    let renewed: u64 = store.write_again("renewing the incarnation", &script).await?;
    if renewed == 1 { Ok(new) } else { Err(crate::incarnation::held()) }
}
