//! Factions and claims.

use sector_sim::FactionId;
use sector_sim::ids::FactionKind;
use sector_sim::snapshot::FactionForm;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who gives a faction's orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Controller {
    /// The player who claimed it.
    Human,
    /// A computer player.
    Bot,
}

/// A faction and its claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FactionSeat {
    /// Faction id.
    pub id: FactionId,
    /// Name of the faction.
    pub name: String,
    /// Colour, as `#rrggbb`.
    pub color: String,
    /// Origin of the faction.
    pub kind: FactionKind,
    /// Whether it owns a system or a fleet.
    pub alive: bool,
    /// Number of systems owned.
    pub systems: i64,
    /// Total value of its systems.
    pub value: i64,
    /// Total strength of its fleets, in thousandths.
    pub strength: i64,
    /// Whether a player holds it.
    pub claimed: bool,
    /// Whether it can be claimed now.
    pub claimable: bool,
    /// Whether its player is away and a computer plays on in their name until they come back.
    #[serde(default)]
    pub autopilot: bool,
    /// Who controls it.
    pub controller: Controller,
    /// Label of the key that the player's bot uses, if it is played by one.
    #[schema(required = true)]
    pub bot: Option<String>,
}

/// All factions of this universe, past and present.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FactionList {
    /// Id of the universe.
    pub universe_id: String,
    /// Factions, ordered by id.
    pub factions: Vec<FactionSeat>,
}

/// Request to claim a faction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimRequest {
    /// Faction id.
    #[schema(examples("F1"))]
    pub faction: String,
}

/// The claim that was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeepAnswer {
    /// Faction that the caller holds, if any.
    #[schema(required = true)]
    pub faction: Option<String>,
    /// Time without an order or `POST /factions/keep` after which a computer plays on, in
    /// milliseconds.
    pub autopilot_after_ms: u64,
    /// Time without either after which the faction is free again, in milliseconds.
    pub released_after_ms: u64,
}

/// Result of releasing a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReleaseAnswer {
    /// Released faction, if one was held.
    #[schema(required = true)]
    pub released: Option<String>,
}

/// A faction in detail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FactionDocument {
    /// Id of the universe.
    pub universe_id: String,
    /// Tick of this data.
    pub tick: u64,
    /// Economy, fleets and systems of the faction.
    pub faction: FactionForm,
    /// Rank among living factions, from 1, by value, then systems, then strength; null once
    /// eliminated.
    #[schema(required = true)]
    pub rank: Option<u32>,
    /// Number of living factions.
    pub living: u32,
    /// The faction's claim.
    pub seat: FactionSeat,
    /// History of the faction.
    pub history: FactionHistory,
}

/// History of a faction, as far back as events are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FactionHistory {
    /// First tick covered by the kept events; the replay of the run has the earlier ones.
    pub from_tick: u64,
    /// Minimum number of ticks between samples; grows with the length of the history.
    pub every_ticks: u64,
    /// Samples, oldest first; the last one is current. Ticks without a change have none.
    pub samples: Vec<FactionSample>,
}

/// A faction at a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FactionSample {
    /// The tick.
    pub tick: u64,
    /// Number of systems owned.
    pub systems: i64,
    /// Total value of its systems.
    pub value: i64,
    /// Output of its systems, in thousandths.
    pub economy: i64,
    /// Number of fleets.
    pub fleets: i64,
    /// Total strength of its fleets, in thousandths.
    pub strength: i64,
}
