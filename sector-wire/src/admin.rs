//! Operators: the audit log, and what they can do to a sector.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An entry of the audit log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Sequence number, from 1, without gaps.
    #[serde(default)]
    pub number: u64,
    /// Time, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Address of the operator.
    pub by: String,
    /// Name of the sector.
    pub sector: String,
    /// Action requested.
    #[schema(examples("pause"))]
    pub action: String,
    /// Parameters of the action.
    pub parameters: serde_json::Value,
    /// Request id.
    pub request_id: String,
    /// `asked`, `done`, or the problem code.
    #[schema(examples("done"))]
    pub outcome: String,
}

/// A page of the audit log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditPage {
    /// Entries, oldest first.
    pub entries: Vec<AuditEntry>,
    /// Cursor of the next page: pass it as `after`.
    pub next: u64,
}

/// An accepted request for a new universe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RestartAnswer {
    /// Number of the request; increases with each one.
    pub number: u64,
    /// Requested seed, if any.
    #[schema(required = true)]
    pub seed: Option<u64>,
}

/// Result of ending all claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BotsOnlyAnswer {
    /// Number of claims ended.
    pub released: u64,
}

/// The pause state of the sector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PauseAnswer {
    /// Whether the sector is paused.
    pub paused: bool,
}
