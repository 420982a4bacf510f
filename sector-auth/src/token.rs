//! The token a login earns: a JWT, signed with HS256 and nothing else.
//!
//! Eight claims, all required and no others. `jsonwebtoken` writes and reads the form, and makes and
//! checks the signature; what it would let pass is refused here: other headers than ours (`header`),
//! and claims that do not hold, against the `now` that is passed in. A token says by which key it was
//! signed, so that keys can be changed while tokens of the last one still hold.

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

/// Longest token that is looked at, in bytes: several times what the claims of one take.
pub const TOKEN_BYTES_MAX: usize = 4_096;
/// Shortest signing secret, in bytes: as long as the digest HS256 uses (RFC 7518, 3.2).
pub const SECRET_BYTES_MIN: usize = 32;
/// Longest life of a token, in seconds: 30 days. What was signed cannot be called back by itself.
pub const TTL_SECONDS_MAX: u64 = 2_592_000;
/// Most earlier keys whose tokens still hold.
pub const PREVIOUS_KEYS_MAX: usize = 4;

/// Longest name of an issuer or audience, in bytes, so that a token stays far below [`TOKEN_BYTES_MAX`].
const NAME_BYTES_MAX: usize = 128;

/// What a token says. Every claim is there in every token, and no other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// Whom it is for.
    pub aud: String,
    /// Whom it speaks of; the local operator has [`Address::ZERO`].
    pub sub: Address,
    /// What the subject may do: player or admin.
    pub role: Role,
    /// When it was issued, in Unix seconds.
    pub iat: u64,
    /// First Unix second at which it is no longer valid.
    pub exp: u64,
    /// The token's own id.
    pub jti: TokenId,
    /// The session that it belongs to, and ends with.
    pub sid: TokenId,
}

/// What a new token shall say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// Whom it speaks of.
    pub subject: Address,
    /// What the subject may do: a role that [may log in](Role::may_log_in).
    pub role: Role,
    /// The session that it belongs to.
    pub session_id: TokenId,
    /// Its own id.
    pub token_id: TokenId,
    /// How long it lives, in seconds: 1 to [`TTL_SECONDS_MAX`].
    pub ttl_seconds: u64,
}

/// A key that signs tokens, known by an id that follows from it. Its `Debug` shows the id alone.
#[derive(Clone)]
pub struct TokenKey {
    id: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl TokenKey {
    /// A key from a secret of at least 32 bytes, which should be random ones.
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

    /// What tokens call the key (`kid`): 16 hexadecimal digits that say nothing about a random secret.
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
/// New tokens are signed with the current key; tokens of the earlier ones hold until they expire. To
/// change the key, make the current one an earlier one, and leave it out after the longest life of a
/// token.
#[derive(Debug, Clone)]
pub struct TokenKeys {
    issuer: String,
    audience: String,
    current: TokenKey,
    previous: Vec<TokenKey>,
    validation: Validation,
}

impl TokenKeys {
    /// These keys, for tokens of this issuer and audience.
    ///
    /// # Errors
    /// [`AuthError::TokenKeysTooMany`] beyond [`PREVIOUS_KEYS_MAX`] earlier ones,
    /// [`AuthError::TokenKeyRepeated`] for one given twice, [`AuthError::TokenNotIssued`] for an issuer
    /// or audience that is empty or longer than 128 bytes.
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
                    "its {name} has {} bytes; allowed are 1 to {NAME_BYTES_MAX}",
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
        // The library would ask the system's clock, and take a list of audiences; see `verify`.
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

    /// A token that says this, valid from `now`.
    ///
    /// # Errors
    /// [`AuthError::TokenRole`] for a role that cannot log in, [`AuthError::TokenLifetime`] for a life
    /// of nothing or beyond [`TTL_SECONDS_MAX`].
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
        check_role_and_life(&claims)?;
        let header = Header { kid: Some(self.current.id.clone()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, &claims, &self.current.encoding)
            .map_err(|error| AuthError::TokenNotIssued { detail: error.to_string() })
    }

    /// What the token says, if it is ours and valid now. Whether its session has ended is the store's to say.
    ///
    /// # Errors
    /// The `Token…` variants of [`AuthError`]: form, header, algorithm, key, signature, claims, issuer,
    /// audience, role, life, issued in the future, expired; in this order.
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
        check_role_and_life(&claims)?;
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

fn check_role_and_life(claims: &Claims) -> Result<(), AuthError> {
    if !claims.role.may_log_in() {
        return Err(AuthError::TokenRole { role: claims.role });
    }
    // An end before the beginning is a life of nothing.
    if !(1..=TTL_SECONDS_MAX).contains(&claims.exp.saturating_sub(claims.iat)) {
        return Err(AuthError::TokenLifetime {
            issued_at: Timestamp::from_unix_seconds(claims.iat),
            expires_at: Timestamp::from_unix_seconds(claims.exp),
            ttl_seconds_max: TTL_SECONDS_MAX,
        });
    }
    Ok(())
}

/// What the library refuses in a token whose header is ours: JSON that does not fit is that of the claims.
fn refusal(error: &jsonwebtoken::errors::Error) -> AuthError {
    match error.kind() {
        ErrorKind::InvalidSignature => AuthError::TokenSignature,
        ErrorKind::InvalidAlgorithm => AuthError::TokenAlgorithm,
        ErrorKind::Json(source) => AuthError::TokenClaims { detail: shown(&source.to_string()) },
        ErrorKind::Base64(_) => AuthError::TokenMalformed {
            detail: "its claims or signature are not base64url without padding".to_owned(),
        },
        _ => AuthError::TokenMalformed { detail: shown(&error.to_string()) },
    }
}
