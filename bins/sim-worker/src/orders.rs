//! From the order stream to the orders of a tick, and the refusal of those that no tick can take.

use sector_redis::{NewEvent, OrderEntry};
use sector_sim::Order;
use serde::Serialize;
use serde_json::Value;

use crate::chronicle::text;

/// Most entries of the order stream that one tick takes; the rest waits for the next.
pub(crate) const MAX_ENTRIES: usize = 1_000;

/// What the next entries of the order stream come to.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// The orders for the running universe, in stream order: the tick applies or refuses each.
    pub(crate) orders: Vec<Order>,
    /// Those that no tick of the running universe can take, in stream order.
    pub(crate) refused: Vec<Refused>,
}

/// An accepted order that is refused without a tick.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Refused {
    /// The entry of the order stream.
    id: String,
    universe_id: String,
    player: String,
    client_id: Option<String>,
    code: &'static str,
}

/// The entry of type `orders_refused` in the event stream.
#[derive(Debug, Serialize)]
struct OrdersRefused<'a> {
    /// The universe that runs, and the tick whose commit passes the orders.
    universe_id: &'a str,
    tick: u64,
    orders: &'a [Refused],
}

impl Taken {
    /// Sorts entries into orders for this universe and refusals. An order is accepted only for the universe that
    /// runs, but that may end before the order is read: then there is nobody left to obey it.
    pub(crate) fn of(entries: &[OrderEntry], universe: &str) -> Taken {
        let mut taken = Taken::default();
        for entry in entries {
            for body in &entry.orders {
                if entry.universe != universe {
                    taken.refused.push(Refused::of(entry, body, "run_over"));
                    continue;
                }
                match serde_json::from_str(body) {
                    Ok(order) => taken.orders.push(order),
                    // Only checked orders are appended, so this was written by something else.
                    Err(error) => {
                        tracing::warn!(id = %entry.id, %error, "an order that cannot be read is refused");
                        taken.refused.push(Refused::of(entry, body, "unreadable"));
                    }
                }
            }
        }
        taken
    }

    /// The refusals as an event, if there are any. It is committed with the cursor that passes the orders, so that
    /// each accepted order has an outcome in the event stream, exactly once.
    pub(crate) fn refusals(&self, universe: &str, tick: u64) -> Option<NewEvent> {
        if self.refused.is_empty() {
            return None;
        }
        let data = text(&OrdersRefused { universe_id: universe, tick, orders: &self.refused });
        Some(NewEvent { kind: "orders_refused".into(), data })
    }
}

impl Refused {
    fn of(entry: &OrderEntry, body: &str, code: &'static str) -> Refused {
        let body = serde_json::from_str::<Value>(body).unwrap_or_default();
        Refused {
            id: entry.id.to_string(),
            universe_id: entry.universe.clone(),
            player: entry.player.clone(),
            client_id: body.get("client_id").and_then(Value::as_str).map(str::to_owned),
            code,
        }
    }
}

#[cfg(test)]
mod tests {
    use sector_redis::StreamId;

    use super::*;

    fn entry(number: u64, universe: &str, orders: &[&str]) -> OrderEntry {
        OrderEntry {
            id: StreamId::new(number),
            universe: universe.into(),
            player: "p".into(),
            source: "human".into(),
            at_ms: 0,
            orders: orders.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn every_order_is_taken_or_refused() {
        let order = r#"{"kind":"muster","faction":"F1","target_id":0,"client_id":"c"}"#;
        let entries = [entry(1, "old", &[order, "{}"]), entry(2, "new", &[order, "no order"])];
        let taken = Taken::of(&entries, "new");
        assert_eq!(taken.orders.len(), 1);
        let event = taken.refusals("new", 7).unwrap();
        assert_eq!(event.kind, "orders_refused");
        let data: Value = serde_json::from_str(&event.data).unwrap();
        assert_eq!((&data["universe_id"], &data["tick"]), (&"new".into(), &7.into()));
        let refused: Vec<(&str, &str, Option<&str>)> = data["orders"]
            .as_array()
            .unwrap()
            .iter()
            .map(|order| (order["id"].as_str().unwrap(), order["code"].as_str().unwrap(), order["client_id"].as_str()))
            .collect();
        assert_eq!(refused, [("1-0", "run_over", Some("c")), ("1-0", "run_over", None), ("2-0", "unreadable", None)]);
        assert!(Taken::of(&entries[1..], "old").refusals("old", 1).is_some());
        assert!(Taken::of(&[], "new").refusals("new", 1).is_none());
    }
}
