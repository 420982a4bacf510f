//! One look at all fleets: which stacks are idle, what is on its way, and what threatens.

use super::fields::Fields;
use crate::board::Place;
use crate::ids::{FleetId, SystemId};
use crate::view::View;

/// Ticks for which a stack is left alone after an order, so that an order that is still on its way to a live sector is
/// not given twice.
const PATIENCE_TICKS: u64 = 2;

/// An idle fleet of the faction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stack {
    /// The fleet.
    pub fleet: FleetId,
    /// Where it is.
    pub system: SystemId,
    /// What is there and has no orders yet, milli.
    pub strength: i64,
    /// The strength that repair can bring the fleet to, milli.
    pub max_strength: i64,
    /// Whether it, or a part of it, was given an order in this turn.
    pub sent: bool,
}

/// What is known of a system besides its state.
#[derive(Clone, Copy, Debug, Default)]
struct Note {
    /// Own strength that is bound for it, or stands there if it is a foreign system; milli.
    expected: i64,
    /// Foreign strength that is bound for it or stands there, if it is an own system; milli.
    threat: i64,
}

/// What the fleets look like to a faction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Survey {
    /// Idle stacks, the strongest first, the older first among equals.
    pub(crate) stacks: Vec<Stack>,
    /// Own systems that foreign strength stands at or is bound for, each once.
    pub(crate) menaced: Vec<SystemId>,
    notes: Vec<Note>,
    /// Systems with a note.
    noted: Vec<SystemId>,
    /// Fleets with recent orders and the tick from which they may have another.
    patience: Vec<(FleetId, u64)>,
}

impl Survey {
    /// Forgets everything, for a map of so many systems.
    pub(crate) fn reset(&mut self, systems: usize) {
        self.noted.clear();
        self.patience.clear();
        self.notes.clear();
        self.notes.resize(systems, Note::default());
    }

    /// Looks at all fleets.
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

    /// Own strength that is bound for a system, or stands there if it is a foreign one.
    pub(crate) fn expected(&self, system: SystemId) -> i64 {
        self.notes.get(system.index()).map_or(0, |note| note.expected)
    }

    /// Foreign strength that is bound for an own system or stands there.
    pub(crate) fn threat(&self, system: SystemId) -> i64 {
        self.notes.get(system.index()).map_or(0, |note| note.threat)
    }

    /// Takes note of strength that is sent to a system.
    pub(crate) fn expect(&mut self, system: SystemId, strength: i64) {
        let Some(note) = self.notes.get_mut(system.index()) else { return };
        if note.expected == 0 && note.threat == 0 {
            self.noted.push(system);
        }
        note.expected = note.expected.saturating_add(strength);
    }

    /// Leaves a stack that was sent alone for a while.
    pub(crate) fn remember(&mut self, fleet: FleetId, tick: u64) {
        self.patience.push((fleet, tick + PATIENCE_TICKS));
    }
}
