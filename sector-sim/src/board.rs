//! State of a sector at one tick: what players see, snapshots carry and digests cover.
//!
//! [`crate::World`] advances a board by the rules, [`crate::Mirror`] by deltas; strategies can use
//! either.

mod fleets;

use std::collections::VecDeque;

use crate::event::{Cause, Event};
use crate::ids::{FACTION_IDS, FactionId, FleetId, SystemId};
use crate::order::Focus;
pub(crate) use fleets::Slot;
pub use fleets::{Fleet, Fleets, Place};

/// Number of notable events kept in the history.
pub const HISTORY_LENGTH: usize = 64;

/// Variable state of a system. Strengths in thousandths, stability and unrest per mille.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct System {
    /// Owner, if any.
    pub owner: Option<FactionId>,
    /// Garrison: strength that defends the system without a fleet.
    pub garrison: i64,
    /// Stability.
    pub stability: i64,
    /// Unrest after a capture.
    pub unrest: i64,
    /// Recent fighting.
    pub heat: i64,
    /// Remaining ticks with lower odds for attackers, after a rebellion.
    pub reclaim_cooldown: i64,
    /// Ticks owned, up to full maturity.
    pub maturity: i64,
    /// Focus.
    pub focus: Focus,
    /// Occupying faction, if any.
    pub occupation_faction: Option<FactionId>,
    /// Consecutive ticks of occupation.
    pub occupation_progress: i64,
    /// Strongest foreign faction with a fleet in the system, if any.
    pub siege_owner: Option<FactionId>,
    /// Strength of the siege owner's fleets in the system.
    pub siege_strength: i64,
}

/// A faction. Amounts are in thousandths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faction {
    /// Id of the faction.
    pub id: FactionId,
    /// Name of the faction.
    pub name: Box<str>,
    /// Whether the faction owns a system or a fleet.
    pub alive: bool,
    /// Faction that this splinter broke away from, if any.
    pub parent: Option<FactionId>,
    /// Home system.
    pub home: Option<SystemId>,
    /// Muster system, where new fleets appear, if chosen.
    pub muster: Option<SystemId>,
    /// Build stock towards the next fleet.
    pub build_stock: i64,
    /// Output of all systems per tick.
    pub economy: i64,
    /// Number of systems owned.
    pub systems: i64,
    /// Total value of the owned systems.
    pub value: i64,
    /// Number of fleets.
    pub fleets: i64,
    /// Total strength of the fleets.
    pub strength: i64,
    /// Consecutive ticks of domination.
    pub domination_ticks: i64,
}

impl Faction {
    pub(crate) fn new(id: FactionId, name: Box<str>) -> Faction {
        Faction {
            id,
            name,
            alive: true,
            parent: None,
            home: None,
            muster: None,
            build_stock: 0,
            economy: 0,
            systems: 0,
            value: 0,
            fleets: 0,
            strength: 0,
            domination_ticks: 0,
        }
    }

    /// Tie-break between factions: lower home system first. No two starters share a home.
    pub(crate) fn seniority(&self) -> (u32, FactionId) {
        (self.home.map_or(u32::MAX, |home| home.0), self.id)
    }

    /// Rank criteria, in order: value held, systems, strength.
    #[must_use]
    pub fn score(&self) -> (i64, i64, i64) {
        (self.value, self.systems, self.strength)
    }
}

/// Result of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Winner, if any.
    pub winner: Option<FactionId>,
    /// Cause of the end.
    pub cause: Cause,
    /// Last tick of the run.
    pub tick: u64,
}

/// State of a sector at one tick.
#[derive(Clone, Debug)]
pub struct Board {
    pub(crate) seed: u64,
    pub(crate) tick: u64,
    pub(crate) systems: Vec<System>,
    pub(crate) fleets: Fleets,
    /// Ordered by id.
    pub(crate) factions: Vec<Faction>,
    /// Position in `factions`, by faction index.
    pub(crate) faction_at: [u8; FACTION_IDS],
    pub(crate) next_fleet_id: FleetId,
    pub(crate) result: Option<Outcome>,
    /// Events of the last tick.
    pub(crate) events: Vec<Event>,
    pub(crate) history: VecDeque<(u64, Event)>,
}

const ABSENT: u8 = u8::MAX;

impl Board {
    pub(crate) fn new(seed: u64, systems: usize) -> Board {
        Board {
            seed,
            tick: 0,
            systems: vec![System::default(); systems],
            fleets: Fleets::new(systems),
            factions: Vec::new(),
            faction_at: [ABSENT; FACTION_IDS],
            next_fleet_id: FleetId(1),
            result: None,
            events: Vec::new(),
            history: VecDeque::new(),
        }
    }

    /// Seed of the universe.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Ticks since the universe began.
    #[must_use]
    pub fn tick(&self) -> u64 {
        self.tick
    }

    /// All systems, ordered by id.
    #[must_use]
    pub fn systems(&self) -> &[System] {
        &self.systems
    }

    /// System by id.
    #[must_use]
    pub fn system(&self, id: SystemId) -> Option<&System> {
        self.systems.get(id.index())
    }

    /// All fleets.
    #[must_use]
    pub fn fleets(&self) -> &Fleets {
        &self.fleets
    }

    /// All factions, including eliminated ones, ordered by id.
    #[must_use]
    pub fn factions(&self) -> &[Faction] {
        &self.factions
    }

    /// Faction by id.
    #[must_use]
    pub fn faction(&self, id: FactionId) -> Option<&Faction> {
        self.factions.get(usize::from(self.faction_at[id.index()]))
    }

    pub(crate) fn faction_mut(&mut self, id: FactionId) -> Option<&mut Faction> {
        self.factions.get_mut(usize::from(self.faction_at[id.index()]))
    }

    /// Adds a faction, or replaces the one with the same id.
    pub(crate) fn put_faction(&mut self, faction: Faction) {
        match self.factions.binary_search_by_key(&faction.id, |known| known.id) {
            Ok(index) => self.factions[index] = faction,
            Err(index) => {
                self.factions.insert(index, faction);
                for (index, faction) in self.factions.iter().enumerate() {
                    self.faction_at[faction.id.index()] = index as u8;
                }
            }
        }
    }

    /// Id of the next fleet to be created.
    #[must_use]
    pub fn next_fleet_id(&self) -> FleetId {
        self.next_fleet_id
    }

    /// Result of the run, once it has ended.
    #[must_use]
    pub fn result(&self) -> Option<Outcome> {
        self.result
    }

    /// Events of the last tick.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Latest notable events with their ticks, oldest first.
    pub fn history(&self) -> impl Iterator<Item = (u64, &Event)> + '_ {
        self.history.iter().map(|(tick, event)| (*tick, event))
    }

    /// Living factions, best first; ties go to the lower home system.
    #[must_use]
    pub fn standing(&self) -> Vec<&Faction> {
        let mut living: Vec<&Faction> =
            self.factions.iter().filter(|faction| faction.alive).collect();
        living.sort_by_key(|faction| (std::cmp::Reverse(faction.score()), faction.seniority()));
        living
    }

    /// Adds the notable events of the last tick to the history.
    pub(crate) fn remember_events(&mut self) {
        for event in self.events.iter().filter(|event| event.is_notable()) {
            if self.history.len() == HISTORY_LENGTH {
                self.history.pop_front();
            }
            self.history.push_back((self.tick, event.clone()));
        }
    }
}
