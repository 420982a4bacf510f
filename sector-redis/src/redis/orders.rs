//! Orders: the stream of batches, and the outcome of each entry. Outcomes are a stream with the ids
//! of the entries, and a sorted set of entries per player.

use std::time::Duration;

use async_trait::async_trait;
use redis::{Value, cmd};

use super::appends::{Append, Appended};
use super::reply::{Entry, number, unexpected};
use super::store::RedisStore;
use crate::error::{Error, Result};
use crate::order::{OrderBatch, OrderEntry, Receipt, Right};
use crate::outcome::{OrderStatus, WAITING_LOOKED_AT, listed, newest};
use crate::store::{MAX_READ, Orders};
use crate::stream::StreamId;
use crate::wait::Growth;

/// How many waiting entries of the stream one script looks at; each holds one batch or more.
const PAGE: usize = 100;

#[async_trait]
impl Orders for RedisStore {
    async fn append_orders(&self, batch: &OrderBatch) -> Result<Receipt> {
        batch.check()?;
        match self.appends.ask(Append::of(batch)).await? {
            Appended::Nowhere => {
                Err(Error::WrongUniverse { given: batch.universe.clone(), current: None })
            }
            Appended::Elsewhere(running) => Err(Error::WrongUniverse {
                given: batch.universe.clone(),
                current: Some(running.into()),
            }),
            Appended::Entry { id, known } => {
                let name =
                    |place: usize| batch.orders.get(place.wrapping_sub(1))?.client_id.clone();
                let duplicates: Option<Vec<String>> = known.into_iter().map(name).collect();
                let duplicates = duplicates
                    .ok_or_else(|| unexpected("order stream", "a duplicate that was not sent"))?;
                Ok(Receipt { id, duplicates })
            }
            Appended::NotHeld(held) => Err(Error::NotYourSeat { held }),
            Appended::Taken(places) => {
                let Right::Unclaimed { factions, .. } = &batch.right else {
                    return Err(unexpected("seats", "an answer to a question that was not asked"));
                };
                let name = |place: usize| factions.get(place.wrapping_sub(1)).cloned();
                let taken: Option<Vec<String>> = places.into_iter().map(name).collect();
                let factions =
                    taken.ok_or_else(|| unexpected("seats", "a faction that was not asked for"))?;
                Err(Error::SeatTaken { factions })
            }
            Appended::Full(waiting) => Err(Error::BacklogFull { waiting }),
        }
    }

    async fn orders_after(
        &self,
        cursor: StreamId,
        count: usize,
        wait: Duration,
    ) -> Result<Vec<OrderEntry>> {
        let count = count.clamp(1, MAX_READ);
        let keys = [self.keys.orders.as_str(), &self.keys.last_order];
        let mut growth = Growth::watch(&self.newest.order, wait);
        loop {
            growth.mark();
            let entries = self.read_stream("orders", keys, "", cursor.into(), count).await?;
            if !entries.is_empty() || !growth.next().await {
                return orders_after(entries, cursor, count);
            }
        }
    }

    async fn order_backlog(&self) -> Result<u64> {
        let doing = "counting orders";
        let cursor = cmd("HGET").arg(&self.keys.world).arg("cursor").to_owned();
        let cursor: Option<String> = self.link.read_command(doing, &cursor).await?;
        let last = cmd("GET").arg(&self.keys.last_order).to_owned();
        let last: Option<String> = self.link.read_command(doing, &last).await?;
        let cursor = number("cursor", cursor.as_deref().unwrap_or("0"))?;
        let last = number("last order", last.as_deref().unwrap_or("0"))?;
        Ok(last.saturating_sub(cursor))
    }

    async fn order(&self, id: StreamId) -> Result<Option<OrderStatus>> {
        let keys = &self.keys;
        let mut script =
            self.reads(&self.scripts.order_status, &[&keys.world, &keys.orders, &keys.outcomes]);
        script.arg(id.number());
        let (kind, entries): (String, Vec<Value>) =
            self.link.read("looking for an order", &script).await?;
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

    // What waits is read first: an entry that a commit passes meanwhile is found done.
    async fn orders_of(&self, player: &str, count: usize) -> Result<Vec<OrderStatus>> {
        let count = listed(count);
        let waiting = waiting_of(self, player, count).await?;
        let mut script =
            self.reads(&self.scripts.outcomes_of, &[&self.keys.outcomes, &self.keys.outcomes_of]);
        script.arg(player).arg(count);
        let done: Vec<Value> = self.link.read("listing a player's orders", &script).await?;
        let done = done
            .into_iter()
            .map(|entry| Entry::read("outcomes", entry)?.into_outcome())
            .collect::<Result<_>>()?;
        Ok(newest(waiting, done, count))
    }
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
