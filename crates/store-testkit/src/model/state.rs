//! What the model remembers.

use std::collections::{BTreeMap, BTreeSet};

use super::flaw::Flaw;
use sector_redis::commit::{Checkpoint, Lease, Run};
use sector_redis::document::{Document, Shelf};
use sector_redis::error::{Error, Result};
use sector_redis::incarnation::{Incarnation, Position, held};
use sector_redis::order::{OrderBatch, OrderEntry, Receipt, check_backlog};
use sector_redis::outcome::Outcome;
use sector_redis::store::RestartRequest;
use sector_redis::stream::{Event, StreamId, check_readable};
use sector_redis::{Pool, UniverseId};

/// The newest commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct World {
    pub(super) universe: UniverseId,
    pub(super) tick: u64,
    pub(super) digest: String,
    pub(super) cursor: u64,
    pub(super) epoch: u64,
    pub(super) events_before: u64,
    pub(super) event: u64,
    pub(super) finished: bool,
}

/// Everything, behind the one lock.
#[derive(Clone, Default)]
pub(super) struct State {
    pub(super) flaw: Option<Flaw>,
    /// How often the history was replaced; the incarnation is drawn from nothing, to be repeatable.
    pub(super) restores: u64,
    pub(super) lease: Option<(Lease, u64)>,
    pub(super) epoch: u64,
    pub(super) world: Option<World>,
    pub(super) checkpoint: Option<Checkpoint>,
    pub(super) orders: BTreeMap<u64, OrderEntry>,
    pub(super) last_order: u64,
    /// Player and client id: the entry, and when it was accepted by the clock.
    pub(super) client_ids: BTreeMap<(String, String), (u64, u64)>,
    pub(super) events: BTreeMap<u64, Event>,
    pub(super) last_event: u64,
    pub(super) headers: BTreeMap<UniverseId, String>,
    pub(super) records: BTreeMap<(UniverseId, u64), String>,
    pub(super) runs: Vec<Run>,
    /// Faction: player, since when.
    pub(super) seats: BTreeMap<String, (String, u64)>,
    /// Player: faction, when seen.
    pub(super) players: BTreeMap<String, (String, u64)>,
    pub(super) awards: BTreeMap<(UniverseId, String, String), String>,
    pub(super) paused: bool,
    pub(super) restart: Option<RestartRequest>,
    pub(super) restarts: u64,
    pub(super) outcomes: BTreeMap<u64, Outcome>,
    /// Shelf and id: the document.
    pub(super) documents: BTreeMap<(Shelf, String), Document>,
    pub(super) audit: Vec<String>,
    pub(super) nonces: BTreeMap<(Pool, String), (String, u64)>,
    pub(super) nonce_ends: BTreeMap<Pool, BTreeSet<(u64, String)>>,
    /// With [`Flaw::CursorApart`]: the cursor that is yet to be written.
    pub(super) late_cursor: Option<u64>,
}

impl State {
    pub(super) fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    pub(super) fn incarnation(&self) -> Incarnation {
        Incarnation::new(self.restores + 1)
    }

    pub(super) fn renew_incarnation(&mut self, now_ms: u64) -> Result<Incarnation> {
        if self.lease.as_ref().is_some_and(|(_, end_ms)| *end_ms > now_ms) {
            return Err(held());
        }
        self.restores += 1;
        Ok(self.incarnation())
    }

    pub(super) fn acquire(&mut self, holder: &str, ttl_ms: u64, now_ms: u64) -> Option<Lease> {
        let never_ends = self.has(Flaw::LeaseNeverEnds);
        if self.lease.as_ref().is_some_and(|(_, end_ms)| never_ends || *end_ms > now_ms) {
            return None;
        }
        if self.epoch == 0 || !self.has(Flaw::EpochReused) {
            self.epoch += 1;
        }
        self.late_cursor = None;
        let lease = Lease { holder: holder.to_owned(), epoch: self.epoch };
        self.hold(&lease, ttl_ms, now_ms);
        Some(lease)
    }

    pub(super) fn holds(&self, lease: &Lease, now_ms: u64) -> bool {
        self.lease.as_ref().is_some_and(|(held, end_ms)| held == lease && *end_ms > now_ms)
    }

    pub(super) fn hold(&mut self, lease: &Lease, ttl_ms: u64, now_ms: u64) {
        self.lease = Some((lease.clone(), now_ms.saturating_add(ttl_ms)));
    }

    pub(super) fn renew(&mut self, lease: &Lease, ttl_ms: u64, now_ms: u64) -> Result<()> {
        if !self.holds(lease, now_ms) && !self.has(Flaw::RenewsLostLease) {
            return Err(lost(lease));
        }
        self.hold(lease, ttl_ms, now_ms);
        Ok(())
    }

