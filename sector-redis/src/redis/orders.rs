//! The order stream: reading.

use std::time::Duration;

use redis::cmd;

use super::reply::{Entry, number};
use super::store::RedisStore;
use crate::error::Result;
use crate::order::OrderEntry;
use crate::store::MAX_READ;
use crate::stream::StreamId;
use crate::wait::Growth;

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
            return orders_after(entries, cursor, count);
        }
    }
}

/// The order entries of entries of the stream: of the first only those after the cursor.
pub(super) fn orders_after(
    entries: Vec<Entry>,
    cursor: StreamId,
    count: usize,
) -> Result<Vec<OrderEntry>> {
    let mut orders = Vec::new();
    for entry in entries {
        orders.extend(entry.into_orders()?.into_iter().filter(|order| order.id > cursor));
        if orders.len() >= count {
            orders.truncate(count);
            break;
        }
    }
    Ok(orders)
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
