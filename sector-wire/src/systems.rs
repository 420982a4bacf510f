//! A system with its lanes and fleets.

use sector_sim::{FleetForm, SystemForm};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
