//! Logins and sessions.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Asks for a message to sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NonceRequest {
    /// The address of the wallet that will sign: 0x and 40 hexadecimal digits.
    #[schema(examples("0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"))]
    pub address: String,
}

/// A message to sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NonceAnswer {
    /// The nonce in the message; it works once, and for a short time.
    pub nonce: String,
    /// The text to sign as it stands, with `personal_sign`.
    pub message: String,
}

/// Presents the signed message: with the message itself, as wallets that write their own do, or with the address that
/// asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyRequest {
    /// The address that asked for the message; may be left out when the message is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(examples("0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"))]
    pub address: Option<String>,
    /// The message that was signed: the one that was handed out, or another ERC-4361 message with its nonce.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What `personal_sign` returned: 65 bytes in hexadecimal, after 0x.
    pub signature: String,
}

/// Presents a refresh token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    /// The refresh token of the login, or of the last renewal.
    pub refresh_token: String,
}

/// Presents a one-time code of the operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OperatorRequest {
    /// The code from the terminal.
    pub code: String,
}

/// A login.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenAnswer {
    /// The token, to be sent as `Authorization: Bearer <token>`.
    pub token: String,
    /// For how many seconds it holds.
    #[schema(examples(900))]
    pub expires_in: u64,
    /// Gets a new token at `POST /auth/refresh`, once.
    pub refresh_token: String,
    /// For how many seconds the session lasts unless it is renewed.
    #[schema(examples(2592000))]
    pub refresh_expires_in: u64,
}

/// Sessions that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogoutAnswer {
    /// How many there were.
    pub ended: u64,
}

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// The address that logged in; all zeros for the local operator.
    pub address: String,
    /// The faction that is claimed, if one is.
    #[schema(required = true)]
    pub faction: Option<String>,
    /// The running universe, if there is one.
    #[schema(required = true)]
    pub universe_id: Option<String>,
    /// `player` or `admin`.
    #[schema(examples("player"))]
    pub role: String,
}
