//! Players' keys for bots.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Request for a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRequest {
    /// Label of the key; shown to others beside a faction played with it. Visible characters, and not
    /// like a name of the operator.
    #[schema(examples("night watch"), min_length = 1, max_length = 40)]
    pub label: String,
    /// Permissions: `read`, `orders` or both.
    #[schema(examples(json!(["read", "orders"])), min_items = 1)]
    pub verbs: Vec<String>,
    /// Lifetime in seconds, 60 to 31536000; without it, 30 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 60, maximum = 31536000)]
    pub expires_in: Option<u64>,
}

/// A key without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListedKey {
    /// Key id.
    pub id: String,
    /// Label.
    pub label: String,
    /// Permissions.
    pub verbs: Vec<String>,
    /// Time of issue (RFC 3339).
    pub issued_at: String,
    /// Expiry (RFC 3339), if any.
    #[schema(required = true)]
    pub expires_at: Option<String>,
    /// Last use (RFC 3339), to the minute; null if never used.
    #[schema(required = true)]
    pub used_at: Option<String>,
}

/// A newly issued key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IssuedKey {
    /// The key, sent as `Authorization: Bearer sector_key_…`. It is shown only once.
    pub key: String,
    /// The stored part of the key.
    #[serde(flatten)]
    pub listed: ListedKey,
}

/// The caller's keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyList {
    /// Keys, ordered by id.
    pub keys: Vec<ListedKey>,
}

/// Result of revoking a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyRevoked {
    /// Key id.
    pub revoked: String,
}
