//! The books: what was promised to whom, and whether it was kept.
//!
//! They are kept from the outside: from what the store answers and shows, never from how it works.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use sector_redis::{
    Award, Claim, Commit, Committed, Event, Head, Incarnation, Lease, OrderBatch, OrderEntry,
    OrderStatus, Receipt, Result, StreamId, UniverseId,
};
use sector_sim::{Delta, Event as Happening, Mirror, Snapshot};
use serde_json::{Value, json};
use tokio::time::Instant;

mod readers;

/// Faults beyond these are not written down: the first says it.
const FAULTS_MAX: usize = 5;

/// An accepted order that has no outcome yet.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Open {
    entry: StreamId,
    /// Its place in the entry.
    place: usize,
    universe: UniverseId,
    client_id: Option<String>,
}

/// An accepted entry, and what the events say of its orders.
#[derive(Clone, Debug)]
struct Accepted {
    entry: OrderEntry,
    /// For each order, once it has an outcome: the tick, and what is to be on record.
    fates: Vec<Option<(u64, Value)>>,
}

/// The newest commit.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Last {
    epoch: u64,
    universe: UniverseId,
    tick: u64,
    digest: String,
    event_ids: Vec<StreamId>,
    finished: bool,
}

/// What a run came to, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) accepted: u64,
    pub(crate) applied: u64,
    pub(crate) refused: u64,
    /// Those of the refused that no tick took.
    pub(crate) passed: u64,
    /// Those of the refused that were a computer player's, for a faction that somebody had claimed.
    pub(crate) claimed: u64,
    /// Entries whose outcome on record is what the events say.
    pub(crate) recorded: u64,
    pub(crate) commits: u64,
    pub(crate) repeated: u64,
    pub(crate) universes: u64,
    pub(crate) runs: u64,
    pub(crate) epochs: u64,
    pub(crate) resynchronised: u64,
    pub(crate) restores: u64,
}

/// What followers of a replaced history may have seen of it.
#[derive(Clone, Debug, Default)]
struct Past {
    events: Vec<(String, String)>,
    digests: BTreeMap<(String, u64), String>,
}

#[derive(Clone, Default)]
pub(crate) struct Books {
    faults: Vec<String>,
    pub(crate) counts: Counts,
    events: Vec<(String, String)>,
    last_order: u64,
    open: VecDeque<Open>,
    accepted: BTreeMap<StreamId, Accepted>,
    /// Entries all of whose orders have an outcome, which is yet to be compared with the record.
    decided: Vec<StreamId>,
    /// By worker, the factions that the store has told it are held, since its last commit.
    seats_told: BTreeMap<usize, BTreeSet<String>>,
    /// The same, of the worker that has committed last.
    seats_known: Option<BTreeSet<String>>,
    /// Universe, player and client id: the entry.
    receipts: BTreeMap<(UniverseId, String, String), StreamId>,
    appended: BTreeMap<StreamId, Vec<String>>,
    holders: BTreeMap<String, usize>,
    leases: Vec<Lease>,
    /// When the newest lease runs out, unless it is renewed.
    lease_end: Option<Instant>,
    last: Option<Last>,
    universes: BTreeSet<UniverseId>,
    mirror: Option<Mirror>,
    digests: BTreeMap<(String, u64), String>,
    /// Ended runs and who won.
    ended: BTreeMap<UniverseId, Option<String>>,
    awards: BTreeMap<(UniverseId, String, String), String>,
    restarts_served: BTreeSet<u64>,
    /// The incarnation of the store, once it was restored.
    incarnation: Option<Incarnation>,
    /// The histories that were replaced, by their incarnation; the first store's is the first.
    pasts: BTreeMap<Option<Incarnation>, Past>,
    /// Like the receipts, also of histories that were replaced: what a client was told, it was told.
    ever_accepted: BTreeSet<(UniverseId, String, String)>,
}

