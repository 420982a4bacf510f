//! Players' keys for bots.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Asks for a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRequest {
    /// What the key is called; others see it beside a seat that is played with it.
    #[schema(examples("night watch"), min_length = 1, max_length = 40)]
    pub label: String,
    /// What it is good for: `read`, `orders` or both.
    #[schema(examples(json!(["read", "orders"])), min_items = 1)]
    pub verbs: Vec<String>,
    /// In how many seconds it ends, 60 to 31536000; without, it lasts until it is revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 60, maximum = 31536000)]
    pub expires_in: Option<u64>,
}

/// A key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListedKey {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub label: String,
    /// What it is good for.
    pub verbs: Vec<String>,
    /// When it was issued (RFC 3339).
    pub issued_at: String,
    /// When it ends, if it does.
    #[schema(required = true)]
    pub expires_at: Option<String>,
    /// When it was last used, to the minute; null if never.
    #[schema(required = true)]
    pub used_at: Option<String>,
}

/// A key that was just issued.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IssuedKey {
    /// The key itself: `Authorization: Bearer sector_key_…`. It cannot be shown again.
    pub key: String,
    /// What is kept of it.
    #[serde(flatten)]
    pub listed: ListedKey,
}

/// Somebody's keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyList {
    /// They, by id.
    pub keys: Vec<ListedKey>,
}

/// A key that was revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyRevoked {
    /// Its id.
    pub revoked: String,
}
