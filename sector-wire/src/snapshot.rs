//! Snapshots, whole and in part.

use sector_sim::{
    Digest, Event, FactionForm, FleetForm, HistoryEntry, Lane, ResultForm, SystemForm,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::events::SectorSnapshot;

/// A whole snapshot; with `fields` or `since`, a part of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum SnapshotAnswer {
    /// All of it.
    Whole(Box<SectorSnapshot>),
    /// What was asked for.
    Part(Box<SnapshotPart>),
}

/// A part of a snapshot: the fields that were asked for. With `since`, of `systems`, `fleets` and `factions` it holds
/// those that are new or not as they were, whole; put them in place of those with the same id. Of `history_tail` it
/// holds what is new.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SnapshotPart {
    /// As in a snapshot.
    #[schema(examples("00c0ffee00c0ffee"), pattern = "^[0-9a-f]{16}$")]
    pub incarnation: String,
    /// Which universe it is. If it is not the one that you know, `since` meant nothing: take a whole snapshot.
    pub universe_id: String,
    /// How many ticks have passed.
    pub tick: u64,
    /// The tick that changes are told since, if one was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// Milliseconds from tick to tick.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tick_delay_ms: Option<u64>,
    /// The seed that it grew from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator_seed: Option<u64>,
    /// The name of its rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
    /// Systems, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub systems: Option<Vec<SystemForm>>,
    /// All lanes; with `since` none, for they stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lanes: Option<Vec<Lane>>,
    /// Fleets, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fleets: Option<Vec<FleetForm>>,
    /// With `since` and `fleets`: ids of fleets that are gone. Some of them you may never have known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fleets_removed: Option<Vec<u32>>,
    /// Factions, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factions: Option<Vec<FactionForm>>,
    /// The id that the next fleet will have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_fleet_id: Option<u32>,
    /// How the run ended; null while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Option<ResultForm>>,
    /// Systems with a battle, capture or rebellion in the last tick.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub highlight_ids: Option<Vec<u32>>,
    /// What happened in the last tick.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<Event>>,
    /// The latest notable events, oldest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history_tail: Option<Vec<HistoryEntry>>,
    /// The digest of the whole state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}