impl Books {
    pub(crate) fn fault(&mut self, what: String) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(what);
        }
    }

    fn expect(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.fault(what());
        }
    }

    pub(crate) fn faults(&self) -> &[String] {
        &self.faults
    }

    /// From where the auditor reads on: orders and events.
    pub(crate) fn positions(&self) -> (StreamId, StreamId) {
        (StreamId::new(self.last_order), self.last_event())
    }

    pub(crate) fn last_event(&self) -> StreamId {
        StreamId::new(self.events.len() as u64)
    }

    pub(crate) fn open_orders(&self) -> usize {
        self.open.len()
    }

    /// Which worker asks for the lease under this name.
    pub(crate) fn know_holder(&mut self, holder: &str, worker: usize) {
        self.holders.insert(holder.to_owned(), worker);
    }

    /// The last epoch given, and to which worker.
    pub(crate) fn newest_epoch(&self) -> Option<(u64, usize)> {
        let lease = self.leases.last()?;
        Some((lease.epoch, *self.holders.get(&lease.holder)?))
    }

    pub(crate) fn enter_lease(&mut self, lease: &Lease, ttl: Duration) {
        let is_free = self.lease_end.is_none_or(|end| end <= Instant::now());
        self.expect(is_free, || {
            format!("epoch {} is given while the one before still runs", lease.epoch)
        });
        self.lease_end = Some(Instant::now() + ttl);
        self.counts.epochs += 1;
        let before = self.leases.last().map_or(0, |lease| lease.epoch);
        self.expect(lease.epoch > before, || {
            format!("epoch {} is given after {before}", lease.epoch)
        });
        self.leases.push(lease.clone());
    }

    /// A worker has asked to give this lease back.
    pub(crate) fn enter_release(&mut self, lease: &Lease) {
        if self.leases.last() == Some(lease) {
            self.lease_end = None;
        }
    }

    pub(crate) fn enter_renewal(&mut self, lease: &Lease, ttl: Duration) {
        let runs = self.lease_end.is_some_and(|end| end > Instant::now());
        self.expect(runs, || {
            format!("the lease of epoch {} is renewed after its end", lease.epoch)
        });
        self.lease_end = Some(Instant::now() + ttl);
        let newest = self.leases.last() == Some(lease);
        self.expect(newest, || {
            format!("a lease of epoch {} is renewed, which is not the newest", lease.epoch)
        });
    }

    /// Orders that are new in the stream.
    pub(crate) fn enter_orders(&mut self, orders: Result<Vec<OrderEntry>>) {
        let orders = match orders {
            Ok(orders) => orders,
            Err(error) => return self.fault(format!("the orders cannot be read on: {error}")),
        };
        for entry in orders {
            let expected = self.last_order + 1;
            let number = entry.id.number();
            self.expect(number == expected, || {
                format!("order entry {number} comes where {expected} should")
            });
            self.last_order = number;
            self.appended.insert(entry.id, entry.orders.clone());
            for (place, body) in entry.orders.iter().enumerate() {
                let body: Value = serde_json::from_str(body).unwrap_or_default();
                let client_id = body["client_id"].as_str().map(str::to_owned);
                self.counts.accepted += 1;
                self.open.push_back(Open {
                    entry: entry.id,
                    place,
                    universe: entry.universe.clone(),
                    client_id,
                });
            }
            let fates = vec![None; entry.orders.len()];
            self.accepted.insert(entry.id, Accepted { entry, fates });
        }
    }

    /// The store has accepted a batch.
    pub(crate) fn enter_receipt(&mut self, batch: &OrderBatch, receipt: &Receipt) {
        let mut fresh = Vec::new();
        let mut earliest = None;
        for order in &batch.orders {
            let Some(client_id) = &order.client_id else {
                fresh.push(order.body.clone());
                continue;
            };
            let key = (batch.universe.clone(), batch.player.clone(), client_id.clone());
            match self.receipts.get(&key).copied() {
                Some(entry) => {
                    earliest = earliest.or(Some(entry));
                    let named = receipt.duplicates.contains(client_id);
                    self.expect(named, || {
                        format!("{client_id} is accepted a second time, in {}", receipt.id)
                    });
                }
                None => {
                    self.ever_accepted.insert(key.clone());
                    self.receipts.insert(key, receipt.id);
                    fresh.push(order.body.clone());
                }
            }
        }
        let expected = if fresh.is_empty() { earliest == Some(receipt.id) } else { true };
        self.expect(expected, || {
            format!("the receipt {} of known orders is not {earliest:?}", receipt.id)
        });
        let is_there = fresh.is_empty() || self.appended.get(&receipt.id) == Some(&fresh);
        self.expect(is_there, || format!("entry {} does not hold what it was given", receipt.id));
    }

    /// A client has been told that its orders are accepted.
    pub(crate) fn told(&mut self, batch: &OrderBatch) {
        for client_id in batch.orders.iter().filter_map(|order| order.client_id.as_ref()) {
            let key = (batch.universe.clone(), batch.player.clone(), client_id.clone());
            let known = self.ever_accepted.contains(&key);
            self.expect(known, || {
                format!("a client holds a receipt for {client_id}, which was never accepted")
            });
        }
    }

    /// The store says that it has written a commit.
    pub(crate) fn enter_commit(&mut self, commit: &Commit, committed: &Committed) {
        let Commit { lease, universe, tick, digest, .. } = commit;
        if committed.repeated {
            self.counts.repeated += 1;
            if self.leases.last() == Some(lease)
                && self.lease_end.is_some_and(|end| end > Instant::now())
            {
                self.lease_end = Some(Instant::now() + commit.lease_ttl);
            }
            let same = self.last.as_ref().is_some_and(|last| {
                (last.epoch, &last.universe, last.tick, &last.digest, &last.event_ids)
                    == (lease.epoch, universe, *tick, digest, &committed.event_ids)
            });
            return self.expect(same, || {
                format!("tick {tick} of {universe} counts as repeated, and is not the last")
            });
        }
        self.counts.commits += 1;
        let worker = self.holders.get(&lease.holder);
        self.seats_known = worker.copied().and_then(|worker| self.seats_told.remove(&worker));
        let newest = self.leases.last() == Some(lease);
        self.expect(newest, || {
            format!("tick {tick} is committed under epoch {}, not by the newest", lease.epoch)
        });
        let runs = self.lease_end.is_some_and(|end| end > Instant::now());
        self.expect(runs, || {
            format!("tick {tick} is committed after the end of the lease of epoch {}", lease.epoch)
        });
        self.lease_end = Some(Instant::now() + commit.lease_ttl);
        let epoch_before = self.last.as_ref().map_or(0, |last| last.epoch);
        self.expect(lease.epoch >= epoch_before, || {
            format!("epoch {} commits after {epoch_before}", lease.epoch)
        });
        if commit.begin.is_some() {
            let is_new = self.universes.insert(universe.clone());
            self.expect(is_new && *tick == 0, || format!("{universe} begins a second time"));
            self.counts.universes += 1;
            let before =
                self.last.as_ref().filter(|last| !last.finished && commit.restart_served.is_none());
            let cut =
                before.map(|last| format!("{} is cut off at tick {}", last.universe, last.tick));
            self.expect(cut.is_none(), || cut.unwrap_or_default());
            if let Some(served) = commit.restart_served {
                let once = self.restarts_served.insert(served);
                self.expect(once, || format!("the restart {served} is served twice"));
            }
        } else {
            let follows = self.last.as_ref().is_some_and(|last| {
                last.universe == *universe && last.tick + 1 == *tick && !last.finished
            });
            let last =
                self.last.as_ref().map(|last| (last.universe.clone(), last.tick, last.finished));
            self.expect(follows, || {
                format!("tick {tick} of {universe} is committed after {last:?}")
            });
        }
        self.last = Some(Last {
            epoch: lease.epoch,
            universe: universe.clone(),
            tick: *tick,
            digest: digest.clone(),
            event_ids: committed.event_ids.clone(),
            finished: commit.finished.is_some(),
        });
    }

    /// Events that are new in the stream.
    pub(crate) fn enter_events(&mut self, events: Result<Vec<Event>>) {
        let events = match events {
            Ok(events) => events,
            Err(error) => return self.fault(format!("the events cannot be read on: {error}")),
        };
        for event in events {
            let expected = self.last_event().next();
            self.expect(event.id == expected, || {
                format!("event {} comes where {expected} should", event.id)
            });
            if let Err(what) = self.enter_event(&event) {
                self.fault(format!("event {} ({}): {what}", event.id, event.kind));
            }
            self.events.push((event.kind, event.data));
        }
    }

    fn enter_event(&mut self, event: &Event) -> std::result::Result<(), String> {
        let broken = |error: &dyn std::fmt::Display| error.to_string();
        match event.kind.as_str() {
            "snapshot" => {
                let snapshot: Snapshot =
                    serde_json::from_str(&event.data).map_err(|error| broken(&error))?;
                if self
                    .mirror
                    .as_ref()
                    .is_some_and(|mirror| mirror.universe().id == snapshot.universe_id)
                {
                    return Err(format!("{} begins a second time", snapshot.universe_id));
                }
                let mirror = Mirror::new(&snapshot).map_err(|error| broken(&error))?;
                self.digests.insert((snapshot.universe_id.clone(), 0), mirror.digest().to_string());
                self.mirror = Some(mirror);
                if snapshot.tick != 0 { Err(format!("tick {}", snapshot.tick)) } else { Ok(()) }
            }
            "delta" => {
                let delta: Delta =
                    serde_json::from_str(&event.data).map_err(|error| broken(&error))?;
                let mirror = self.mirror.as_mut().ok_or("no universe has begun")?;
                mirror.apply(&delta).map_err(|error| broken(&error))?;
                if !mirror.is_exact() {
                    return Err(format!(
                        "tick {} leads to {}, not {}",
                        delta.tick,
                        mirror.digest(),
                        delta.digest
                    ));
                }
                let key = (delta.universe_id.clone(), delta.tick);
                if self.digests.insert(key, delta.digest.to_string()).is_some() {
                    return Err(format!("tick {} comes twice", delta.tick));
                }
                let mut outcomes: Vec<(u32, Value, Option<String>)> = Vec::new();
                for event in &delta.events {
                    match event {
                        Happening::OrderApplied { order, client_id, fleet, .. } => {
                            let mut fate = json!({ "status": "applied" });
                            if let Some(fleet) = fleet {
                                fate["fleet"] = json!(fleet);
                            }
                            outcomes.push((*order, fate, client_id.as_deref().map(str::to_owned)));
                        }
                        Happening::OrderRefused { order, client_id, code, .. } => {
                            let fate = json!({ "status": "refused", "code": code });
                            outcomes.push((*order, fate, client_id.as_deref().map(str::to_owned)));
                        }
                        _ => {}
                    }
                }
                outcomes.sort_by_key(|(order, ..)| *order);
                for (index, (order, fate, client_id)) in outcomes.into_iter().enumerate() {
                    if order as usize != index {
                        return Err(format!("order {order} has an outcome where {index} should"));
                    }
                    let is_applied = fate["status"] == "applied";
                    let counter = if is_applied {
                        &mut self.counts.applied
                    } else {
                        &mut self.counts.refused
                    };
                    *counter += 1;
                    self.settle(
                        None,
                        &delta.universe_id,
                        client_id.as_deref(),
                        (delta.tick, fate),
                    )?;
                }
                Ok(())
            }
            "orders_refused" => {
                let data: Value =
                    serde_json::from_str(&event.data).map_err(|error| broken(&error))?;
                for order in data["orders"].as_array().into_iter().flatten() {
                    self.counts.refused += 1;
                    self.counts.passed += 1;
                    let id = order["id"].as_str().and_then(|id| id.parse().ok());
                    let universe = order["universe_id"].as_str().unwrap_or_default();
                    let tick = data["tick"].as_u64().unwrap_or_default();
                    let fate = json!({ "status": "refused", "code": order["code"] });
                    self.settle(id, universe, order["client_id"].as_str(), (tick, fate))?;
                }
                Ok(())
            }
            "run_end" => {
                let data: Value =
                    serde_json::from_str(&event.data).map_err(|error| broken(&error))?;
                let universe = data["universe_id"].as_str().unwrap_or_default().to_owned();
                self.counts.runs += 1;
                let result = self.mirror.as_ref().and_then(|mirror| mirror.board().result());
                let winner =
                    result.and_then(|result| result.winner).map(|winner| winner.to_string());
                if result.is_none() || winner.as_deref() != data["winner"].as_str() {
                    return Err(format!("the run ends otherwise: {result:?}"));
                }
                match self.ended.insert(universe.clone().into(), winner) {
                    None => Ok(()),
                    Some(_) => Err(format!("{universe} ends twice")),
                }
            }
            other => Err(format!("unknown kind {other}")),
        }
    }

    /// An order has its outcome: it must be the one that is due.
    fn settle(
        &mut self,
        entry: Option<StreamId>,
        universe: &str,
        client_id: Option<&str>,
        fate: (u64, Value),
    ) -> std::result::Result<(), String> {
        // Orders refused outside a tick are reported by entry: they have no place among the orders of the commit.
        let place = entry.and_then(|entry| {
            self.open
                .iter()
                .position(|open| open.entry == entry && open.client_id.as_deref() == client_id)
        });
        let Some(due) = self.open.remove(place.unwrap_or(0)) else {
            return Err(format!("an outcome of {client_id:?} without an order"));
        };
        let fits = due.universe == universe
            && due.client_id.as_deref() == client_id
            && entry.is_none_or(|entry| entry == due.entry);
        if !fits {
            return Err(format!("an outcome of {client_id:?} in {universe}, due was {due:?}"));
        }
        if let Some(accepted) = self.accepted.get_mut(&due.entry) {
            if let Some(place) = accepted.fates.get_mut(due.place) {
                *place = Some(fate);
            }
            if accepted.fates.iter().all(Option::is_some) {
                self.decided.push(due.entry);
            }
        }
        Ok(())
    }

    /// Entries whose outcome must be on record by now, each once.
    pub(crate) fn decided(&mut self) -> Vec<StreamId> {
        std::mem::take(&mut self.decided)
    }

    /// What the store has on record of a decided entry: it must be what the events say, and what the seats said.
    pub(crate) fn enter_outcome(&mut self, id: StreamId, status: Option<&OrderStatus>) {
        let Some(Accepted { entry, fates }) = self.accepted.remove(&id) else { return };
        let Some(OrderStatus::Done(outcome)) = status else {
            return self.fault(format!("entry {id} is passed, and on record is {status:?}"));
        };
        let tick = fates.last().cloned().flatten().map(|(tick, _)| tick);
        let mut orders = Vec::new();
        for (body, fate) in entry.orders.iter().zip(fates) {
            let order: Value = serde_json::from_str(body).unwrap_or_else(|_| body.as_str().into());
            let mut fate = fate.map(|(_, fate)| fate).unwrap_or_default();
            if let Err(what) = self.judge_seat(&entry, &order, &fate) {
                self.fault(format!("entry {id}: {what}"));
            }
            fate["order"] = order;
            orders.push(fate);
        }
        let expected = json!({
            "universe_id": entry.universe,
            "tick": tick,
            "source": entry.source,
            "at_ms": entry.at_ms,
            "orders": orders,
        });
        let told: Value = serde_json::from_str(&outcome.body).unwrap_or_default();
        let same = told == expected && outcome.player == entry.player && outcome.id == id;
        self.expect(same, || {
            format!("on record of entry {id} is {}, but it came to {expected}", outcome.body)
        });
        self.counts.recorded += 1;
    }

    /// A computer player's order is refused for a claimed faction, and for no other reason beside the tick.
    fn judge_seat(
        &mut self,
        entry: &OrderEntry,
        order: &Value,
        fate: &Value,
    ) -> std::result::Result<(), String> {
        let code = fate["code"].as_str();
        if matches!(code, Some("run_over" | "unreadable")) {
            return Ok(());
        }
        let is_refused = code == Some("faction_claimed");
        self.counts.claimed += u64::from(is_refused);
        let is_claimed = match (entry.source.as_str(), &self.seats_known) {
            ("bot", None) => return Err("the seats were not looked at".into()),
            ("bot", Some(seats)) => seats.contains(order["faction"].as_str().unwrap_or_default()),
            _ => false,
        };
        if is_refused == is_claimed {
            return Ok(());
        }
        Err(format!(
            "{order} came to {fate}, and the seats that are held are {:?}",
            self.seats_known
        ))
    }

    /// A worker reads who holds a seat.
    pub(crate) fn tell_seats(&mut self, worker: usize, claims: &[Claim]) {
        self.seats_told.insert(worker, claims.iter().map(|claim| claim.faction.clone()).collect());
    }

    /// What the store shows as its head.
    pub(crate) fn enter_head(&mut self, head: Option<&Head>) {
        let Some(head) = head else { return };
        let digest = self.digests.get(&(head.universe.to_string(), head.tick)).cloned();
        self.expect(digest.as_deref() == Some(&head.digest), || {
            format!(
                "tick {} is committed with {}, its events say {digest:?}",
                head.tick, head.digest
            )
        });
        let last = self.last_event();
        self.expect(head.event_id == last, || {
            format!("the head says event {}, the stream {last}", head.event_id)
        });
        let due = self.open.front().map(|open| open.entry);
        let expected = due.map_or(self.last_order, |due| due.number() - 1);
        self.expect(head.cursor.number() == expected, || {
            format!("the cursor is {}, but outcomes reach to {expected}", head.cursor)
        });
        let result = self.mirror.as_ref().is_some_and(|mirror| mirror.board().result().is_some());
        self.expect(result == head.finished, || {
            format!("finished is {}, the world says {result}", head.finished)
        });
        let told = self.ended.contains_key(&head.universe);
        self.expect(told == head.finished, || {
            format!("finished is {}, the events say {told}", head.finished)
        });
    }

    pub(crate) fn enter_awards(&mut self, awards: &[Award]) {
        for award in awards {
            let key = (award.universe.clone(), award.faction.clone(), award.award.clone());
            let before = self.awards.insert(key, award.body.clone());
            self.expect(before.is_none_or(|before| before == award.body), || {
                format!("{award:?} has changed")
            });
            let winner = self.ended.get(&award.universe).cloned().flatten();
            let earned = winner.as_deref() == Some(&award.faction);
            self.expect(earned, || {
                format!("{} of {} has an award and has not won", award.faction, award.universe)
            });
        }
        let (won, given) = (self.ended.values().flatten().count(), self.awards.len());
        self.expect(won == given && given == awards.len(), || {
            format!("{won} runs were won, {given} awards given")
        });
    }

    pub(crate) fn enter_claims(&mut self, claims: &[Claim]) {
        let players: BTreeSet<&str> = claims.iter().map(|claim| claim.player.as_str()).collect();
        let factions: BTreeSet<&str> = claims.iter().map(|claim| claim.faction.as_str()).collect();
        let single = players.len() == claims.len() && factions.len() == claims.len();
        self.expect(single, || format!("a seat is held twice: {claims:?}"));
    }

    /// The store is as it was when `then` was kept, in a new incarnation. What was found and seen since is not undone.
    pub(crate) fn restore(&mut self, then: &Books, incarnation: Incarnation) {
        let now = std::mem::replace(self, then.clone());
        self.faults = now.faults;
        self.counts = Counts { restores: now.counts.restores + 1, ..now.counts };
        self.holders = now.holders;
        self.ever_accepted = now.ever_accepted;
        self.pasts = now.pasts;
        self.pasts.insert(now.incarnation, Past { events: now.events, digests: now.digests });
        self.incarnation = Some(incarnation);
        // Leases and what was read under them are not part of a backup; epochs begin anew, far beyond the old ones.
        (self.leases, self.lease_end) = (Vec::new(), None);
        (self.seats_told, self.seats_known) = (BTreeMap::new(), None);
    }
}
