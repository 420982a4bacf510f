//! Problem documents (RFC 9457).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a request was refused (RFC 9457).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProblemDocument {
    /// Problem type: a URN that ends with the code.
    #[serde(rename = "type")]
    #[schema(examples("urn:sector:problem:not_your_faction"))]
    pub kind: String,
    /// Reason phrase of the status.
    #[schema(examples("Forbidden"))]
    pub title: String,
    /// HTTP status.
    #[schema(examples(403))]
    pub status: u16,
    /// Stable code, for programs.
    #[schema(examples("not_your_faction"))]
    pub code: String,
    /// What is wrong, for people; may change.
    pub detail: String,
    /// Request id, as in the header X-Request-Id and the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Invalid fields, if any.
    pub errors: Vec<FieldProblem>,
}

/// An invalid field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FieldProblem {
    /// Path into the body, such as `orders[2].strength`, or name of a parameter.
    #[schema(examples("orders[2].strength"))]
    pub field: String,
    /// Value sent; null if missing.
    pub value: serde_json::Value,
    /// Allowed values, in words.
    pub allowed: String,
    /// What is wrong, in one sentence.
    pub detail: String,
}
