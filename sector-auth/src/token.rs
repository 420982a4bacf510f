//! Access tokens: JWTs signed with HS256 only.
//!
//! A token has exactly eight claims, all required. `jsonwebtoken` encodes, decodes, signs and
//! checks signatures; this module adds stricter checks of the header (`header`) and of the claims,
//! against the time passed in. A token names its key, so that keys can be rotated while tokens
//! signed with the previous key remain valid.

mod header;
mod hs256;

use std::fmt;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha3::{Digest, Sha3_256};

use crate::error::shown;
use crate::verify::CLOCK_DIFFERENCE_SECONDS_MAX;
use crate::{Address, AuthError, Role, Timestamp, TokenId};

/// Longest token accepted, in bytes: several times the size of a normal token.
pub const TOKEN_BYTES_MAX: usize = 4_096;
/// Shortest signing secret, in bytes: the length of the HS256 digest (RFC 7518, 3.2).
pub const SECRET_BYTES_MIN: usize = 32;
/// Longest lifetime of a token, in seconds: 30 days. A signed token cannot be revoked by itself.
pub const TTL_SECONDS_MAX: u64 = 2_592_000;
/// Largest number of previous keys whose tokens remain valid.
pub const PREVIOUS_KEYS_MAX: usize = 4;

/// Longest name of an issuer or audience, in bytes: keeps tokens far below [`TOKEN_BYTES_MAX`].
const NAME_BYTES_MAX: usize = 128;

/// Claims of a token: every token has all of these and no others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Issuer.
    pub iss: String,
    /// Audience.
    pub aud: String,
    /// Subject: address of the player, or [`Address::ZERO`] for the local operator.
    pub sub: Address,
    /// Role of the subject: player or admin.
    pub role: Role,
    /// Time of issue, in Unix seconds.
    pub iat: u64,
    /// First Unix second at which it is no longer valid.
    pub exp: u64,
    /// Id of the token.
    pub jti: TokenId,
    /// Id of the session; the token becomes invalid with it.
    pub sid: TokenId,
}

/// Contents of a new token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// Address of the player.
    pub subject: Address,
    /// Role of the subject; must be [able to log in](Role::may_log_in).
    pub role: Role,
    /// Id of the session.
    pub session_id: TokenId,
    /// Id of the token.
    pub token_id: TokenId,
    /// Lifetime, in seconds: 1 to [`TTL_SECONDS_MAX`].
    pub ttl_seconds: u64,
}

/// A key that signs tokens, with an id derived from it. `Debug` shows only the id.
#[derive(Clone)]
pub struct TokenKey {
    id: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl TokenKey {
    /// A key from a secret of at least 32 bytes, which should be random.
    ///
    /// # Errors
    /// [`AuthError::TokenKeyTooShort`].
    pub fn new(secret: &[u8]) -> Result<Self, AuthError> {
        if secret.len() < SECRET_BYTES_MIN {
            return Err(AuthError::TokenKeyTooShort { bytes: secret.len() });
        }
        hs256::install();
        let digest = Sha3_256::new()
            .chain_update(b"sector token key id, version 1\0")
            .chain_update(secret)
            .finalize();
        Ok(Self {
            id: hex::encode(&digest[..8]),
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
        })
    }

    /// Id of the key in tokens (`kid`): 16 hexadecimal digits that do not reveal a random secret.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "TokenKey({}, redacted)", self.id)
    }
}

/// Issues and verifies tokens of one issuer for one audience.
///
/// New tokens are signed with the current key; tokens of previous keys remain valid until they
/// expire. To rotate the key, move the current one to the previous ones, and remove it after the
/// longest lifetime of a token.
#[derive(Debug, Clone)]
pub struct TokenKeys {
    issuer: String,
    audience: String,
    current: TokenKey,
    previous: Vec<TokenKey>,
    validation: Validation,
}

impl TokenKeys {
    /// Keys for tokens of an issuer and audience.
    ///
    /// # Errors
    /// [`AuthError::TokenKeysTooMany`] for more than [`PREVIOUS_KEYS_MAX`] previous keys,
    /// [`AuthError::TokenKeyRepeated`] for a key given twice, [`AuthError::TokenNotIssued`] for an
    /// issuer or audience that is empty or longer than 128 bytes.
    pub fn new(
        issuer: impl Into<String>,
        audience: impl Into<String>,
        current: TokenKey,
        previous: Vec<TokenKey>,
    ) -> Result<Self, AuthError> {
        let (issuer, audience) = (issuer.into(), audience.into());
        for (name, value) in [("issuer", &issuer), ("audience", &audience)] {
            if value.is_empty() || value.len() > NAME_BYTES_MAX {
                let detail = format!(
                    "its {name} must have 1 to {NAME_BYTES_MAX} bytes (got {})",
                    value.len()
                );
                return Err(AuthError::TokenNotIssued { detail });
            }
        }
        if previous.len() > PREVIOUS_KEYS_MAX {
            return Err(AuthError::TokenKeysTooMany {
                count: previous.len(),
                allowed: PREVIOUS_KEYS_MAX,
            });
        }
        let mut validation = Validation::new(Algorithm::HS256);
        // The library would use the system clock and accept a list of audiences; see `verify`.
        validation.validate_exp = false;
        validation.validate_aud = false;
        let keys = Self { issuer, audience, current, previous, validation };
        for (index, key) in keys.all().enumerate() {
            if keys.all().take(index).any(|earlier| earlier.id == key.id) {
                return Err(AuthError::TokenKeyRepeated { id: key.id.clone() });
            }
        }
        Ok(keys)
    }

