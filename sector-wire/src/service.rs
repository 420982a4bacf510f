//! Health, status and rules of a sector.

use std::collections::BTreeMap;

use sector_sim::snapshot::ResultForm;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Health of the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HealthDocument {
    /// `ok`, or `failing` with a `reason`.
    #[schema(examples("ok"))]
    pub status: String,
    /// Name of the service.
    #[schema(examples("api"))]
    pub service: String,
    /// Version of the service.
    #[schema(examples("0.1.0"))]
    pub version: String,
    /// Why it is failing, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Id of the current universe, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub universe_id: Option<String>,
    /// Current tick, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tick: Option<u64>,
}

/// Sectors that the service serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SectorList {
    /// Sectors, ordered by name.
    pub sectors: Vec<SectorPlace>,
}

/// A sector and its path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SectorPlace {
    /// Name of the sector; `default` for the one without an id.
    #[schema(examples("north-2"))]
    pub name: String,
    /// Prefix of the sector's paths.
    #[schema(examples("/sectors/north-2"))]
    pub path: String,
    /// Whether paths without a prefix mean this sector.
    pub home: bool,
}

/// State of a sector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SectorCondition {
    /// Ticking.
    Running,
    /// Paused by the operator.
    Paused,
    /// The run has ended; the next universe will begin soon.
    Over,
    /// No universe has begun yet.
    Waiting,
    /// The server cannot follow the sector; its data is stale.
    Unreachable,
}

/// Status of a sector, with links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SectorStatus {
    /// Name of the service.
    #[schema(examples("api"))]
    pub service: String,
    /// Version of the service.
    #[schema(examples("0.1.0"))]
    pub version: String,
    /// Name of the sector; `default` for the one without an id.
    #[schema(examples("default"))]
    pub sector: String,
    /// State of the sector.
    pub status: SectorCondition,
    /// Whether the operator paused it; null while the store is unavailable.
    #[schema(required = true)]
    pub paused: Option<bool>,
    /// Id of the universe, if one has begun.
    #[schema(required = true)]
    pub universe_id: Option<String>,
    /// Ticks since the universe began.
    #[schema(required = true)]
    pub tick: Option<u64>,
    /// Milliseconds per tick.
    #[schema(required = true)]
    pub tick_delay_ms: Option<u64>,
    /// Name of the rule set.
    #[schema(required = true)]
    pub rules: Option<String>,
    /// Result of the run, once it has ended.
    #[schema(required = true)]
    pub result: Option<ResultForm>,
    /// When the next universe is due, in milliseconds since the Unix epoch; null while the run is
    /// on or if unknown.
    #[schema(required = true)]
    pub next_universe_at_ms: Option<u64>,
    /// Paths of related resources, by name.
    pub links: BTreeMap<String, String>,
}

/// Rules of a universe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RulesDocument {
    /// Id of the universe.
    pub universe_id: String,
    /// Name of the rule set.
    #[schema(examples("classic"))]
    pub name: String,
    /// Version of the rules; increases when the engine gives different results for the same
    /// numbers.
    #[schema(examples(2))]
    pub rules_version: u32,
    /// Numbers, each with its allowed range.
    pub numbers: Vec<RuleNumber>,
    /// The whole rule set by section, as the engine reads it.
    #[schema(value_type = Object)]
    pub rules: serde_json::Map<String, serde_json::Value>,
}

/// A number in the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleNumber {
    /// Section and key.
    #[schema(examples("battle.overwhelming"))]
    pub key: String,
    /// Value in this universe.
    pub value: i64,
    /// Smallest allowed value.
    pub least: i64,
    /// Largest allowed value.
    pub most: i64,
}
