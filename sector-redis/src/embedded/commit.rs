//! The commit: look at lease, tick and cursor first, then write everything.

use std::time::Duration;

use async_trait::async_trait;
use redb::{ReadableTable, WriteTransaction};

use super::store::EmbeddedStore;
use super::tables::{
    self, CHECKPOINT, CLIENT_IDS, COUNTERS, EPOCH, EVENT, EVENTS, HEADERS, ORDER, ORDERS, PLAYERS,
    RECORDS, RUN, RUNS, SEATS, World, counter, next_number,
};
use super::writer::Change;
use super::{control, lease, outcomes};
use crate::commit::{
    Commit, Committed, Lease, Previous, check_ttl, cursor_out_of_range, universe_taken,
};
use crate::error::Result;
use crate::ids::check_name;
use crate::seal::seal;
use crate::store::World as WorldRole;
use crate::stream::StreamId;

#[async_trait]
impl WorldRole for EmbeddedStore {
    async fn acquire_lease(&self, holder: &str, ttl: Duration) -> Result<Option<Lease>> {
        check_name("lease holder", holder)?;
        let ttl_ms = check_ttl(ttl)?;
        let (holder, clock) = (holder.to_owned(), self.clock.clone());
        self.writer
            .write(move |txn| {
                let now_ms = clock.now_ms();
                if lease::is_held(txn, now_ms)? {
                    return Ok(Change::none(None));
                }
                let lease = Lease { holder: holder.clone(), epoch: next_number(txn, EPOCH)? };
                lease::write(txn, &lease, ttl_ms, now_ms)?;
                Ok(Change::wrote(Some(lease)))
            })
            .await
    }

    async fn renew_lease(&self, lease: &Lease, ttl: Duration) -> Result<()> {
        let ttl_ms = check_ttl(ttl)?;
        let (lease, clock) = (lease.clone(), self.clock.clone());
        self.writer
            .write(move |txn| {
                let now_ms = clock.now_ms();
                if !lease::holds(txn, &lease, now_ms)? {
                    return Err(lease::lost(&lease));
                }
                lease::write(txn, &lease, ttl_ms, now_ms)?;
                Ok(Change::wrote(()))
            })
            .await
    }

    async fn release_lease(&self, lease: &Lease) -> Result<()> {
        let (lease, clock) = (lease.clone(), self.clock.clone());
        self.writer
            .write(move |txn| {
                if !lease::holds(txn, &lease, clock.now_ms())? {
                    return Ok(Change::none(()));
                }
                lease::forget(txn)?;
                Ok(Change::wrote(()))
            })
            .await
    }

    async fn commit(&self, commit: &Commit) -> Result<Committed> {
        commit.check()?;
        let ttl_ms = check_ttl(commit.lease_ttl)?;
        let (commit, clock, keep_runs) = (commit.clone(), self.clock.clone(), self.keep_runs);
        self.writer
            .write(move |txn| write_commit(txn, &commit, ttl_ms, clock.now_ms(), keep_runs))
            .await
    }
}

fn write_commit(
    txn: &WriteTransaction,
    commit: &Commit,
    ttl_ms: u64,
    now_ms: u64,
    keep_runs: usize,
) -> Result<Change<Committed>> {
    let previous = tables::world(txn)?;
    if let Some(world) = &previous
        && world.epoch == commit.lease.epoch
        && world.universe == commit.universe
        && world.tick == commit.tick
        && world.digest == commit.digest
    {
        return repeat(txn, commit, world, ttl_ms, now_ms);
    }
    look(txn, commit, previous.as_ref(), now_ms)?;

    if commit.begin.is_some() {
        end_universe(txn, previous.as_ref())?;
    }
    lease::write(txn, &commit.lease, ttl_ms, now_ms)?;
    let events_before = previous.as_ref().map_or(0, |world| world.event);
    let event = append_events(txn, commit, events_before)?;
    let world = World {
        universe: commit.universe.clone(),
        tick: commit.tick,
        digest: commit.digest.clone(),
        cursor: commit.cursor.number(),
        epoch: commit.lease.epoch,
        events_before,
        event,
        finished: commit.finished.is_some(),
    };
    world.write(txn)?;
    let universe = commit.universe.as_str();
    txn.open_table(RECORDS)?.insert((universe, commit.tick), seal(&commit.record).as_str())?;
    if let Some(header) = &commit.begin {
        txn.open_table(HEADERS)?.insert(universe, header.as_str())?;
    }
    if let Some(snapshot) = &commit.checkpoint {
        let sealed = seal(snapshot);
        let row = (universe, world.tick, event, world.cursor, sealed.as_str());
        txn.open_table(CHECKPOINT)?.insert((), row)?;
        txn.open_table(ORDERS)?.retain_in(..=world.cursor, |_, _| false)?;
    }
    trim_events(txn, commit, event)?;
    if let Some(summary) = &commit.finished {
        list_run(txn, universe, summary, keep_runs)?;
    }
    for award in &commit.awards {
        control::write_award(txn, award)?;
    }
    outcomes::write_all(txn, commit)?;
    if let Some(served) = commit.restart_served {
        control::clear_restart(txn, served)?;
    }
    let committed = Committed { event_ids: ids(events_before, event), repeated: false };
    Ok(Change::wrote(committed).with_event(event))
}

