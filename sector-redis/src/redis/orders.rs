//! The order stream: accepting and reading.

use std::time::Duration;

use redis::cmd;

use super::reply::{Entry, number, order_sum, unexpected};
use super::store::RedisStore;
use crate::error::{Error, Result};
use crate::order::{OrderBatch, OrderEntry, Receipt};
use crate::store::MAX_READ;
use crate::stream::StreamId;
use crate::wait::Growth;

pub(super) async fn append(store: &RedisStore, batch: &OrderBatch) -> Result<Receipt> {
    batch.check()?;
    let keys = &store.keys;
    let names = [&*keys.world, &keys.orders, &keys.last_order, &keys.client_ids];
    let mut script = store.writes(&store.scripts.orders_append, &names);
    script.arg(&batch.universe).arg(&batch.player).arg(&batch.source).arg(batch.at_ms);
    for order in &batch.orders {
        let sum = order_sum(&batch.universe, &batch.player, &batch.source, batch.at_ms, &order.body);
        script.arg(order.client_id.as_deref().unwrap_or_default()).arg(&order.body).arg(sum);
    }
    let doing = "appending orders";
    // With names for all of them, asking again reads back whether they were appended.
    let mut answer: Vec<String> = if batch.orders.iter().all(|order| order.client_id.is_some()) {
        store.write_again(doing, &script).await?
    } else {
        store.write(doing, &script).await?
    };
    let wrong = |current| Error::WrongUniverse { given: batch.universe.clone(), current };
    match answer.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["none"] => Err(wrong(None)),
        ["other", running] => Err(wrong(Some(running.to_owned()))),
        ["ok", entry, ..] => {
            Ok(Receipt { id: StreamId::new(number("order", entry)?), duplicates: answer.split_off(2) })
        }
        _ => Err(unexpected("order stream", format!("{answer:?}"))),
    }
}

pub(super) async fn after(
    store: &RedisStore,
    cursor: StreamId,
    count: usize,
    wait: Duration,
) -> Result<Vec<OrderEntry>> {
    let count = count.clamp(1, MAX_READ);
    let keys = [store.keys.orders.as_str(), &store.keys.last_order];
    let mut growth = Growth::watch(&store.newest.order, wait);
    loop {
        growth.mark();
        let entries = store.read_stream("orders", keys, "", cursor.into(), count).await?;
        if !entries.is_empty() || !growth.next().await {
            return entries.into_iter().map(Entry::into_order).collect();
        }
    }
}

pub(super) async fn backlog(store: &RedisStore) -> Result<u64> {
    let doing = "counting orders";
    let cursor = cmd("HGET").arg(&store.keys.world).arg("cursor").to_owned();
    let cursor: Option<String> = store.link.read_command(doing, &cursor).await?;
    let last = cmd("GET").arg(&store.keys.last_order).to_owned();
    let last: Option<String> = store.link.read_command(doing, &last).await?;
    let cursor = number("cursor", cursor.as_deref().unwrap_or("0"))?;
    let last = number("last order", last.as_deref().unwrap_or("0"))?;
    Ok(last.saturating_sub(cursor))
}
