//! One system, one faction.

use sector_sim::{FactionForm, FleetForm, SystemForm};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::FactionSeat;

/// A system and everything about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SystemDocument {
    /// The universe.
    pub universe_id: String,
    /// The tick as of which all of this is.
    pub tick: u64,
    /// The system.
    pub system: SystemForm,
    /// The lanes that begin here, by the system at their other end.
    pub lanes: Vec<LaneEnd>,
    /// The fleets at the system, by id.
    pub fleets: Vec<FleetForm>,
    /// The fleets that will come through or stop here, soonest first.
    pub inbound: Vec<Inbound>,
}

/// A lane as seen from one end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LaneEnd {
    /// The system at the other end.
    pub system_id: u32,
    /// Its name.
    pub name: String,
    /// How many ticks a fleet travels.
    pub ticks: u16,
}

/// A fleet that is on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Inbound {
    /// The fleet.
    pub fleet: FleetForm,
    /// The tick in which it enters the system, if nothing stops it before.
    pub arrives: u64,
    /// Whether it stops there; otherwise it passes through.
    pub stops: bool,
}

/// A faction and everything about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FactionDocument {
    /// The universe.
    pub universe_id: String,
    /// The tick as of which all of this is.
    pub tick: u64,
    /// Its economy, fleets and systems.
    pub faction: FactionForm,
    /// Its place among the living, from 1, by value, then systems, then strength; null once it has perished.
    #[schema(required = true)]
    pub rank: Option<u32>,
    /// How many factions live.
    pub living: u32,
    /// Who plays it.
    pub seat: FactionSeat,
    /// How it fared.
    pub history: FactionHistory,
}

/// How a faction fared, as far as the kept events tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FactionHistory {
    /// The first tick of which the kept events tell; what was before is not known here. The replay of the run knows it.
    pub from_tick: u64,
    /// Ticks from sample to sample, at least: it grows with the length of the history.
    pub every_ticks: u64,
    /// Samples, oldest first, the newest being of the present; none for ticks in which nothing changed.
    pub samples: Vec<FactionSample>,
}

/// A faction at a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FactionSample {
    /// The tick.
    pub tick: u64,
    /// How many systems it owned.
    pub systems: i64,
    /// Their value.
    pub value: i64,
    /// What its systems yielded, in thousandths.
    pub economy: i64,
    /// How many fleets it had.
    pub fleets: i64,
    /// Their strength, in thousandths.
    pub strength: i64,
}
