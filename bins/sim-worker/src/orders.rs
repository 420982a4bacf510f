//! From the order stream to the orders of a tick, the refusals, and the outcomes.

use std::collections::BTreeSet;

use sector_redis::{NewEvent, OrderEntry, Outcome, StreamId, UniverseId};
use sector_sim::order::Refusal;
use sector_sim::{FleetId, Order};
use sector_wire::{
    EventKind, OrderProgress, OrderResult, OrderSource, OrderState, OrdersRefused, RefusedOrder,
    Untaken,
};
use serde_json::Value;

use crate::chronicle::text;
use crate::error::Error;
use crate::meter::Meter;

/// Maximum number of order entries per tick; the rest waits for the next.
pub(crate) const MAX_ENTRIES: usize = 1_000;

/// The next entries of the order stream, sorted into orders and refusals.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    entries: Vec<OrderEntry>,
    /// The fates of each entry's orders.
    fates: Vec<Vec<Fate>>,
    /// Orders for the tick, in stream order.
    pub(crate) orders: Vec<Order>,
    /// Orders that reach no tick, in stream order.
    refused: Vec<RefusedOrder>,
}

/// Fate of an order.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// The tick decides; this is its index among the tick's orders.
    Given(usize),
    /// Refused without reaching a tick.
    Refused(Untaken),
}

/// Whether the fate of these entries depends on the claims.
pub(crate) fn depend_on_seats(entries: &[OrderEntry], universe: &UniverseId) -> bool {
    entries
        .iter()
        .any(|entry| entry.source == OrderSource::Bot.name() && entry.universe == *universe)
}

impl Taken {
    /// Sorts entries into orders for this universe and refusals. Two things may have changed since
    /// an order was accepted: its universe may have ended, and a player may have claimed the
    /// faction of a computer player's order. `claimed` lists the factions that players hold now.
    pub(crate) fn of(
        entries: Vec<OrderEntry>,
        universe: &UniverseId,
        claimed: &BTreeSet<String>,
    ) -> Taken {
        let mut taken = Taken::default();
        for entry in &entries {
            let mut fates = Vec::with_capacity(entry.orders.len());
            for body in &entry.orders {
                let fate = taken.judge(entry, body, universe, claimed);
                if let Fate::Refused(code) = fate {
                    taken.refused.push(refused(entry, body, code));
                }
                fates.push(fate);
            }
            taken.fates.push(fates);
        }
        taken.entries = entries;
        taken
    }

    fn judge(
        &mut self,
        entry: &OrderEntry,
        body: &str,
        universe: &UniverseId,
        claimed: &BTreeSet<String>,
    ) -> Fate {
        if entry.universe != *universe {
            return Fate::Refused(Untaken::RunOver);
        }
        match serde_json::from_str::<Order>(body) {
            Ok(order)
                if entry.source == OrderSource::Bot.name()
                    && claimed.contains(&order.faction.to_string()) =>
            {
                Fate::Refused(Untaken::FactionClaimed)
            }
            Ok(order) => {
                self.orders.push(order);
                Fate::Given(self.orders.len() - 1)
            }
            // The API appends only checked orders, so something else wrote this.
            Err(error) => {
                tracing::warn!(id = %entry.id, %error, "refusing unreadable order");
                Fate::Refused(Untaken::Unreadable)
            }
        }
    }

    /// Id of the last entry.
    pub(crate) fn last(&self) -> Option<StreamId> {
        self.entries.last().map(|entry| entry.id)
    }

    /// The refusals as an event, if there are any. The commit that passes the orders writes it, so each accepted order
    /// has exactly one outcome in the event stream.
    pub(crate) fn refusals(&self, universe: &str, tick: u64) -> Result<Option<NewEvent>, Error> {
        if self.refused.is_empty() {
            return Ok(None);
        }
        let orders = self.refused.clone();
        let data = text(&OrdersRefused { universe_id: universe.to_string(), tick, orders })?;
        Ok(Some(NewEvent { kind: EventKind::OrdersRefused.into(), data }))
    }

