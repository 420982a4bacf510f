//! Snapshots: the complete state of a sector in one document, enough to draw it and to resume it.

use serde::{Deserialize, Serialize};

use crate::board::{Board, HISTORY_LENGTH, Outcome, System};
use crate::digest::{Digest, digest_of};
use crate::event::{Event, narrate};
use crate::ids::{FactionKind, FleetId, SystemId};
use crate::map::{Lane, Map, MapError, Site};

mod delta;
mod differences;
mod forms;
mod json;
mod mirror;
mod run_end;

pub use delta::Delta;
pub use differences::Difference;
pub(crate) use forms::{AMOUNT_MAX, FleetLimits};
pub use forms::{FactionForm, FleetForm, HistoryEntry, ResultForm, SystemChange, SystemForm};
pub use mirror::{Mirror, MirrorError};
pub use run_end::RunEnd;

/// Reason why a snapshot cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// Systems and lanes do not form a valid map.
    #[error("the map of the snapshot is invalid: {0}")]
    Map(#[from] MapError),
    /// An entry contradicts another one, or is out of range.
    #[error("the snapshot is inconsistent: {0}")]
    Contradiction(String),
    /// The snapshot was taken under other rules.
    #[error("the snapshot was taken under rules {snapshot:?}, not {given:?}")]
    Rules {
        /// Rules named in the snapshot.
        snapshot: String,
        /// Given rules.
        given: String,
    },
    /// The digest does not match the content.
    #[error("the snapshot has digest {found}, but names {expected}")]
    Digest {
        /// Digest of the content.
        found: Digest,
        /// Digest named in the snapshot.
        expected: Digest,
    },
}

pub(crate) fn contradiction(text: impl Into<String>) -> SnapshotError {
    SnapshotError::Contradiction(text.into())
}

/// The universe of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Universe {
    /// Id of the universe.
    pub id: String,
    /// Tick interval, in milliseconds.
    pub tick_delay_ms: u64,
    /// Name of the rule set.
    pub rules: String,
}

/// Complete state of a sector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Snapshot {
    /// Id of the universe.
    pub universe_id: String,
    /// Ticks since the universe began.
    pub tick: u64,
    /// Tick interval, in milliseconds.
    pub tick_delay_ms: u64,
    /// Seed of the universe, 0 to 2^53 − 1.
    pub generator_seed: u64,
    /// Name of the rule set.
    pub rules: String,
    /// All systems, ordered by id.
    pub systems: Vec<SystemForm>,
    /// All lanes.
    pub lanes: Vec<Lane>,
    /// All fleets, ordered by id.
    pub fleets: Vec<FleetForm>,
    /// All factions, including eliminated ones, ordered by id.
    pub factions: Vec<FactionForm>,
    /// Id of the next fleet to be created.
    pub next_fleet_id: FleetId,
    /// Result of the run, once it has ended.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub result: Option<ResultForm>,
    /// Systems with a battle, capture or rebellion in the last tick.
    pub highlight_ids: Vec<SystemId>,
    /// Events of the last tick.
    pub events: Vec<Event>,
    /// The latest notable events, oldest first.
    pub history_tail: Vec<HistoryEntry>,
    /// Digest of the state, 16 hexadecimal digits.
    pub digest: Digest,
}

impl Snapshot {
    /// Snapshot of a board.
    #[must_use]
    pub fn of(universe: &Universe, map: &Map, board: &Board, digest: Digest) -> Snapshot {
        let system = |(index, (site, state)): (usize, (&Site, &System))| {
            let id = SystemId(index as u32);
            SystemForm::with(id, site.name.clone(), site.x, site.y, site.value, site.kind, state)
        };
        let mut highlight_ids: Vec<SystemId> =
            board.events.iter().filter_map(Event::highlight).collect();
        highlight_ids.sort_unstable();
        highlight_ids.dedup();
        let history = board.history().map(|(tick, event)| HistoryEntry {
            tick,
            event: event.clone(),
            text: narrate(map, board, event),
        });
        Snapshot {
            universe_id: universe.id.clone(),
            tick: board.tick,
            tick_delay_ms: universe.tick_delay_ms,
            generator_seed: board.seed,
            rules: universe.rules.clone(),
            systems: map.sites().iter().zip(&board.systems).enumerate().map(system).collect(),
            lanes: map.lanes().to_vec(),
            fleets: board.fleets.iter().map(FleetForm::of).collect(),
            factions: board.factions.iter().map(FactionForm::of).collect(),
            next_fleet_id: board.next_fleet_id,
            result: board.result.map(ResultForm::from),
            highlight_ids,
            events: board.events.clone(),
            history_tail: history.collect(),
            digest,
        }
    }

