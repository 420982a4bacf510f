//! The books of a sector, from its store alone: every order once, no tick lost, changed or forked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sector_redis::{OrderStatus, Store, StreamId};
use sector_sim::world::Size;
use sector_sim::{Delta, Event, Mirror, Rules, Snapshot, World};
use serde_json::{Value, json};

/// How many of the newest receipts are looked up: fewer than the store keeps outcomes.
const LOOKED_UP: usize = 2_000;

/// What the store holds, in numbers.
#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) universes: u64,
    pub(crate) ticks: u64,
    pub(crate) applied: u64,
    pub(crate) refused: u64,
    /// Client id and universe: how many outcomes. An order that was accepted without an answer
    /// reaching its player, and is sent again when another universe runs, is accepted in both.
    pub(crate) outcomes: BTreeMap<(String, String), u32>,
    digests: BTreeMap<(String, u64), String>,
}

impl Books {
    /// Reads the whole event stream, which must not have been trimmed, and plays the kept records
    /// again.
    ///
    /// # Panics
    /// When something does not add up; the message says what.
    pub(crate) async fn audit(store: &Arc<dyn Store>) -> Books {
        let mut books = Books::default();
        let mut mirror: Option<Mirror> = None;
        let mut last = StreamId::START;
        loop {
            let events = store.events_after(last, 1_000, Duration::ZERO).await.unwrap();
            if events.is_empty() {
                break;
            }
            for event in events {
                assert_eq!(event.id, last.next(), "a gap in the events");
                last = event.id;
                books.enter(&event.kind, &event.data, &mut mirror);
            }
        }
        let head = store.head().await.unwrap().expect("a universe runs");
        assert_eq!(head.event_id, last);
        assert_eq!(books.digests.get(&(head.universe.to_string(), head.tick)), Some(&head.digest));
        let mut universes = vec![head.universe];
        universes.extend(store.runs(100).await.unwrap().into_iter().map(|run| run.universe));
        for universe in universes {
            books.replay(store, &universe).await;
        }
        books
    }

    fn enter(&mut self, kind: &str, data: &str, mirror: &mut Option<Mirror>) {
        match kind {
            "snapshot" => {
                let snapshot: Snapshot = serde_json::from_str(data).unwrap();
                let new = Mirror::new(&snapshot).unwrap();
                assert_eq!(snapshot.tick, 0);
                let key = (snapshot.universe_id.clone(), 0);
                assert_eq!(self.digests.insert(key, new.digest().to_string()), None, "begun twice");
                *mirror = Some(new);
                self.universes += 1;
            }
            "delta" => {
                let delta: Delta = serde_json::from_str(data).unwrap();
                let mirror = mirror.as_mut().expect("a universe has begun");
                mirror.apply(&delta).unwrap();
                assert!(
                    mirror.is_exact(),
                    "tick {} of {} has another digest",
                    delta.tick,
                    delta.universe_id
                );
                let key = (delta.universe_id.clone(), delta.tick);
                assert_eq!(
                    self.digests.insert(key, delta.digest.to_string()),
                    None,
                    "a tick twice"
                );
                self.ticks += 1;
                for event in &delta.events {
                    match event {
                        Event::OrderApplied { client_id, .. } => {
                            self.applied += 1;
                            self.outcome(client_id.as_deref(), &delta.universe_id);
                        }
                        Event::OrderRefused { client_id, .. } => {
                            self.refused += 1;
                            self.outcome(client_id.as_deref(), &delta.universe_id);
                        }
                        _ => {}
                    }
                }
            }
            "orders_refused" => {
                let data: Value = serde_json::from_str(data).unwrap();
                for order in data["orders"].as_array().unwrap() {
                    self.refused += 1;
                    self.outcome(
                        order["client_id"].as_str(),
                        order["universe_id"].as_str().unwrap(),
                    );
                }
            }
            _ => {}
        }
    }

    fn outcome(&mut self, client_id: Option<&str>, universe: &str) {
        if let Some(client_id) = client_id {
            *self.outcomes.entry((client_id.to_owned(), universe.to_owned())).or_default() += 1;
        }
    }

    async fn replay(&self, store: &Arc<dyn Store>, universe: &str) {
        let header =
            store.replay_header(&universe.into()).await.unwrap().expect("a kept run has a header");
        let header: Value = serde_json::from_str(&header).unwrap();
        let rules: Rules = serde_json::from_value(header["rules"].clone()).unwrap();
        let size = Size {
            systems: u32::try_from(header["systems"].as_u64().unwrap()).unwrap(),
            factions: u8::try_from(header["factions"].as_u64().unwrap()).unwrap(),
        };
        let mut world =
            World::with_size(Arc::new(rules), header["seed"].as_u64().unwrap(), size).unwrap();
        loop {
            let records = store.records(&universe.into(), world.tick() + 1, 1_000).await.unwrap();
            if records.is_empty() {
                break;
            }
            for (tick, record) in records {
                let record: Value = serde_json::from_str(&record).unwrap();
                let orders = record.get("orders").cloned().unwrap_or_else(|| json!([]));
                let orders: Vec<sector_sim::Order> = serde_json::from_value(orders).unwrap();
                let digest = world.step(&orders).digest.to_string();
                assert_eq!(world.tick(), tick);
                let committed = self.digests.get(&(universe.to_owned(), tick));
                assert_eq!(committed, Some(&digest), "tick {tick} of {universe}");
            }
        }
    }

    /// The newest receipts lead to the outcomes of their orders, as the store has them; says how
    /// many were looked at.
    ///
    /// # Panics
    /// When one does not; the message names it.
    pub(crate) async fn look_up(
        store: &Arc<dyn Store>,
        receipts: &BTreeMap<String, String>,
    ) -> usize {
        let mut ids: Vec<(StreamId, &str)> = receipts
            .iter()
            .map(|(client_id, receipt)| (receipt.parse().unwrap(), client_id.as_str()))
            .collect();
        ids.sort_unstable();
        let newest = ids.len().saturating_sub(LOOKED_UP);
        for (id, client_id) in &ids[newest..] {
            let Some(OrderStatus::Done(outcome)) = store.order(*id).await.unwrap() else {
                panic!("nothing is on record of {client_id}, accepted in {id}");
            };
            let body: Value = serde_json::from_str(&outcome.body).unwrap();
            let of_it: Vec<&Value> = body["orders"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|order| order["order"]["client_id"].as_str() == Some(client_id))
                .collect();
            assert_eq!(of_it.len(), 1, "on record of {client_id} in {id} is {body}");
            assert!(of_it[0]["status"] == "applied" || of_it[0]["code"].is_string(), "{body}");
        }
        ids.len() - newest
    }

    /// Every receipt has its outcome, and nothing has two.
    ///
    /// # Panics
    /// When not; the message names the order.
    pub(crate) fn compare(&self, receipts: &BTreeMap<String, String>) {
        for ((client_id, universe), count) in &self.outcomes {
            assert_eq!(*count, 1, "{client_id} has {count} outcomes in {universe}");
        }
        for (client_id, receipt) in receipts {
            let of_it = (client_id.clone(), String::new())..;
            let has_one =
                self.outcomes.range(of_it).next().is_some_and(|((found, _), _)| found == client_id);
            assert!(has_one, "{client_id} was accepted in {receipt} and has no outcome");
        }
    }
}
