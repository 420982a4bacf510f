//! Logins and sessions.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Request for a login message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NonceRequest {
    /// Address of the wallet that will sign: 0x and 40 hexadecimal digits.
    #[schema(examples("0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"))]
    pub address: String,
}

/// A login message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NonceAnswer {
    /// Nonce in the message; single use, short-lived.
    pub nonce: String,
    /// Text to sign unchanged with `personal_sign`.
    pub message: String,
}

/// A signed login message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyRequest {
    /// Address that must have signed; by default the address in the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(examples("0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"))]
    pub address: Option<String>,
    /// Signed message: the one issued, or another ERC-4361 message with its nonce.
    pub message: String,
    /// Result of `personal_sign`: 0x and 65 bytes in hexadecimal, or 64 in the compact form of EIP-2098.
    pub signature: String,
}

/// Request to renew a session.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    /// Refresh token of the login or of the last renewal.
    pub refresh_token: String,
}

/// Login with the operator's one-time code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OperatorRequest {
    /// Code in the operator's link.
    pub code: String,
}

/// Tokens of a session.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenAnswer {
    /// Access token, sent as `Authorization: Bearer <token>`.
    pub token: String,
    /// Lifetime of the access token, in seconds.
    #[schema(examples(900))]
    pub expires_in: u64,
    /// Refresh token for `POST /auth/refresh`; single use.
    pub refresh_token: String,
    /// Lifetime of the session in seconds, unless renewed.
    #[schema(examples(2592000))]
    pub refresh_expires_in: u64,
}

/// Result of a logout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogoutAnswer {
    /// Number of sessions ended.
    pub ended: u64,
}

/// The caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// Address that logged in; all zeros for the local operator.
    pub address: String,
    /// Claimed faction, if any.
    #[schema(required = true)]
    pub faction: Option<String>,
    /// In the answer to a claim: when a victory begins to count for you, in milliseconds since the
    /// Unix epoch. If the run ends earlier, you have held the seat for too small a share of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub victory_counts_from_ms: Option<u64>,
    /// Id of the running universe, if any.
    #[schema(required = true)]
    pub universe_id: Option<String>,
    /// `player` or `admin`.
    #[schema(examples("player"))]
    pub role: String,
}
