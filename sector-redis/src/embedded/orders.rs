//! The order stream and the client ids it has seen.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use super::store::EmbeddedStore;
use super::tables::{
    self, CLIENT_IDS, COUNTERS, ORDER, ORDERS, PLAYER_OUTCOMES, counter, next_number,
};
use super::writer::Change;
use super::{outcomes, seats};
use crate::error::{Error, Result};
use crate::order::{OrderBatch, OrderEntry, Receipt, check_backlog};
use crate::outcome::{OrderStatus, WAITING_LOOKED_AT, listed, newest};
use crate::seal::{seal, unseal};
use crate::store::{MAX_READ, Orders};
use crate::stream::{StreamId, check_readable};
use crate::wait::Growth;

#[async_trait]
impl Orders for EmbeddedStore {
    async fn append_orders(&self, batch: &OrderBatch) -> Result<Receipt> {
        batch.check()?;
        let batch = batch.clone();
        self.writer.write(move |txn| append(txn, &batch)).await
    }

    async fn orders_after(
        &self,
        cursor: StreamId,
        count: usize,
        wait: Duration,
    ) -> Result<Vec<OrderEntry>> {
        let count = count.clamp(1, MAX_READ);
        let mut growth = Growth::watch(&self.newest.order, wait);
        loop {
            if !growth.ends_at(cursor) {
                let found = self.read(move |txn| after(txn, cursor, count)).await?;
                if !found.is_empty() {
                    return Ok(found);
                }
            }
            if !growth.next().await {
                return Ok(Vec::new());
            }
        }
    }

    async fn order_backlog(&self) -> Result<u64> {
        self.read(|txn| {
            let last = counter(&txn.open_table(COUNTERS)?, ORDER)?;
            Ok(last.saturating_sub(cursor(txn)?))
        })
        .await
    }

    async fn order(&self, id: StreamId) -> Result<Option<OrderStatus>> {
        self.read(move |txn| {
            if id.number() > cursor(txn)? {
                return Ok(one(txn, id.number())?.map(OrderStatus::Waiting));
            }
            Ok(outcomes::one(txn, id.number())?.map(OrderStatus::Done))
        })
        .await
    }

    async fn orders_of(&self, player: &str, count: usize) -> Result<Vec<OrderStatus>> {
        let (player, count) = (player.to_owned(), listed(count));
        self.read(move |txn| {
            let player = player.as_str();
            let mut done = Vec::new();
            let entries = txn.open_table(PLAYER_OUTCOMES)?;
            for row in entries.range((player, 0)..=(player, u64::MAX))?.rev().take(count) {
                done.extend(outcomes::one(txn, row?.0.value().1)?);
            }
            Ok(newest(waiting_of(txn, player, count)?, done, count))
        })
        .await
    }
}

/// Number of the last entry that is applied or refused.
fn cursor(txn: &ReadTransaction) -> Result<u64> {
    Ok(tables::world_now(txn)?.map_or(0, |world| world.cursor))
}

fn append(txn: &WriteTransaction, batch: &OrderBatch) -> Result<Change<Receipt>> {
    let running = tables::world(txn)?.filter(|world| !world.finished);
    let Some(world) = running.as_ref().filter(|world| world.universe == batch.universe) else {
        let current = running.map(|world| world.universe);
        return Err(Error::WrongUniverse { given: batch.universe.clone(), current });
    };

    let mut client_ids = txn.open_table(CLIENT_IDS)?;
    let mut fresh = HashMap::new();
    let mut bodies = Vec::new();
    let mut duplicates = Vec::new();
    let mut earlier = None;
    for order in &batch.orders {
        if let Some(client_id) = order.client_id.as_deref() {
            let known =
                client_ids.get((batch.player.as_str(), client_id))?.map(|guard| guard.value());
            if known.is_some() || fresh.insert(client_id, ()).is_some() {
                earlier = earlier.or(known);
                duplicates.push(client_id.to_owned());
                continue;
            }
        }
        bodies.push(seal(&order.body));
    }
    if bodies.is_empty() {
        // No fresh order means the first one was known, so `earlier` is its entry.
        let id = StreamId::new(earlier.unwrap_or_default());
        return Ok(Change::none(Receipt { id, duplicates }));
    }
    let sighting = seats::judge(txn, batch)?;
    let waiting = counter(&txn.open_table(COUNTERS)?, ORDER)?.saturating_sub(world.cursor);
    check_backlog(waiting, batch.backlog_max)?;

    if let Some(faction) = sighting {
        seats::note(txn, batch, &faction)?;
    }
    let number = next_number(txn, ORDER)?;
    for client_id in fresh.into_keys() {
        client_ids.insert((batch.player.as_str(), client_id), number)?;
    }
    let row = (
        batch.universe.as_str(),
        batch.player.as_str(),
        batch.source.as_str(),
        batch.at_ms,
        bodies.iter().map(String::as_str).collect(),
    );
    txn.open_table(ORDERS)?.insert(number, row)?;
    let id = StreamId::new(number);
    Ok(Change::wrote(Receipt { id, duplicates }).with_order(number))
}

pub(super) fn after(
    txn: &ReadTransaction,
    cursor: StreamId,
    count: usize,
) -> Result<Vec<OrderEntry>> {
    let table = txn.open_table(ORDERS)?;
    let last = counter(&txn.open_table(COUNTERS)?, ORDER)?;
    let kept_after = table.first()?.map_or(last, |(id, _)| id.value() - 1);
    let last = StreamId::new(last);
    check_readable("orders", cursor, StreamId::new(kept_after), last)?;
    let mut entries = Vec::new();
    for row in table.range(cursor.next().number()..)?.take(count) {
        let (id, row) = row?;
        entries.push(entry(id.value(), row.value())?);
    }
    Ok(entries)
}

/// A row of the order table.
type Row<'a> = (&'a str, &'a str, &'a str, u64, Vec<&'a str>);

fn entry(number: u64, (universe, player, source, at_ms, orders): Row<'_>) -> Result<OrderEntry> {
    let id = StreamId::new(number);
    let whole = |body: &str| unseal(|| format!("order entry {id}"), body.to_owned());
    Ok(OrderEntry {
        id,
        universe: universe.into(),
        player: player.to_owned(),
        source: source.to_owned(),
        at_ms,
        orders: orders.into_iter().map(whole).collect::<Result<_>>()?,
    })
}

/// The entry, if it is there.
fn one(txn: &ReadTransaction, number: u64) -> Result<Option<OrderEntry>> {
    let row = txn.open_table(ORDERS)?.get(number)?;
    row.map(|row| entry(number, row.value())).transpose()
}

/// The newest entries of a player after the committed cursor, newest first.
fn waiting_of(txn: &ReadTransaction, player: &str, count: usize) -> Result<Vec<OrderEntry>> {
    let cursor = cursor(txn)?;
    let mut entries = Vec::new();
    for row in txn.open_table(ORDERS)?.range(cursor + 1..)?.rev().take(WAITING_LOOKED_AT) {
        let (id, row) = row?;
        let row = row.value();
        if row.1 == player {
            entries.push(entry(id.value(), row)?);
            if entries.len() == count {
                break;
            }
        }
    }
    Ok(entries)
}
