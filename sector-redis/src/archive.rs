//! The whole content of a store as one value, for backups and for moving between backends.
//!
//! A [`Dump`] is a consistent copy. It excludes what is short-lived or useless elsewhere: the lease,
//! login nonces, sessions, cached responses, and events that the checkpoint includes. A restored
//! store begins its event history at the checkpoint, with a new incarnation so that all followers
//! resync, and with epochs that the old store has not used.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::commit::Award;
use crate::document::{Document, Shelf, check_audit};
use crate::error::{Error, Result};
use crate::ids::UniverseId;
use crate::ids::check_name;
use crate::incarnation::Incarnation;
use crate::order::OrderEntry;
use crate::outcome::Outcome;
use crate::report::RedisReport;
use crate::seat::Claim;
use crate::store::{BackupNote, Store};
use crate::stream::{Event, StreamId};

/// Added to the last epoch on restore, because the old store may have used more epochs since the
/// backup.
pub const EPOCH_GAP: u64 = 1_000_000;
/// Largest integer that a Redis script can represent exactly.
const LARGEST: u64 = 1 << 53;

/// The whole content of a sector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dump {
    /// Incarnation of the dumped store.
    pub incarnation: Incarnation,
    /// The newest commit.
    pub world: WorldDump,
    /// The newest checkpoint.
    pub checkpoint: CheckpointDump,
    /// The last lease epoch.
    pub last_epoch: u64,
    /// The last order entry.
    pub last_order: StreamId,
    /// The operator's switches.
    pub control: ControlDump,
    /// The order entries after the checkpoint's cursor.
    pub orders: Vec<OrderEntry>,
    /// The events after the checkpoint's.
    pub events: Vec<Event>,
    /// The client ids seen in the running universe.
    pub client_ids: Vec<ClientId>,
    /// The seats of the running universe, lapsed ones included.
    pub seats: Vec<Claim>,
    /// All awards.
    pub awards: Vec<Award>,
    /// The replays: the running one first, if the run has not ended, then those of the kept runs,
    /// newest first.
    pub replays: Vec<ReplayDump>,
    /// Outcomes of the newest orders, by entry.
    #[serde(default)]
    pub outcomes: Vec<Outcome>,
    /// The documents of [`Shelf::Keys`], by id, ended ones included.
    #[serde(default)]
    pub keys: Vec<Document>,
    /// The audit log.
    #[serde(default)]
    pub audit: Vec<String>,
}

/// The newest commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorldDump {
    /// The universe.
    pub universe: UniverseId,
    /// The last committed tick.
    pub tick: u64,
    /// Digest of the world after the tick.
    pub digest: String,
    /// The last order entry that is applied or refused.
    pub cursor: StreamId,
    /// Lease epoch of the commit.
    pub epoch: u64,
    /// The last event before this commit's own.
    pub events_before: StreamId,
    /// The last event.
    pub event_id: StreamId,
    /// Whether the run has ended.
    pub finished: bool,
}

/// The newest checkpoint, of the same universe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointDump {
    /// Tick of the checkpoint.
    pub tick: u64,
    /// The last event it includes.
    pub event_id: StreamId,
    /// The last order entry it includes.
    pub cursor: StreamId,
    /// The world, JSON.
    pub snapshot: String,
}

/// The operator's switches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlDump {
    /// Whether the sector is paused.
    pub paused: bool,
    /// Number of the pending restart request.
    pub restart: Option<u64>,
    /// Seed of the pending restart request.
    pub restart_seed: Option<u64>,
    /// The number of the last restart request.
    pub last_restart: u64,
}

/// An accepted client id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClientId {
    /// Player of the order.
    pub player: String,
    /// The name.
    pub client_id: String,
    /// The entry that holds the order.
    pub entry: StreamId,
}

/// A replay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayDump {
    /// The universe.
    pub universe: UniverseId,
    /// The summary of a run that ended.
    pub summary: Option<String>,
    /// The header.
    pub header: String,
    /// One record a tick, from tick 0 on.
    pub records: Vec<String>,
}

/// The holder of the lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeaseHeld {
    /// The holder.
    pub holder: String,
    /// Its epoch.
    pub epoch: u64,
    /// Milliseconds until the lease expires unless it is renewed.
    pub left_ms: u64,
}

/// A store that can be dumped, restored and inspected.
#[async_trait]
pub trait Archive: Store {
    /// A consistent copy; `None` before the first universe.
    ///
    /// # Errors
    /// [`Corrupt`](Error::Corrupt) naming what is damaged.
    async fn dump(&self) -> Result<Option<Dump>>;

    /// Restores a dump atomically. Returns the new incarnation.
    ///
    /// # Errors
    /// [`Config`](Error::Config) if the store is not empty or its lease is held;
    /// [`Corrupt`](Error::Corrupt) for an inconsistent dump.
    async fn restore(&self, dump: &Dump) -> Result<Incarnation>;

    /// The holder of the lease, if any.
    async fn lease_held(&self) -> Result<Option<LeaseHeld>>;

    /// Records that a backup was made.
    async fn note_backup(&self, note: BackupNote) -> Result<()>;

    /// The report of the Redis server; `None` for other stores.
    fn redis_report(&self) -> Option<&RedisReport> {
        None
    }
}

/// The refusal to restore over something.
pub(crate) fn occupied(found: &str) -> Error {
    Error::config(format!(
        "the store is not empty: {found}; nothing was changed: restore into an empty store, or remove that first"
    ))
}

