//! A system with its lanes and fleets.

use sector_sim::snapshot::{FleetForm, SystemForm};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A system in detail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SystemDocument {
    /// Id of the universe.
    pub universe_id: String,
    /// Tick of this data.
    pub tick: u64,
    /// The system.
    pub system: SystemForm,
    /// Lanes from this system, ordered by the system at the other end.
    pub lanes: Vec<LaneEnd>,
    /// Fleets at the system, ordered by id.
    pub fleets: Vec<FleetForm>,
    /// Fleets that will pass through or stop here, soonest first.
    pub inbound: Vec<Inbound>,
}

/// A lane seen from one end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LaneEnd {
    /// System at the other end.
    pub system_id: u32,
    /// Name of that system.
    pub name: String,
    /// Travel time, in ticks.
    pub ticks: u16,
}

/// A fleet in transit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Inbound {
    /// The fleet.
    pub fleet: FleetForm,
    /// Tick of arrival at the system, if nothing stops it before.
    pub arrives: u64,
    /// Whether it stops here; otherwise it passes through.
    pub stops: bool,
}
