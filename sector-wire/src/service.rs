//! Health, status and rules of a sector.

use std::collections::BTreeMap;

use sector_sim::ResultForm;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How the service is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HealthDocument {
    /// `ok`, or `failing` with a `reason`.
    #[schema(examples("ok"))]
    pub status: String,
    /// Which service this is.
    #[schema(examples("api"))]
    pub service: String,
    /// Its version.
    #[schema(examples("0.1.0"))]
    pub version: String,
    /// Why it is failing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The universe that it sees, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub universe_id: Option<String>,
    /// The tick that it sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tick: Option<u64>,
}

/// The sectors that a service serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SectorList {
    /// They, by name.
    pub sectors: Vec<SectorPlace>,
}

/// A sector and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SectorPlace {
    /// Its name; `default` for the one without an id.
    #[schema(examples("north-2"))]
    pub name: String,
    /// What stands before the paths that are about it.
    #[schema(examples("/sectors/north-2"))]
    pub path: String,
    /// Whether paths without such a beginning mean this one.
    pub home: bool,
}

/// What a sector does at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SectorCondition {
    /// It ticks.
    Running,
    /// The operator let it stand still.
    Paused,
    /// The run has ended; the next universe is about to begin.
    Over,
    /// No universe has begun yet.
    Waiting,
    /// The server cannot follow it at present; what is said of it is old.
    Unreachable,
}

/// How a sector is, and where everything else is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SectorStatus {
    /// Which service this is.
    #[schema(examples("api"))]
    pub service: String,
    /// Its version.
    #[schema(examples("0.1.0"))]
    pub version: String,
    /// The sector's name; `default` for the one without an id.
    #[schema(examples("default"))]
    pub sector: String,
    /// What it does at present.
    pub status: SectorCondition,
    /// Whether the operator let it stand still; null when the store does not say.
    #[schema(required = true)]
    pub paused: Option<bool>,
    /// The universe, if one has begun.
    #[schema(required = true)]
    pub universe_id: Option<String>,
    /// How many ticks have passed in it.
    #[schema(required = true)]
    pub tick: Option<u64>,
    /// Milliseconds from tick to tick.
    #[schema(required = true)]
    pub tick_delay_ms: Option<u64>,
    /// The name of its rules.
    #[schema(required = true)]
    pub rules: Option<String>,
    /// How the run ended, once it has.
    #[schema(required = true)]
    pub result: Option<ResultForm>,
    /// When the next universe is due, in milliseconds since 1970; null while the run goes on, and where it is not
    /// known.
    #[schema(required = true)]
    pub next_universe_at_ms: Option<u64>,
    /// Paths to what there is besides, by name.
    pub links: BTreeMap<String, String>,
}

/// The rules of a universe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RulesDocument {
    /// The universe that lives by them.
    pub universe_id: String,
    /// Their name.
    #[schema(examples("classic"))]
    pub name: String,
    /// What the rules mean: raised when the engine draws other conclusions from the same numbers.
    #[schema(examples(2))]
    pub rules_version: u32,
    /// The numbers, each with what it may be.
    pub numbers: Vec<RuleNumber>,
    /// The whole rule set, section by section, as the engine reads it.
    #[schema(value_type = Object)]
    pub rules: serde_json::Map<String, serde_json::Value>,
}

/// A number of the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleNumber {
    /// Its name: section and key.
    #[schema(examples("battle.overwhelming"))]
    pub key: String,
    /// What it is in this universe.
    pub value: i64,
    /// The least that it may be.
    pub least: i64,
    /// The greatest that it may be.
    pub most: i64,
}
