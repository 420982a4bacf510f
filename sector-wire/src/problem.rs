//! Problem documents (RFC 9457).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a request was refused (RFC 9457).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProblemDocument {
    /// The kind of problem, as a URN that ends with the code.
    #[serde(rename = "type")]
    #[schema(examples("urn:sector:problem:not_your_faction"))]
    pub kind: String,
    /// The name of the status.
    #[schema(examples("Forbidden"))]
    pub title: String,
    /// The HTTP status.
    #[schema(examples(403))]
    pub status: u16,
    /// A stable word for programs.
    #[schema(examples("not_your_faction"))]
    pub code: String,
    /// What is wrong, as a sentence for people.
    pub detail: String,
    /// The id of the request, as in the header X-Request-Id and in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The fields at fault, where there are any.
    pub errors: Vec<FieldProblem>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FieldProblem {
    /// Where: a path into the body such as `orders[2].strength`, or a parameter.
    #[schema(examples("orders[2].strength"))]
    pub field: String,
    /// What was there; null if nothing was.
    pub value: serde_json::Value,
    /// What would be allowed there, in words.
    pub allowed: String,
    /// What is wrong, as a sentence.
    pub detail: String,
}
