//! Operators: the audit log, and what they can do to a sector.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An entry of the audit log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Its number, from 1, without gaps.
    #[serde(default)]
    pub number: u64,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// Whose action it was.
    pub by: String,
    /// In which sector.
    pub sector: String,
    /// What was asked for.
    #[schema(examples("pause"))]
    pub action: String,
    /// With which parameters.
    pub parameters: serde_json::Value,
    /// The id of the request.
    pub request_id: String,
    /// `asked`, `done`, or the code of the problem.
    #[schema(examples("done"))]
    pub outcome: String,
}

/// Entries of the audit log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditPage {
    /// The entries, oldest first.
    pub entries: Vec<AuditEntry>,
    /// Where to go on: pass it as `after`.
    pub next: u64,
}

/// A wish for a new universe, noted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RestartAnswer {
    /// Grows with every request.
    pub number: u64,
    /// The seed that was asked for, if one was.
    #[schema(required = true)]
    pub seed: Option<u64>,
}

/// Claims that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BotsOnlyAnswer {
    /// How many there were.
    pub released: u64,
}

/// Whether the sector stands still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PauseAnswer {
    /// Whether it does.
    pub paused: bool,
}
