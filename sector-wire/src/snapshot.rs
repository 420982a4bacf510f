//! Snapshots, whole and in part.

use sector_sim::map::Lane;
use sector_sim::snapshot::{FactionForm, FleetForm, HistoryEntry, ResultForm, SystemForm};
use sector_sim::{Digest, Event};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::events::SectorSnapshot;

/// A whole snapshot, or part of one with `fields` or `since`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum SnapshotAnswer {
    /// A whole snapshot.
    Whole(Box<SectorSnapshot>),
    /// The requested part.
    Part(Box<SnapshotPart>),
}

/// Part of a snapshot: the requested fields. With `since`, `systems`, `fleets` and `factions` hold
/// the items that are new or have changed, each whole: replace the items with the same id.
/// `history_tail` holds the new entries.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SnapshotPart {
    /// Incarnation of the store, as in a snapshot.
    #[schema(examples("00c0ffee00c0ffee"), pattern = "^[0-9a-f]{16}$")]
    pub incarnation: String,
    /// Id of the universe. If it differs from the one you know, `since` was ignored: take a whole
    /// snapshot.
    pub universe_id: String,
    /// Ticks since the universe began.
    pub tick: u64,
    /// Tick since which changes are included, if requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// Milliseconds per tick.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tick_delay_ms: Option<u64>,
    /// Seed of the universe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator_seed: Option<u64>,
    /// Name of the rule set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
    /// Systems, ordered by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub systems: Option<Vec<SystemForm>>,
    /// All lanes; never with `since`, since lanes do not change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lanes: Option<Vec<Lane>>,
    /// Fleets, ordered by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fleets: Option<Vec<FleetForm>>,
    /// With `since` and `fleets`: ids of removed fleets, which may include fleets you never saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fleets_removed: Option<Vec<u32>>,
    /// Factions, ordered by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factions: Option<Vec<FactionForm>>,
    /// Id of the next fleet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_fleet_id: Option<u32>,
    /// Result of the run; null while it is running.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Option<ResultForm>>,
    /// Systems with a battle, capture or rebellion in the last tick.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub highlight_ids: Option<Vec<u32>>,
    /// Events of the last tick.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<Event>>,
    /// The latest notable events, oldest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history_tail: Option<Vec<HistoryEntry>>,
    /// Digest of the whole state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}