    fn all(&self) -> impl Iterator<Item = &TokenKey> {
        std::iter::once(&self.current).chain(&self.previous)
    }

    /// Issues a token, valid from `now`.
    ///
    /// # Errors
    /// [`AuthError::TokenRole`] for a role that cannot log in, [`AuthError::TokenLifetime`] for a
    /// lifetime of zero or more than [`TTL_SECONDS_MAX`].
    pub fn issue(&self, grant: &Grant, now: Timestamp) -> Result<String, AuthError> {
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: grant.subject,
            role: grant.role,
            iat: now.unix_seconds(),
            exp: now.unix_seconds().saturating_add(grant.ttl_seconds),
            jti: grant.token_id,
            sid: grant.session_id,
        };
        check_role_and_lifetime(&claims)?;
        let header = Header { kid: Some(self.current.id.clone()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, &claims, &self.current.encoding)
            .map_err(|error| AuthError::TokenNotIssued { detail: error.to_string() })
    }

    /// Claims of the token, if it was issued here and is valid now. The caller must check in the
    /// store that its session has not ended.
    ///
    /// # Errors
    /// The `Token…` variants of [`AuthError`]: format, header, algorithm, key, signature, claims,
    /// issuer, audience, role, lifetime, issued in the future, expired; in this order.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, AuthError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(AuthError::TokenMalformed {
                detail: format!("longer than {TOKEN_BYTES_MAX} bytes"),
            });
        }
        let id = header::key_id(token)?;
        let Some(key) = self.all().find(|key| key.id == id) else {
            return Err(AuthError::TokenKeyUnknown { id: shown(&id) });
        };
        let claims = jsonwebtoken::decode::<Claims>(token, &key.decoding, &self.validation)
            .map_err(|error| refusal(&error))?
            .claims;
        if claims.iss != self.issuer {
            return Err(AuthError::TokenIssuer {
                expected: self.issuer.clone(),
                found: shown(&claims.iss),
            });
        }
        if claims.aud != self.audience {
            return Err(AuthError::TokenAudience {
                expected: self.audience.clone(),
                found: shown(&claims.aud),
            });
        }
        check_role_and_lifetime(&claims)?;
        let issued_at = Timestamp::from_unix_seconds(claims.iat);
        if issued_at > now.plus_seconds(CLOCK_DIFFERENCE_SECONDS_MAX) {
            return Err(AuthError::TokenFromFuture { issued_at });
        }
        let expired_at = Timestamp::from_unix_seconds(claims.exp);
        if now >= expired_at {
            return Err(AuthError::TokenExpired { expired_at });
        }
        Ok(claims)
    }
}

fn check_role_and_lifetime(claims: &Claims) -> Result<(), AuthError> {
    if !claims.role.may_log_in() {
        return Err(AuthError::TokenRole { role: claims.role });
    }
    // An expiry before the time of issue counts as a lifetime of zero.
    if !(1..=TTL_SECONDS_MAX).contains(&claims.exp.saturating_sub(claims.iat)) {
        return Err(AuthError::TokenLifetime {
            issued_at: Timestamp::from_unix_seconds(claims.iat),
            expires_at: Timestamp::from_unix_seconds(claims.exp),
            ttl_seconds_max: TTL_SECONDS_MAX,
        });
    }
    Ok(())
}

/// Converts an error of the library. The header has been checked, so JSON errors are about the
/// claims.
fn refusal(error: &jsonwebtoken::errors::Error) -> AuthError {
    match error.kind() {
        ErrorKind::InvalidSignature => AuthError::TokenSignature,
        ErrorKind::InvalidAlgorithm => AuthError::TokenAlgorithm,
        ErrorKind::Json(source) => AuthError::TokenClaims { detail: shown(&source.to_string()) },
        ErrorKind::Base64(_) => AuthError::TokenMalformed {
            detail: "the claims or signature are not base64url without padding".to_owned(),
        },
        _ => AuthError::TokenMalformed { detail: shown(&error.to_string()) },
    }
}