/// The refusal to restore under a worker.
pub(crate) fn at_work(holder: &str) -> Error {
    Error::config(format!(
        "the worker {holder:?} holds the lease of this sector; nothing was changed: stop all services, then restore"
    ))
}

impl Dump {
    /// Rejects an inconsistent dump.
    ///
    /// # Errors
    /// [`Corrupt`](Error::Corrupt) naming what does not fit.
    pub fn check(&self) -> Result<()> {
        let refuse = |detail: String| Err(Error::corrupt("sector", detail));
        let (world, checkpoint) = (&self.world, &self.checkpoint);
        let last_order = self.last_order.number();
        let numbers = [
            self.last_epoch,
            last_order,
            world.event_id.number(),
            world.tick,
            self.control.last_restart,
        ];
        if numbers.iter().any(|number| *number > LARGEST - EPOCH_GAP * 2) {
            return refuse("a number is out of range".into());
        }
        let in_order = checkpoint.tick <= world.tick
            && checkpoint.cursor <= world.cursor
            && world.cursor <= self.last_order
            && checkpoint.event_id <= world.event_id
            && world.events_before <= world.event_id
            && world.epoch <= self.last_epoch;
        if !in_order {
            return refuse(format!(
                "checkpoint (tick {}, cursor {}, event {}) and newest commit (tick {}, cursor {}, event {}) do not follow each other",
                checkpoint.tick,
                checkpoint.cursor,
                checkpoint.event_id,
                world.tick,
                world.cursor,
                world.event_id
            ));
        }
        follow_each_other(
            "orders",
            checkpoint.cursor,
            self.last_order,
            self.orders.iter().map(|entry| entry.id),
        )?;
        follow_each_other(
            "events",
            checkpoint.event_id,
            world.event_id,
            self.events.iter().map(|event| event.id),
        )?;
        check_name("universe", &world.universe)?;
        if let Some(client_id) =
            self.client_ids.iter().find(|client_id| client_id.entry > self.last_order)
        {
            return refuse(format!(
                "client id {:?} names an order that is not there",
                client_id.client_id
            ));
        }
        for client_id in &self.client_ids {
            check_name("player", &client_id.player)?;
            check_name("client_id", &client_id.client_id)?;
        }
        for seat in &self.seats {
            check_name("faction", &seat.faction)?;
            check_name("player", &seat.player)?;
        }
        for award in &self.awards {
            award.check()?;
        }
        self.check_services()?;
        self.check_replays()
    }

    fn check_services(&self) -> Result<()> {
        let refuse = |detail: String| Err(Error::corrupt("sector", detail));
        let mut before = StreamId::START;
        for outcome in &self.outcomes {
            check_name("player", &outcome.player)?;
            if outcome.id <= before || outcome.id > self.world.cursor {
                return refuse(format!("the outcome of entry {} is out of its place", outcome.id));
            }
            before = outcome.id;
        }
        let mut of_owner = BTreeMap::new();
        for (index, key) in self.keys.iter().enumerate() {
            key.check()?;
            let count = of_owner.entry(&key.owner).or_insert(0);
            *count += 1;
            let is_in_order = index == 0 || self.keys[index - 1].id < key.id;
            if !is_in_order || *count > Shelf::Keys.owner_max() {
                return refuse(format!(
                    "the key {:?} of {:?} is out of its place",
                    key.id, key.owner
                ));
            }
        }
        if self.keys.len() as u64 > Shelf::Keys.documents_max() {
            return refuse(format!("it has {} keys", self.keys.len()));
        }
        self.audit.iter().try_for_each(|body| check_audit(body))
    }

    fn check_replays(&self) -> Result<()> {
        let refuse = |detail: String| Err(Error::corrupt("sector", detail));
        let world = &self.world;
        let mut names = std::collections::BTreeSet::new();
        for (index, replay) in self.replays.iter().enumerate() {
            check_name("universe", &replay.universe)?;
            let runs = index == 0 && !world.finished;
            if replay.summary.is_some() == runs || !names.insert(replay.universe.as_str()) {
                return refuse(format!("the replay of {:?} is out of its place", replay.universe));
            }
        }
        // The first replay belongs to the newest commit, whether its run has ended or not.
        match self.replays.first() {
            Some(newest)
                if newest.universe == world.universe
                    && newest.records.len() as u64 == world.tick + 1 =>
            {
                Ok(())
            }
            Some(newest) => refuse(format!(
                "the newest replay is of {:?} with {} records, the newest commit is tick {} of {:?}",
                newest.universe,
                newest.records.len(),
                world.tick,
                world.universe
            )),
            None => refuse("it has no replay of its universe".into()),
        }
    }

    /// The replay of the universe of the newest commit.
    #[must_use]
    pub fn newest_replay(&self) -> Option<&ReplayDump> {
        self.replays.first()
    }
}

fn follow_each_other(
    what: &str,
    after: StreamId,
    last: StreamId,
    ids: impl Iterator<Item = StreamId>,
) -> Result<()> {
    let mut before = after;
    for id in ids {
        if id != before.next() {
            return Err(Error::corrupt(what, format!("{id} comes after {before}")));
        }
        before = id;
    }
    if before != last {
        return Err(Error::corrupt(what, format!("they end at {before}, the last is {last}")));
    }
    Ok(())
}
