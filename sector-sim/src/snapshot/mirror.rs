//! A copy of a sector that runs elsewhere, kept up to date by deltas.

use std::sync::Arc;

use crate::board::{Board, Outcome};
use crate::digest::{Digest, digest_of};
use crate::ids::FleetId;
use crate::map::Map;
use crate::snapshot::{Delta, FleetLimits, Snapshot, SnapshotError, Universe};

/// Reason why a delta cannot be applied. The mirror is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// The delta belongs to another universe.
    #[error("the delta belongs to universe {delta:?}, the mirror shows {mirror:?}")]
    Universe {
        /// Universe of the delta.
        delta: String,
        /// Universe of the mirror.
        mirror: String,
    },
    /// The delta is not for the next tick.
    #[error("the delta is for tick {delta}, but the mirror is at tick {mirror}")]
    Tick {
        /// Tick of the delta.
        delta: u64,
        /// Tick of the mirror.
        mirror: u64,
    },
    /// The delta contradicts the mirror.
    #[error(transparent)]
    Contradiction(#[from] SnapshotError),
}

/// A copy of a sector that follows its deltas.
#[derive(Clone, Debug)]
pub struct Mirror {
    universe: Universe,
    map: Arc<Map>,
    board: Board,
    digest: Digest,
}

impl Mirror {
    /// A mirror of the state in a snapshot.
    ///
    /// # Errors
    /// [`SnapshotError`] when the snapshot is inconsistent.
    pub fn new(snapshot: &Snapshot) -> Result<Mirror, SnapshotError> {
        let (map, board) = snapshot.board()?;
        Ok(Mirror {
            universe: snapshot.universe(),
            map: Arc::new(map),
            board,
            digest: snapshot.digest,
        })
    }

    /// Applies the delta of the next tick.
    ///
    /// # Errors
    /// [`MirrorError`] when the delta does not follow; the mirror is unchanged then.
    pub fn apply(&mut self, delta: &Delta) -> Result<(), MirrorError> {
        let next = self.check(delta)?;
        self.commit(delta, next);
        self.board.events.clone_from(&delta.events);
        self.board.remember_events();
        Ok(())
    }

    /// Applies the delta of the next tick, like [`Mirror::apply`], without copying its events.
    ///
    /// # Errors
    /// Same as [`Mirror::apply`].
    pub fn take(&mut self, delta: Delta) -> Result<(), MirrorError> {
        let next = self.check(&delta)?;
        self.commit(&delta, next);
        self.board.events = delta.events;
        self.board.remember_events();
        Ok(())
    }

    /// Changes of the delta, if it follows the current state.
    fn check(&self, delta: &Delta) -> Result<Changes, MirrorError> {
        if delta.universe_id != self.universe.id {
            return Err(MirrorError::Universe {
                delta: delta.universe_id.clone(),
                mirror: self.universe.id.clone(),
            });
        }
        if delta.tick != self.board.tick + 1 {
            return Err(MirrorError::Tick { delta: delta.tick, mirror: self.board.tick });
        }
        let contradiction = |text: String| MirrorError::from(SnapshotError::Contradiction(text));
        // Check everything before changing anything.
        let mut next = Changes { factions: Vec::new(), fleets: Vec::new() };
        for form in &delta.factions {
            next.factions.push(form.faction(&self.map)?);
        }
        let known = |faction| {
            self.board.faction(faction).is_some()
                || next.factions.iter().any(|new| new.id == faction)
        };
        for system in &delta.systems {
            if system.id.index() >= self.map.len() {
                return Err(contradiction(format!("system {} is unknown", system.id)));
            }
            system.check()?;
            let named = [system.owner, system.occupation_faction, system.siege_owner];
            if let Some(faction) = named.into_iter().flatten().find(|&faction| !known(faction)) {
                return Err(contradiction(format!(
                    "system {} names the unknown faction {faction}",
                    system.id
                )));
            }
        }
        if delta.next_fleet_id < self.board.next_fleet_id {
            let (next, known) = (delta.next_fleet_id, self.board.next_fleet_id);
            return Err(contradiction(format!("next_fleet_id falls from {known} to {next}")));
        }
        let mut last = FleetId(0);
        for &id in &delta.fleets_removed {
            if id <= last {
                return Err(contradiction(format!(
                    "the removed fleet {id} does not follow fleet {last}"
                )));
            }
            last = id;
            if self.board.fleets.get(id).is_none() {
                return Err(contradiction(format!("unknown fleet {id} cannot be removed")));
            }
        }
        let limits = FleetLimits { tick: delta.tick, next_fleet_id: delta.next_fleet_id };
        let mut last = FleetId(0);
        for form in &delta.fleets {
            if form.id <= last {
                return Err(contradiction(format!(
                    "fleet {} does not follow fleet {last}",
                    form.id
                )));
            }
            last = form.id;
            if !known(form.owner) {
                return Err(contradiction(format!(
                    "fleet {} belongs to the unknown faction {}",
                    form.id, form.owner
                )));
            }
            let removed = delta.fleets_removed.binary_search(&form.id).is_ok();
            if removed
                || form.id < self.board.next_fleet_id && self.board.fleets.get(form.id).is_none()
            {
                return Err(contradiction(format!(
                    "fleet {} was removed and cannot change",
                    form.id
                )));
            }
            next.fleets.push(form.fleet_in(&self.map, &limits)?);
        }
        Ok(next)
    }

    fn commit(&mut self, delta: &Delta, next: Changes) {
        let board = &mut self.board;
        for faction in next.factions {
            board.put_faction(faction);
        }
        for system in &delta.systems {
            board.systems[system.id.index()] = system.state();
        }
        for &id in &delta.fleets_removed {
            if let Some(slot) = board.fleets.slot(id) {
                board.fleets.remove(slot);
                board.fleets.release(slot);
            }
        }
        for fleet in next.fleets {
            match board.fleets.slot(fleet.id) {
                Some(slot) => {
                    board.fleets.place(slot, fleet.place);
                    *board.fleets.at_slot_mut(slot) = fleet;
                }
                None => {
                    board.fleets.insert(fleet);
                }
            }
        }
        board.tick = delta.tick;
        board.next_fleet_id = delta.next_fleet_id;
        board.result = delta.result.map(Outcome::from);
        self.digest = delta.digest;
    }

    /// Universe of the mirror.
    #[must_use]
    pub fn universe(&self) -> &Universe {
        &self.universe
    }

    /// Systems and lanes.
    #[must_use]
    pub fn map(&self) -> &Arc<Map> {
        &self.map
    }

    /// Current state.
    #[must_use]
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// Digest named by the last snapshot or delta.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Whether the state has the expected digest. Recomputes it from the whole state.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        digest_of(&self.map, &self.board) == self.digest
    }

    /// Snapshot of the current state.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.universe, &self.map, &self.board, self.digest)
    }
}

struct Changes {
    factions: Vec<crate::board::Faction>,
    fleets: Vec<crate::board::Fleet>,
}