    pub(super) fn release(&mut self, lease: &Lease, now_ms: u64) {
        if self.holds(lease, now_ms) || self.has(Flaw::ReleasesAnyLease) {
            self.lease = None;
        }
    }

    /// Accepts a batch; says too whether something was appended.
    pub(super) fn append(&mut self, batch: &OrderBatch, now_ms: u64) -> Result<(Receipt, bool)> {
        let running =
            self.world.as_ref().filter(|world| !world.finished).map(|world| &world.universe);
        if running != Some(&batch.universe) {
            return Err(Error::WrongUniverse {
                given: batch.universe.clone(),
                current: running.cloned(),
            });
        }
        let mut fresh = BTreeSet::new();
        let (mut bodies, mut duplicates, mut earlier) = (Vec::new(), Vec::new(), None);
        for order in &batch.orders {
            if let Some(client_id) = &order.client_id {
                let known = self.known(&batch.player, client_id, now_ms);
                if known.is_some() || !fresh.insert(client_id.clone()) {
                    earlier = earlier.or(known);
                    duplicates.push(client_id.clone());
                    continue;
                }
            }
            bodies.push(order.body.clone());
        }
        if bodies.is_empty() {
            return Ok((
                Receipt { id: StreamId::new(earlier.unwrap_or_default()), duplicates },
                false,
            ));
        }
        let sighting = self.judge(batch)?;
        let cursor = self.world.as_ref().map_or(0, |world| world.cursor);
        check_backlog(self.last_order.saturating_sub(cursor), batch.backlog_max)?;
        if let Some(seat) = sighting {
            self.players.insert(batch.player.clone(), seat);
        }
        self.last_order += 1;
        let (number, id) = (self.last_order, StreamId::new(self.last_order));
        for client_id in fresh {
            self.client_ids.insert((batch.player.clone(), client_id), (number, now_ms));
        }
        let OrderBatch { universe, player, source, at_ms, .. } = batch.clone();
        self.orders
            .insert(number, OrderEntry { id, universe, player, source, at_ms, orders: bodies });
        Ok((Receipt { id, duplicates }, true))
    }

    fn known(&self, player: &str, client_id: &str, now_ms: u64) -> Option<u64> {
        let (number, at_ms) = *self.client_ids.get(&(player.to_owned(), client_id.to_owned()))?;
        let cursor = self.world.as_ref().map_or(0, |world| world.cursor);
        let forgotten = match self.flaw {
            Some(Flaw::NoDeduplication) => true,
            Some(Flaw::DeduplicationExpires) => now_ms.saturating_sub(at_ms) >= 2_000,
            Some(Flaw::DeduplicationLate) => number > cursor,
            _ => false,
        };
        (!forgotten).then_some(number)
    }

    pub(super) fn orders_after(&self, cursor: StreamId, count: usize) -> Result<Vec<OrderEntry>> {
        let kept_after = self.orders.keys().next().map_or(self.last_order, |first| first - 1);
        check_readable(
            "orders",
            cursor,
            StreamId::new(kept_after),
            StreamId::new(self.last_order),
        )?;
        Ok(self
            .orders
            .range(cursor.next().number()..)
            .take(count)
            .map(|(_, entry)| entry.clone())
            .collect())
    }

    pub(super) fn events_from(&self, from: Position, count: usize) -> Result<Vec<Event>> {
        from.check(Some(self.incarnation()))?;
        let after = from.after;
        let kept_after = self.events.keys().next().map_or(self.last_event, |first| first - 1);
        check_readable("events", after, StreamId::new(kept_after), StreamId::new(self.last_event))?;
        Ok(self
            .events
            .range(after.next().number()..)
            .take(count)
            .map(|(_, event)| event.clone())
            .collect())
    }

    pub(super) fn put_nonce(
        &mut self,
        pool: Pool,
        key: &str,
        value: &str,
        end_ms: u64,
        now_ms: u64,
    ) {
        self.take_nonce(pool, key, now_ms);
        let ends = self.nonce_ends.entry(pool).or_default();
        while let Some((end, _)) = ends.first()
            && (*end <= now_ms || ends.len() >= pool.max())
        {
            if let Some((_, key)) = ends.pop_first() {
                self.nonces.remove(&(pool, key));
            }
        }
        ends.insert((end_ms, key.to_owned()));
        self.nonces.insert((pool, key.to_owned()), (value.to_owned(), end_ms));
    }

    pub(super) fn take_nonce(&mut self, pool: Pool, key: &str, now_ms: u64) -> Option<String> {
        let (value, end_ms) = self.nonces.remove(&(pool, key.to_owned()))?;
        self.nonce_ends.entry(pool).or_default().remove(&(end_ms, key.to_owned()));
        (end_ms > now_ms).then_some(value)
    }
}

pub(super) fn lost(lease: &Lease) -> Error {
    Error::LeaseLost { holder: lease.holder.clone(), epoch: lease.epoch }
}