/// The same commit again: the answer of the first time, and a renewal if the lease is still held.
fn repeat(
    txn: &WriteTransaction,
    commit: &Commit,
    world: &World,
    ttl_ms: u64,
    now_ms: u64,
) -> Result<Change<Committed>> {
    let committed = Committed { event_ids: ids(world.events_before, world.event), repeated: true };
    if !lease::holds(txn, &commit.lease, now_ms)? {
        return Ok(Change::none(committed));
    }
    lease::write(txn, &commit.lease, ttl_ms, now_ms)?;
    Ok(Change::wrote(committed))
}

/// Refuses before anything is written.
fn look(
    txn: &WriteTransaction,
    commit: &Commit,
    previous: Option<&World>,
    now_ms: u64,
) -> Result<()> {
    if !lease::holds(txn, &commit.lease, now_ms)? {
        return Err(lease::lost(&commit.lease));
    }
    let follows = previous.map(|world| Previous {
        universe: world.universe.clone(),
        tick: world.tick,
        finished: world.finished,
        event: world.event,
    });
    commit.check_follows(follows.as_ref())?;
    if commit.begin.is_some() {
        let kept = txn.open_table(HEADERS)?;
        if kept.get(commit.universe.as_str())?.is_some() {
            return Err(universe_taken(&commit.universe));
        }
    }
    let cursor = commit.cursor.number();
    let last = counter(&txn.open_table(COUNTERS)?, ORDER)?;
    let committed = previous.map_or(0, |world| world.cursor);
    if cursor < committed || cursor > last {
        return Err(cursor_out_of_range(commit.cursor));
    }
    commit.check_outcomes(committed)
}

/// Drops what ends with a universe.
fn end_universe(txn: &WriteTransaction, previous: Option<&World>) -> Result<()> {
    txn.delete_table(CLIENT_IDS)?;
    txn.open_table(CLIENT_IDS)?;
    txn.open_table(SEATS)?.retain(|_, _| false)?;
    txn.open_table(PLAYERS)?.retain(|_, _| false)?;
    if let Some(world) = previous
        && !world.finished
    {
        drop_replay(txn, &world.universe)?;
    }
    Ok(())
}

fn drop_replay(txn: &WriteTransaction, universe: &str) -> Result<()> {
    txn.open_table(HEADERS)?.remove(universe)?;
    txn.open_table(RECORDS)?.retain_in((universe, 0)..=(universe, u64::MAX), |_, _| false)?;
    Ok(())
}

fn append_events(txn: &WriteTransaction, commit: &Commit, before: u64) -> Result<u64> {
    let mut table = txn.open_table(EVENTS)?;
    let mut number = before;
    for event in &commit.events {
        number += 1;
        table.insert(number, (event.kind.as_str(), seal(&event.data).as_str()))?;
    }
    txn.open_table(COUNTERS)?.insert(EVENT, number)?;
    Ok(number)
}

/// Keeps the last `event_maxlen` events, and those after the checkpoint whatever their number, so
/// that a follower who starts from the checkpoint always can.
fn trim_events(txn: &WriteTransaction, commit: &Commit, last: u64) -> Result<()> {
    let Some(keep) = commit.event_maxlen else {
        return Ok(());
    };
    let in_checkpoint = txn.open_table(CHECKPOINT)?.get(())?.map_or(0, |row| row.value().2);
    let limit = last.saturating_sub(keep).min(in_checkpoint);
    txn.open_table(EVENTS)?.retain_in(..=limit, |_, _| false)?;
    Ok(())
}

fn list_run(txn: &WriteTransaction, universe: &str, summary: &str, keep: usize) -> Result<()> {
    let number = tables::next_number(txn, RUN)?;
    let mut runs = txn.open_table(RUNS)?;
    runs.insert(number, (universe, summary))?;
    let keep = u64::try_from(keep).unwrap_or(u64::MAX);
    while number - first(&runs)? >= keep {
        let Some((_, row)) = runs.pop_first()? else {
            break;
        };
        let oldest = row.value().0.to_owned();
        drop(row);
        drop_replay(txn, &oldest)?;
    }
    Ok(())
}

fn first(runs: &impl ReadableTable<u64, (&'static str, &'static str)>) -> Result<u64> {
    Ok(runs.first()?.map_or(u64::MAX, |(number, _)| number.value()))
}

fn ids(before: u64, last: u64) -> Vec<StreamId> {
    (before + 1..=last).map(StreamId::new).collect()
}