    /// Counts the outcomes, after the commit.
    pub(crate) fn count(
        &self,
        meter: &Meter,
        results: &[Result<Option<FleetId>, Refusal>],
        now_ms: u64,
    ) {
        for (entry, fates) in self.entries.iter().zip(&self.fates) {
            for fate in fates {
                meter.order(match fate {
                    Fate::Refused(code) => Some(code.name()),
                    Fate::Given(index) => match results.get(*index) {
                        Some(Ok(_)) => None,
                        Some(Err(refusal)) => Some(refusal.code()),
                        None => Some(Refusal::RunOver.code()),
                    },
                });
            }
            meter.told(entry, now_ms);
        }
    }

    /// The entries.
    pub(crate) fn entries(&self) -> &[OrderEntry] {
        &self.entries
    }

    /// The outcome of each entry. `tick` is the one whose commit passes them, `results` its results for their orders.
    pub(crate) fn outcomes(
        &self,
        tick: u64,
        results: &[Result<Option<FleetId>, Refusal>],
    ) -> Result<Vec<Outcome>, Error> {
        let outcome = |(entry, fates): (&OrderEntry, &Vec<Fate>)| {
            let orders = entry.orders.iter().zip(fates);
            let result = OrderResult {
                universe_id: entry.universe.to_string(),
                tick: Some(tick),
                source: entry.source.clone(),
                at_ms: entry.at_ms,
                orders: orders.map(|(body, fate)| progress(body, *fate, results)).collect(),
            };
            Ok(Outcome { id: entry.id, player: entry.player.clone(), body: text(&result)? })
        };
        self.entries.iter().zip(&self.fates).map(outcome).collect()
    }
}

/// An order and its outcome.
fn progress(body: &str, fate: Fate, results: &[Result<Option<FleetId>, Refusal>]) -> OrderProgress {
    let order = serde_json::from_str(body).unwrap_or_else(|_| Value::from(body));
    let refused = |code: &str| (OrderState::Refused, Some(code.to_owned()), None);
    let (status, code, fleet) = match fate {
        Fate::Given(index) => match results.get(index) {
            Some(Ok(fleet)) => (OrderState::Applied, None, fleet.map(|fleet| fleet.0)),
            Some(Err(refusal)) => refused(refusal.code()),
            // The engine judges every order it is given.
            None => refused(Refusal::RunOver.code()),
        },
        Fate::Refused(code) => refused(code.name()),
    };
    OrderProgress { order, status, code, fleet }
}

