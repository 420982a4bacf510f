//! The whole store out of one read, and into one write.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use redb::{ReadTransaction, ReadableTable, ReadableTableMetadata, WriteTransaction};

use super::store::EmbeddedStore;
use super::tables::{
    self, AUDIT, AWARDS, CHECKPOINT, CLIENT_IDS, CONTROL, COUNTERS, EPOCH, EVENT, EVENTS, HEADERS,
    LEASE, META, ORDER, ORDERS, PLAYERS, RECORDS, RESTART, RUN, RUNS, SEATS, World, counter,
};
use super::writer::Change;
use super::{control, directory, lease, orders, outcomes, reads, seats, shelves};
use crate::archive::{
    Archive, CheckpointDump, ClientId, ControlDump, Dump, EPOCH_GAP, LeaseHeld, ReplayDump,
    WorldDump, at_work, occupied,
};
use crate::document::Shelf;
use crate::error::{Error, Result};
use crate::ids::UniverseId;
use crate::incarnation::{Incarnation, Position};
use crate::seal::seal;
use crate::store::BackupNote;
use crate::stream::StreamId;

const BACKUP_MS: &str = "backup_ms";
const BACKUP_TICK: &str = "backup_tick";

/// Whether the directory holds a store.
pub(crate) fn exists(path: &Path) -> Result<bool> {
    directory::exists(path)
}

#[async_trait]
impl Archive for EmbeddedStore {
    async fn dump(&self) -> Result<Option<Dump>> {
        self.read(dump).await
    }

    async fn restore(&self, dump: &Dump) -> Result<Incarnation> {
        dump.check()?;
        let (dump, new, clock) =
            (Arc::new(dump.clone()), Incarnation::random()?, self.clock.clone());
        self.writer.write(move |txn| restore(txn, &dump, new, clock.now_ms())).await
    }

    async fn lease_held(&self) -> Result<Option<LeaseHeld>> {
        let now_ms = self.clock.now_ms();
        self.read(move |txn| held(&txn.open_table(LEASE)?, now_ms)).await
    }

    async fn note_backup(&self, note: BackupNote) -> Result<()> {
        let write = move |txn: &WriteTransaction| {
            let mut meta = txn.open_table(META)?;
            meta.insert(BACKUP_MS, note.at_ms)?;
            meta.insert(BACKUP_TICK, note.tick)?;
            Ok(Change::wrote(()))
        };
        self.writer.write(write).await
    }
}

impl EmbeddedStore {
    pub(super) async fn backup_noted(&self) -> Result<Option<BackupNote>> {
        self.read(|txn| {
            let meta = txn.open_table(META)?;
            let at_ms = meta.get(BACKUP_MS)?.map(|guard| guard.value());
            let tick = meta.get(BACKUP_TICK)?.map(|guard| guard.value());
            Ok(at_ms.zip(tick).map(|(at_ms, tick)| BackupNote { at_ms, tick }))
        })
        .await
    }
}

