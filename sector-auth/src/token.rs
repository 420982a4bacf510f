//! The token a login earns: a JWT, signed with HS256 and nothing else.
//!
//! The library checks form, algorithm and signature; issuer, audience and times are checked here,
//! against the `now` that is passed in. All seven claims are required.

mod hs256;

use std::fmt;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::error::shown;
use crate::verify::CLOCK_DIFFERENCE_SECONDS_MAX;
use crate::{Address, AuthError, Role, Timestamp};

/// Shortest signing secret, in bytes: as long as the digest HS256 uses (RFC 7518, 3.2).
pub const SECRET_BYTES_MIN: usize = 32;
/// Longest token that is looked at, in bytes.
pub const TOKEN_BYTES_MAX: usize = 4_096;

/// What a token says. Every claim is there in every token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// Whom it is for.
    pub aud: String,
    /// Whom it speaks of; the local operator has [`Address::ZERO`].
    pub sub: Address,
    /// What the subject may do.
    pub role: Role,
    /// When it was issued, in Unix seconds.
    pub iat: u64,
    /// First Unix second at which it is no longer valid.
    pub exp: u64,
    /// The token's own id.
    pub jti: String,
}

/// Issues and verifies tokens of one issuer for one audience. Its `Debug` does not show the secret.
#[derive(Clone)]
pub struct TokenKey {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    issuer: String,
    audience: String,
}

impl TokenKey {
    /// A key from a secret of at least 32 bytes.
    ///
    /// # Errors
    /// [`AuthError::TokenKeyTooShort`].
    pub fn new(secret: &[u8], issuer: impl Into<String>, audience: impl Into<String>) -> Result<Self, AuthError> {
        if secret.len() < SECRET_BYTES_MIN {
            return Err(AuthError::TokenKeyTooShort { bytes: secret.len() });
        }
        hs256::install();
        let mut validation = Validation::new(Algorithm::HS256);
        // The library would ask the system's clock, and takes a list as audience; see `verify`.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        Ok(Self {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            validation,
            issuer: issuer.into(),
            audience: audience.into(),
        })
    }

    /// A token for `subject`, valid from `now` for `ttl_seconds`. `token_id` should be unique.
    ///
    /// # Errors
    /// [`AuthError::TokenNotIssued`] if the library cannot write it.
    pub fn issue(
        &self,
        subject: Address,
        role: Role,
        token_id: &str,
        now: Timestamp,
        ttl_seconds: u64,
    ) -> Result<String, AuthError> {
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: subject,
            role,
            iat: now.unix_seconds(),
            exp: now.plus_seconds(ttl_seconds).unix_seconds(),
            jti: token_id.to_owned(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
            .map_err(|error| AuthError::TokenNotIssued { detail: error.to_string() })
    }

    /// What the token says, if it is ours and valid now.
    ///
    /// # Errors
    /// The `Token…` variants of [`AuthError`]: form or missing claim, algorithm, signature, issuer,
    /// audience, expired, issued in the future.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, AuthError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(AuthError::TokenMalformed { detail: format!("longer than {TOKEN_BYTES_MAX} bytes") });
        }
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation)
            .map_err(|error| refusal(&error))?
            .claims;
        if claims.iss != self.issuer {
            return Err(AuthError::TokenIssuer { expected: self.issuer.clone(), found: shown(&claims.iss) });
        }
        if claims.aud != self.audience {
            return Err(AuthError::TokenAudience { expected: self.audience.clone(), found: shown(&claims.aud) });
        }
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

impl fmt::Debug for TokenKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TokenKey")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

fn refusal(error: &jsonwebtoken::errors::Error) -> AuthError {
    match error.kind() {
        ErrorKind::InvalidAlgorithm
        | ErrorKind::InvalidAlgorithmName
        | ErrorKind::MissingAlgorithm
        | ErrorKind::UnsupportedAlgorithm => AuthError::TokenAlgorithm,
        ErrorKind::InvalidSignature => AuthError::TokenSignature,
        ErrorKind::Json(source) => AuthError::TokenMalformed { detail: shown(&source.to_string()) },
        _ => AuthError::TokenMalformed { detail: "not three parts of base64url with JSON inside".to_owned() },
    }
}
