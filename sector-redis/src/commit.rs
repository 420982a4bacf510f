//! The commit: everything one tick changes, written at once or not at all.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::ids::UniverseId;
use crate::ids::check_name;
use crate::incarnation::Incarnation;
use crate::outcome::{MAX_OUTCOMES_KEPT, OUTCOMES_KEPT, Outcome};
use crate::stream::{NewEvent, StreamId};

/// The exclusive right to write the world, until it expires.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lease {
    /// Name of the holder, unique per process.
    pub holder: String,
    /// Increases with every acquisition and is never reused; fences every commit.
    pub epoch: u64,
}

/// Everything one tick changes.
///
/// `..Commit::default()` fills the fields that a plain tick does not need.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// The lease under which the tick was computed.
    pub lease: Lease,
    /// New time to live of the lease, at least one millisecond.
    pub lease_ttl: Duration,
    /// The universe the tick belongs to.
    pub universe: UniverseId,
    /// The tick: 0 with `begin`, otherwise the last committed one plus 1.
    pub tick: u64,
    /// The digest of the world after the tick.
    pub digest: String,
    /// The last order entry applied or refused by this tick; never moves back.
    pub cursor: StreamId,
    /// The tick's line of the replay. Records of a universe are contiguous from tick 0.
    pub record: String,
    /// Events to append, in order.
    pub events: Vec<NewEvent>,
    /// Snapshot of the world after the tick, JSON; replaces the previous checkpoint.
    pub checkpoint: Option<String>,
    /// The header of a new universe's replay: this commit begins `universe`. Needs a checkpoint.
    /// Claims and client ids of the old universe are dropped; so is its replay, unless it finished.
    pub begin: Option<String>,
    /// The last event when this commit was made; the commit is refused if there are newer ones.
    /// Commits that begin a universe should set it: nothing else detects a delayed one. `None`: not
    /// compared.
    pub follows: Option<StreamId>,
    /// The summary of the run that ends with this tick, JSON; its replay is kept.
    pub finished: Option<String>,
    /// Awards earned with this tick, final: each replaces one that something else recorded.
    pub awards: Vec<Award>,
    /// Number of events to keep; those after the checkpoint are always kept. `None`: all.
    pub event_maxlen: Option<u64>,
    /// Outcomes of the entries that this commit passes, ordered by id. An entry without one has no
    /// status afterwards.
    pub outcomes: Vec<Outcome>,
    /// Number of newest outcomes to keep, across universes; at most [`MAX_OUTCOMES_KEPT`].
    /// `None`: [`OUTCOMES_KEPT`].
    pub outcomes_kept: Option<u64>,
    /// Number of the restart request that this commit serves; cleared if it is still pending.
    pub restart_served: Option<u64>,
}

/// Result of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Ids of the events, in order; a repeated commit returns the same ids.
    pub event_ids: Vec<StreamId>,
    /// Whether the commit had already been written.
    pub repeated: bool,
}

/// The newest committed tick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The store's incarnation, within which the ids below count.
    pub incarnation: Incarnation,
    /// The universe.
    pub universe: UniverseId,
    /// Last committed tick of the universe.
    pub tick: u64,
    /// Digest of that tick.
    pub digest: String,
    /// The last order entry applied or refused.
    pub cursor: StreamId,
    /// Epoch of the lease it was committed under.
    pub epoch: u64,
    /// The last event.
    pub event_id: StreamId,
    /// Whether the run has ended: the universe accepts no more ticks or orders.
    pub finished: bool,
    /// Whether the sector is paused.
    pub paused: bool,
}

/// The newest snapshot of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The store's incarnation, within which the ids below count.
    pub incarnation: Incarnation,
    /// The universe.
    pub universe: UniverseId,
    /// Tick of the snapshot.
    pub tick: u64,
    /// The last event it includes; follow from here.
    pub event_id: StreamId,
    /// The last order entry it includes.
    pub cursor: StreamId,
    /// The snapshot, JSON, as committed.
    pub snapshot: String,
}

/// A finished run whose replay is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The universe.
    pub universe: UniverseId,
    /// Summary by the worker, JSON.
    pub summary: String,
}

/// An award of a faction, recorded once per (universe, faction, award).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Award {
    /// The universe it was earned in.
    pub universe: UniverseId,
    /// The faction that earned it.
    pub faction: String,
    /// Name of the award.
    pub award: String,
    /// Details, JSON.
    pub body: String,
}

/// Result of [`Runs::record_award`](crate::Runs::record_award).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// The award is new.
    New,
    /// It was recorded before, with the same body.
    Same,
    /// It was recorded before with another body, which stays.
    Different,
}

/// A page of awards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AwardPage {
    /// Awards, in no particular order.
    pub awards: Vec<Award>,
    /// Where the next page begins; `None` after the last one.
    pub next: Option<String>,
}

