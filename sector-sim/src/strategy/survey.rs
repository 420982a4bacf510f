//! One scan of all fleets: idle stacks, expected strength and threats.

use super::fields::Fields;
use crate::board::Place;
use crate::ids::{FleetId, SystemId};
use crate::view::View;

/// Ticks for which a stack is ignored after an order, so that an order still in transit to a live
/// sector is not given twice.
const PATIENCE_TICKS: u64 = 2;

/// An idle fleet of the faction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stack {
    /// Fleet id.
    pub fleet: FleetId,
    /// System of the fleet.
    pub system: SystemId,
    /// Strength still available for orders, milli.
    pub strength: i64,
    /// Maximum strength that repair restores, milli.
    pub max_strength: i64,
    /// Whether the stack, or a part of it, received an order this turn.
    pub sent: bool,
}

/// Information about a system besides its state.
#[derive(Clone, Copy, Debug, Default)]
struct Note {
    /// Own strength on its way there, plus the strength already there if the system is foreign,
    /// milli.
    expected: i64,
    /// Foreign strength there or on its way, if it is an own system, milli.
    threat: i64,
}

/// Fleets as seen by a faction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Survey {
    /// Idle stacks, strongest first, then oldest first.
    pub(crate) stacks: Vec<Stack>,
    /// Own systems with foreign fleets present or on their way, without duplicates.
    pub(crate) menaced: Vec<SystemId>,
    notes: Vec<Note>,
    /// Systems with a note.
    noted: Vec<SystemId>,
    /// Fleets with recent orders, and the tick from which they can get another.
    patience: Vec<(FleetId, u64)>,
}

impl Survey {
    /// Clears everything, for a map with this many systems.
    pub(crate) fn reset(&mut self, systems: usize) {
        self.noted.clear();
        self.patience.clear();
        self.notes.clear();
        self.notes.resize(systems, Note::default());
    }

    /// Scans all fleets.
    pub(crate) fn look(&mut self, view: &View<'_>, fields: &Fields, tick: u64) {
        for system in self.noted.drain(..) {
            self.notes[system.index()] = Note::default();
        }
        self.stacks.clear();
        self.menaced.clear();
        self.patience.retain(|&(_, until)| until > tick);
        self.patience.sort_unstable();
        let mut patience = self.patience.iter().peekable();
        for fleet in view.board.fleets().iter() {
            let mine = fleet.owner == view.me;
            let destination = fleet.destination();
            let own_system = fields.owns(destination);
            if mine != own_system || (mine && fleet.at().is_none()) {
                let note = &mut self.notes[destination.index()];
                if note.expected == 0 && note.threat == 0 {
                    self.noted.push(destination);
                }
                if mine {
                    note.expected = note.expected.saturating_add(fleet.strength);
                } else {
                    if note.threat == 0 {
                        self.menaced.push(destination);
                    }
                    note.threat = note.threat.saturating_add(fleet.strength);
                }
            }
            if let Place::At(system) = fleet.place
                && mine
                && fleet.route.is_empty()
            {
                while patience.next_if(|(id, _)| *id < fleet.id).is_some() {}
                if patience.peek().is_none_or(|(id, _)| *id != fleet.id) {
                    self.stacks.push(Stack {
                        fleet: fleet.id,
                        system,
                        strength: fleet.strength,
                        max_strength: fleet.max_strength,
                        sent: false,
                    });
                }
            }
        }
        self.stacks
            .sort_unstable_by(|a, b| b.strength.cmp(&a.strength).then(a.fleet.cmp(&b.fleet)));
    }

    /// Own strength on its way to a system, plus the strength already there if the system is
    /// foreign.
    pub(crate) fn expected(&self, system: SystemId) -> i64 {
        self.notes.get(system.index()).map_or(0, |note| note.expected)
    }

    /// Foreign strength at an own system or on its way there.
    pub(crate) fn threat(&self, system: SystemId) -> i64 {
        self.notes.get(system.index()).map_or(0, |note| note.threat)
    }

    /// Records strength sent to a system.
    pub(crate) fn expect(&mut self, system: SystemId, strength: i64) {
        let Some(note) = self.notes.get_mut(system.index()) else { return };
        if note.expected == 0 && note.threat == 0 {
            self.noted.push(system);
        }
        note.expected = note.expected.saturating_add(strength);
    }

    /// Ignores a stack for a while after an order.
    pub(crate) fn remember(&mut self, fleet: FleetId, tick: u64) {
        self.patience.push((fleet, tick + PATIENCE_TICKS));
    }
}
