//! Outcomes of orders: a stream with the ids of the entries, and a sorted set of players' entries.

use redis::Value;

use super::reply::{Entry, unexpected};
use super::store::RedisStore;
use crate::error::Result;
use crate::order::OrderEntry;
use crate::outcome::{OrderStatus, WAITING_LOOKED_AT, newest};
use crate::stream::StreamId;

/// How many waiting entries of the stream one script looks at; each holds one batch or more.
const PAGE: usize = 100;

pub(super) async fn status(store: &RedisStore, id: StreamId) -> Result<Option<OrderStatus>> {
    let keys = &store.keys;
    let mut script =
        store.reads(&store.scripts.order_status, &[&keys.world, &keys.orders, &keys.outcomes]);
    script.arg(id.number());
    let (kind, entries): (String, Vec<Value>) =
        store.link.read("looking for an order", &script).await?;
    let Some(entry) = entries.into_iter().next() else {
        return Ok(None);
    };
    match kind.as_str() {
        "waiting" => {
            let among = Entry::read("orders", entry)?.into_orders()?;
            Ok(among.into_iter().find(|order| order.id == id).map(OrderStatus::Waiting))
        }
        "done" => Ok(Some(OrderStatus::Done(Entry::read("outcomes", entry)?.into_outcome()?))),
        _ => Err(unexpected("orders", kind)),
    }
}

/// What waits is read first: an entry that a commit passes meanwhile is found done.
pub(super) async fn of_player(
    store: &RedisStore,
    player: &str,
    count: usize,
) -> Result<Vec<OrderStatus>> {
    let waiting = waiting_of(store, player, count).await?;
    let mut script =
        store.reads(&store.scripts.outcomes_of, &[&store.keys.outcomes, &store.keys.outcomes_of]);
    script.arg(player).arg(count);
    let done: Vec<Value> = store.link.read("listing a player's orders", &script).await?;
    let done = done
        .into_iter()
        .map(|entry| Entry::read("outcomes", entry)?.into_outcome())
        .collect::<Result<_>>()?;
    Ok(newest(waiting, done, count))
}

async fn waiting_of(store: &RedisStore, player: &str, count: usize) -> Result<Vec<OrderEntry>> {
    let (mut found, mut from) = (Vec::new(), "+".to_owned());
    for _ in 0..WAITING_LOOKED_AT / PAGE {
        let mut script =
            store.reads(&store.scripts.orders_waiting, &[&store.keys.world, &store.keys.orders]);
        script.arg(player).arg(&from).arg(PAGE).arg(count - found.len());
        let (next, entries): (String, Vec<Value>) =
            store.link.read("listing a player's orders", &script).await?;
        for entry in entries {
            found.extend(Entry::read("orders", entry)?.into_orders()?);
        }
        if next.is_empty() || found.len() >= count {
            break;
        }
        from = next;
    }
    found.truncate(count);
    Ok(found)
}