impl Award {
    /// Refuses an award with an invalid name.
    pub fn check(&self) -> Result<()> {
        check_name("award universe", &self.universe)?;
        check_name("award faction", &self.faction)?;
        check_name("award name", &self.award)
    }
}

/// The last commit, as [`Commit::check_follows`] needs it.
#[derive(Clone, Debug)]
pub struct Previous {
    /// Its universe.
    pub universe: UniverseId,
    /// Its tick.
    pub tick: u64,
    /// Whether it ended the run.
    pub finished: bool,
    /// Number of its last event.
    pub event: u64,
}

impl Commit {
    /// The last order entry whose outcome is dropped by this commit.
    pub fn outcomes_end(&self) -> u64 {
        self.cursor.number().saturating_sub(self.outcomes_kept.unwrap_or(OUTCOMES_KEPT))
    }

    /// Refuses outcomes of entries that an earlier commit passed.
    pub fn check_outcomes(&self, committed: u64) -> Result<()> {
        match self.outcomes.first() {
            Some(first) if first.id.number() <= committed => Err(outcome_out_of_range(first.id)),
            _ => Ok(()),
        }
    }

    /// Refuses a commit that is invalid in any state of the store.
    pub fn check(&self) -> Result<()> {
        check_name("universe", &self.universe)?;
        check_ttl(self.lease_ttl)?;
        if self.begin.is_some() {
            if self.tick != 0 {
                let tick = self.tick;
                return Err(Error::invalid("tick of a beginning universe", tick.to_string(), "0"));
            }
            if self.checkpoint.is_none() {
                let allowed = "a checkpoint with every commit that begins a universe";
                return Err(Error::invalid("checkpoint", "absent", allowed));
            }
            if self.finished.is_some() {
                let allowed = "begin or finished, not both in one commit";
                return Err(Error::invalid("finished", "present", allowed));
            }
        }
        for event in &self.events {
            check_name("event kind", &event.kind)?;
        }
        if let Some(kept) = self.outcomes_kept.filter(|kept| *kept > MAX_OUTCOMES_KEPT) {
            return Err(Error::invalid(
                "number of outcomes to keep",
                kept.to_string(),
                "at most 1000000",
            ));
        }
        let mut before = StreamId::START;
        for outcome in &self.outcomes {
            if outcome.id <= before || outcome.id > self.cursor {
                return Err(outcome_out_of_range(outcome.id));
            }
            before = outcome.id;
            check_name("player", &outcome.player)?;
        }
        self.awards.iter().try_for_each(Award::check)
    }

    /// Refuses a commit that does not follow `previous`.
    pub fn check_follows(&self, previous: Option<&Previous>) -> Result<()> {
        let conflict = |committed: String| {
            Err(Error::TickConflict { universe: self.universe.clone(), tick: self.tick, committed })
        };
        let last = StreamId::new(previous.map_or(0, |previous| previous.event));
        if self.follows.is_some_and(|follows| follows != last) {
            return conflict(format!("events up to {last}, which is not the one it was to follow"));
        }
        match (previous, self.begin.is_some()) {
            (None, true) => Ok(()),
            (None, false) => conflict("nothing; a universe must begin first".into()),
            (Some(previous), true) if previous.universe == self.universe => {
                conflict(format!("this universe already, at tick {}", previous.tick))
            }
            (Some(_), true) => Ok(()),
            (Some(previous), false) => {
                let Previous { universe, tick, finished, .. } = previous;
                if *finished {
                    conflict(format!("the end of {universe:?} at tick {tick}"))
                } else if *universe != self.universe || tick.checked_add(1) != Some(self.tick) {
                    conflict(format!("tick {tick} of universe {universe:?}"))
                } else {
                    Ok(())
                }
            }
        }
    }
}

/// A lease's time to live in milliseconds.
pub fn check_ttl(ttl: Duration) -> Result<u64> {
    match u64::try_from(ttl.as_millis()) {
        Ok(ms @ 1..=86_400_000) => Ok(ms),
        _ => Err(Error::invalid("lease ttl", format!("{ttl:?}"), "1 ms to 24 h")),
    }
}

/// The error for the id of a kept run.
pub fn universe_taken(universe: &str) -> Error {
    Error::invalid("universe", format!("{universe:?}"), "one that no kept run bears")
}

/// The error for an outcome of an entry that the commit does not pass.
pub fn outcome_out_of_range(id: StreamId) -> Error {
    Error::invalid(
        "entry of an outcome",
        id,
        "ascending, after the committed cursor, up to the commit's",
    )
}

/// The error for a cursor that moves back or points beyond the stream.
pub fn cursor_out_of_range(cursor: StreamId) -> Error {
    Error::invalid("cursor", cursor, "the committed cursor up to the last order")
}
