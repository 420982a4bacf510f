//! Factions and claims.

use sector_sim::{FactionForm, FactionId, FactionKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who gives a faction's orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Controller {
    /// The player who claimed it.
    Human,
    /// The computer.
    Bot,
}

/// A faction and whether it can be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FactionSeat {
    /// Its id.
    pub id: FactionId,
    /// Its name.
    pub name: String,
    /// Its colour, `#rrggbb`.
    pub color: String,
    /// Where it comes from.
    pub kind: FactionKind,
    /// Whether it has a system or a fleet.
    pub alive: bool,
    /// How many systems it owns.
    pub systems: i64,
    /// Their value.
    pub value: i64,
    /// The strength of its fleets, in thousandths.
    pub strength: i64,
    /// Whether a player holds it.
    pub claimed: bool,
    /// Whether it could be claimed now.
    pub claimable: bool,
    /// Who gives its orders.
    pub controller: Controller,
    /// The label of the key with which a player's bot gives them, if one does.
    #[schema(required = true)]
    pub bot: Option<String>,
}

/// All factions that ever were in this universe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FactionList {
    /// The universe.
    pub universe_id: String,
    /// The factions, by id.
    pub factions: Vec<FactionSeat>,
}

/// Asks for a faction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimRequest {
    /// The faction's id.
    #[schema(examples("F1"))]
    pub faction: String,
}

/// A claim that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReleaseAnswer {
    /// The faction that was given up, if one was held.
    #[schema(required = true)]
    pub released: Option<String>,
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