    /// Universe of the snapshot.
    #[must_use]
    pub fn universe(&self) -> Universe {
        Universe {
            id: self.universe_id.clone(),
            tick_delay_ms: self.tick_delay_ms,
            rules: self.rules.clone(),
        }
    }

    /// Map and board of the snapshot.
    ///
    /// # Errors
    /// [`SnapshotError`] names the inconsistency.
    pub fn board(&self) -> Result<(Map, Board), SnapshotError> {
        let site = |system: &SystemForm| Site {
            name: system.name.clone(),
            x: system.x,
            y: system.y,
            value: system.value,
            kind: system.kind,
        };
        for (name, value) in [("tick", self.tick), ("generator_seed", self.generator_seed)] {
            if value > crate::draw::MAX_SEED {
                return Err(contradiction(format!(
                    "{name} = {value}; allowed are 0 to {}",
                    crate::draw::MAX_SEED
                )));
            }
        }
        if self.next_fleet_id == FleetId(0) {
            return Err(contradiction("next_fleet_id = 0; fleet ids start at 1"));
        }
        if self.history_tail.len() > HISTORY_LENGTH {
            let length = self.history_tail.len();
            return Err(contradiction(format!(
                "the history has {length} entries; allowed are {HISTORY_LENGTH}"
            )));
        }
        for (index, system) in self.systems.iter().enumerate() {
            if system.id.index() != index {
                return Err(contradiction(format!(
                    "system {} is at position {index}; systems must be ordered by id, from 0",
                    system.id
                )));
            }
            system.check()?;
        }
        let homes = self.factions.iter().filter(|faction| faction.kind == FactionKind::Starter);
        let homes = homes.filter_map(|faction| faction.home_id).collect();
        let map =
            Map::from_parts(self.systems.iter().map(site).collect(), self.lanes.clone(), homes)?;
        let mut board = Board::new(self.generator_seed, map.len());
        board.tick = self.tick;
        board.next_fleet_id = self.next_fleet_id;
        board.result = self.result.map(Outcome::from);
        for faction in &self.factions {
            board.put_faction(faction.faction(&map)?);
        }
        for (state, form) in board.systems.iter_mut().zip(&self.systems) {
            *state = form.state();
        }
        check_owners(&board)?;
        let limits = FleetLimits { tick: self.tick, next_fleet_id: self.next_fleet_id };
        let mut last = FleetId(0);
        for form in &self.fleets {
            if form.id <= last {
                return Err(contradiction(format!(
                    "fleet {} does not follow fleet {last}",
                    form.id
                )));
            }
            last = form.id;
            if board.faction(form.owner).is_none() {
                return Err(contradiction(format!(
                    "fleet {} belongs to the unknown faction {}",
                    form.id, form.owner
                )));
            }
            let fleet = form.fleet_in(&map, &limits)?;
            board.fleets.insert(fleet);
        }
        board.events.clone_from(&self.events);
        board.history =
            self.history_tail.iter().map(|entry| (entry.tick, entry.event.clone())).collect();
        Ok((map, board))
    }

    /// Checks that the state has the digest named in the snapshot.
    ///
    /// # Errors
    /// [`SnapshotError`] names the inconsistency.
    pub fn verify(&self) -> Result<(), SnapshotError> {
        let (map, board) = self.board()?;
        let found = digest_of(&map, &board);
        if found == self.digest {
            Ok(())
        } else {
            Err(SnapshotError::Digest { found, expected: self.digest })
        }
    }
}

/// Checks that every faction named by a system exists.
fn check_owners(board: &Board) -> Result<(), SnapshotError> {
    for (index, system) in board.systems.iter().enumerate() {
        for faction in
            [system.owner, system.occupation_faction, system.siege_owner].into_iter().flatten()
        {
            if board.faction(faction).is_none() {
                return Err(contradiction(format!(
                    "system {index} names the unknown faction {faction}"
                )));
            }
        }
    }
    Ok(())
}