fn held(
    table: &impl ReadableTable<(), (&'static str, u64, u64)>,
    now_ms: u64,
) -> Result<Option<LeaseHeld>> {
    Ok(table.get(())?.and_then(|row| {
        let (holder, epoch, end_ms) = row.value();
        let left_ms = end_ms.checked_sub(now_ms).filter(|left_ms| *left_ms > 0)?;
        Some(LeaseHeld { holder: holder.to_owned(), epoch, left_ms })
    }))
}

fn dump(txn: &ReadTransaction) -> Result<Option<Dump>> {
    let Some(world) = tables::world_now(txn)? else {
        return Ok(None);
    };
    let checkpoint = reads::checkpoint(txn)?
        .ok_or_else(|| Error::corrupt("data file", "it has no checkpoint"))?;
    let counters = txn.open_table(COUNTERS)?;
    let from = Position::from(checkpoint.event_id);
    let request = control::restart_request(txn)?;
    let mut replays = Vec::new();
    if !world.finished {
        replays.push(replay(txn, &world.universe, None)?);
    }
    for run in reads::runs(txn, usize::MAX)? {
        replays.push(replay(txn, &run.universe, Some(run.summary))?);
    }
    let mut client_ids = Vec::new();
    for row in txn.open_table(CLIENT_IDS)?.iter()? {
        let (key, entry) = row?;
        let (player, client_id) = key.value();
        client_ids.push(ClientId {
            player: player.to_owned(),
            client_id: client_id.to_owned(),
            entry: StreamId::new(entry.value()),
        });
    }
    Ok(Some(Dump {
        incarnation: tables::incarnation(txn)?,
        last_epoch: counter(&counters, EPOCH)?,
        last_order: StreamId::new(counter(&counters, ORDER)?),
        control: ControlDump {
            paused: control::paused(txn)?,
            restart: request.map(|request| request.number),
            restart_seed: request.and_then(|request| request.seed),
            last_restart: counter(&counters, RESTART)?,
        },
        orders: orders::after(txn, checkpoint.cursor, usize::MAX)?,
        events: reads::events_from(txn, from, usize::MAX)?,
        client_ids,
        seats: seats::all(txn)?,
        awards: control::awards(txn, None, usize::MAX)?.awards,
        replays,
        outcomes: outcomes::all(txn)?,
        keys: shelves::all(txn, Shelf::Keys)?,
        audit: shelves::audit(txn, 0, usize::MAX)?.into_iter().map(|(_, body)| body).collect(),
        checkpoint: CheckpointDump {
            tick: checkpoint.tick,
            event_id: checkpoint.event_id,
            cursor: checkpoint.cursor,
            snapshot: checkpoint.snapshot,
        },
        world: WorldDump {
            universe: world.universe,
            tick: world.tick,
            digest: world.digest,
            cursor: StreamId::new(world.cursor),
            epoch: world.epoch,
            events_before: StreamId::new(world.events_before),
            event_id: StreamId::new(world.event),
            finished: world.finished,
        },
    }))
}

fn replay(
    txn: &ReadTransaction,
    universe: &UniverseId,
    summary: Option<String>,
) -> Result<ReplayDump> {
    let missing =
        || Error::corrupt(format!("replay of universe {universe:?}"), "its header is missing");
    let header = reads::replay_header(txn, universe)?.ok_or_else(missing)?;
    let mut records = Vec::new();
    for (tick, record) in reads::records(txn, universe, 0, usize::MAX)? {
        if tick != records.len() as u64 {
            let detail = format!("the record of tick {} is missing", records.len());
            return Err(Error::corrupt(format!("replay of universe {universe:?}"), detail));
        }
        records.push(record);
    }
    Ok(ReplayDump { universe: universe.clone(), summary, header, records })
}

fn restore(
    txn: &WriteTransaction,
    dump: &Dump,
    new: Incarnation,
    now_ms: u64,
) -> Result<Change<Incarnation>> {
    look(txn, now_ms)?;
    let (world, checkpoint) = (&dump.world, &dump.checkpoint);
    {
        let mut counters = txn.open_table(COUNTERS)?;
        let epoch = counter(&counters, EPOCH)?.max(dump.last_epoch + EPOCH_GAP);
        counters.insert(EPOCH, epoch)?;
        counters.insert(ORDER, dump.last_order.number())?;
        counters.insert(EVENT, world.event_id.number())?;
        counters.insert(RESTART, dump.control.last_restart)?;
    }
    let row = World {
        universe: world.universe.clone(),
        tick: world.tick,
        digest: world.digest.clone(),
        cursor: world.cursor.number(),
        epoch: world.epoch,
        events_before: world.events_before.number(),
        event: world.event_id.number(),
        finished: world.finished,
    };
    row.write(txn)?;
    let sealed = seal(&checkpoint.snapshot);
    let (event, cursor) = (checkpoint.event_id.number(), checkpoint.cursor.number());
    let row = (world.universe.as_str(), checkpoint.tick, event, cursor, sealed.as_str());
    txn.open_table(CHECKPOINT)?.insert((), row)?;
    write_streams(txn, dump)?;
    write_people(txn, dump)?;
    write_replays(txn, dump)?;
    write_services(txn, dump)?;
    control::set_paused(txn, dump.control.paused)?;
    if let Some(number) = dump.control.restart {
        control::write_restart(txn, number, dump.control.restart_seed)?;
    }
    let mut meta = txn.open_table(META)?;
    meta.remove(BACKUP_MS)?;
    meta.remove(BACKUP_TICK)?;
    drop(meta);
    tables::set_incarnation(txn, new)?;
    Ok(Change::wrote(new).with_order(dump.last_order.number()).with_event(world.event_id.number()))
}

/// Refuses a store that holds anything.
fn look(txn: &WriteTransaction, now_ms: u64) -> Result<()> {
    if let Some(lease) = held(&txn.open_table(LEASE)?, now_ms)? {
        return Err(at_work(&lease.holder));
    }
    if let Some(world) = tables::world(txn)? {
        return Err(occupied(&format!(
            "it holds tick {} of universe {:?}",
            world.tick, world.universe
        )));
    }
    if !txn.open_table(AWARDS)?.is_empty()? {
        return Err(occupied("it holds awards"));
    }
    if !txn.open_table(CONTROL)?.is_empty()? {
        return Err(occupied("it holds a pause or a restart request"));
    }
    if !txn.open_table(tables::of_shelf(Shelf::Keys).documents)?.is_empty()? {
        return Err(occupied("it holds keys of bots"));
    }
    if !txn.open_table(AUDIT)?.is_empty()? {
        return Err(occupied("it holds an audit log"));
    }
    lease::forget(txn)
}

fn write_streams(txn: &WriteTransaction, dump: &Dump) -> Result<()> {
    let mut orders = txn.open_table(ORDERS)?;
    for entry in &dump.orders {
        let bodies: Vec<String> = entry.orders.iter().map(|body| seal(body)).collect();
        let bodies = bodies.iter().map(String::as_str).collect();
        let row = (
            entry.universe.as_str(),
            entry.player.as_str(),
            entry.source.as_str(),
            entry.at_ms,
            bodies,
        );
        orders.insert(entry.id.number(), row)?;
    }
    let mut events = txn.open_table(EVENTS)?;
    for event in &dump.events {
        events.insert(event.id.number(), (event.kind.as_str(), seal(&event.data).as_str()))?;
    }
    Ok(())
}

fn write_people(txn: &WriteTransaction, dump: &Dump) -> Result<()> {
    let mut client_ids = txn.open_table(CLIENT_IDS)?;
    for ClientId { player, client_id, entry } in &dump.client_ids {
        client_ids.insert((player.as_str(), client_id.as_str()), entry.number())?;
    }
    let (mut seats, mut players) = (txn.open_table(SEATS)?, txn.open_table(PLAYERS)?);
    for seat in &dump.seats {
        seats.insert(seat.faction.as_str(), (seat.player.as_str(), seat.since_ms))?;
        players.insert(seat.player.as_str(), (seat.faction.as_str(), seat.seen_ms))?;
    }
    for award in &dump.awards {
        control::write_award(txn, award)?;
    }
    Ok(())
}

fn write_replays(txn: &WriteTransaction, dump: &Dump) -> Result<()> {
    let (mut headers, mut records) = (txn.open_table(HEADERS)?, txn.open_table(RECORDS)?);
    let mut runs = txn.open_table(RUNS)?;
    let mut number = 0;
    for replay in dump.replays.iter().rev() {
        headers.insert(replay.universe.as_str(), replay.header.as_str())?;
        for (tick, record) in (0..).zip(&replay.records) {
            records.insert((replay.universe.as_str(), tick), seal(record).as_str())?;
        }
        if let Some(summary) = &replay.summary {
            number += 1;
            runs.insert(number, (replay.universe.as_str(), summary.as_str()))?;
        }
    }
    txn.open_table(COUNTERS)?.insert(RUN, number)?;
    Ok(())
}

fn write_services(txn: &WriteTransaction, dump: &Dump) -> Result<()> {
    dump.outcomes.iter().try_for_each(|outcome| outcomes::write(txn, outcome))?;
    dump.keys.iter().try_for_each(|key| shelves::write(txn, Shelf::Keys, key))?;
    dump.audit.iter().try_for_each(|body| shelves::append_audit(txn, body).map(drop))
}