/// An order that reaches no tick.
fn refused(entry: &OrderEntry, body: &str, code: Untaken) -> RefusedOrder {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    RefusedOrder {
        id: entry.id.to_string(),
        universe_id: entry.universe.to_string(),
        player: entry.player.clone(),
        client_id: body.get("client_id").and_then(Value::as_str).map(str::to_owned),
        code,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(number: u64, universe: &str, source: &str, orders: &[&str]) -> OrderEntry {
        OrderEntry {
            id: StreamId::new(number),
            universe: universe.into(),
            player: "p".into(),
            source: source.into(),
            at_ms: 7,
            orders: orders.iter().map(ToString::to_string).collect(),
        }
    }

    fn claimed(factions: &[&str]) -> BTreeSet<String> {
        factions.iter().map(ToString::to_string).collect()
    }

    const FIRST: &str = r#"{"kind":"muster","faction":"F1","target_id":0,"client_id":"c"}"#;
    const SECOND: &str = r#"{"kind":"muster","faction":"F2","target_id":0,"client_id":"d"}"#;

    #[test]
    fn every_order_is_taken_or_refused() {
        let entries = [
            entry(1, "old", "human", &[FIRST, "{}"]),
            entry(2, "new", "human", &[FIRST, "no order"]),
        ];
        let taken = Taken::of(entries.to_vec(), &"new".into(), &claimed(&["F1"]));
        assert_eq!((taken.orders.len(), taken.last()), (1, Some(StreamId::new(2))));
        let event = taken.refusals("new", 7).unwrap().unwrap();
        assert_eq!(event.kind, "orders_refused");
        let data: Value = serde_json::from_str(&event.data).unwrap();
        assert_eq!((&data["universe_id"], &data["tick"]), (&"new".into(), &7.into()));
        let refused: Vec<(&str, &str, Option<&str>)> = data["orders"]
            .as_array()
            .unwrap()
            .iter()
            .map(|order| {
                (
                    order["id"].as_str().unwrap(),
                    order["code"].as_str().unwrap(),
                    order["client_id"].as_str(),
                )
            })
            .collect();
        assert_eq!(
            refused,
            [
                ("1-0", "run_over", Some("c")),
                ("1-0", "run_over", None),
                ("2-0", "unreadable", None)
            ]
        );
        assert!(
            Taken::of(entries[1..].to_vec(), &"old".into(), &claimed(&[]))
                .refusals("old", 1)
                .unwrap()
                .is_some()
        );
        assert!(
            Taken::of(Vec::new(), &"new".into(), &claimed(&[]))
                .refusals("new", 1)
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn a_computer_player_has_nothing_to_say_once_a_player_has_the_faction() {
        let entries =
            [entry(1, "new", "bot", &[FIRST, SECOND]), entry(2, "new", "human", &[FIRST])];
        assert!(
            depend_on_seats(&entries, &"new".into()) && !depend_on_seats(&entries, &"newer".into())
        );
        assert!(!depend_on_seats(&entries[1..], &"new".into()));
        let taken = Taken::of(entries.to_vec(), &"new".into(), &claimed(&["F1"]));
        let given: Vec<String> =
            taken.orders.iter().map(|order| order.faction.to_string()).collect();
        assert_eq!(given, ["F2", "F1"]);
        assert!(
            taken
                .refusals("new", 1)
                .unwrap()
                .unwrap()
                .data
                .contains(r#""client_id":"c","code":"faction_claimed""#)
        );
        assert_eq!(Taken::of(entries.to_vec(), &"new".into(), &claimed(&[])).orders.len(), 3);
    }

    #[test]
    fn each_entry_is_told_what_became_of_its_orders() {
        let entries = [
            entry(3, "old", "human", &[FIRST]),
            entry(4, "new", "bot", &[FIRST, SECOND, "no order"]),
            entry(5, "new", "human", &[FIRST]),
        ];
        let taken = Taken::of(entries.to_vec(), &"new".into(), &claimed(&["F2"]));
        let outcomes = taken
            .outcomes(9, &[Ok(serde_json::from_str("12").unwrap()), Err(Refusal::NotOwner)])
            .unwrap();
        let ids: Vec<u64> = outcomes.iter().map(|outcome| outcome.id.number()).collect();
        assert_eq!(ids, [3, 4, 5]);
        let bodies: Vec<Value> =
            outcomes.iter().map(|outcome| serde_json::from_str(&outcome.body).unwrap()).collect();
        let (first, second): (Value, Value) =
            (serde_json::from_str(FIRST).unwrap(), serde_json::from_str(SECOND).unwrap());
        let refused = |order: &Value, code: &str| json!({ "order": order, "status": "refused", "code": code });
        let expected = |universe: &str, source: &str, orders: Value| json!({ "universe_id": universe, "tick": 9, "source": source, "at_ms": 7, "orders": orders });
        assert_eq!(bodies[0], expected("old", "human", json!([refused(&first, "run_over")])));
        let orders = json!([
            { "order": first, "status": "applied", "fleet": 12 },
            refused(&second, "faction_claimed"),
            refused(&"no order".into(), "unreadable"),
        ]);
        assert_eq!(bodies[1], expected("new", "bot", orders));
        assert_eq!(bodies[2], expected("new", "human", json!([refused(&first, "not_owner")])));
        let applied = Taken::of(entries[2..].to_vec(), &"new".into(), &claimed(&[]));
        let applied = applied.outcomes(9, &[Ok(None)]).unwrap();
        let applied: Value = serde_json::from_str(&applied[0].body).unwrap();
        let orders = json!([{ "order": first, "status": "applied" }]);
        assert_eq!(applied, expected("new", "human", orders));
    }
}
