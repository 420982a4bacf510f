//! Secrets that do not leak: not into a log, not through the time a comparison takes.

use std::fmt;
use std::str::FromStr;

use sha3::{Digest, Sha3_256};
use subtle::ConstantTimeEq;

use crate::AuthError;

/// A secret string. Its `Debug` shows nothing of it, and it has no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    ///
    /// # Errors
    /// [`AuthError::SecretEmpty`] for the empty string: a variable that is set to nothing must not
    /// become a password of nothing.
    pub fn new(value: impl Into<String>) -> Result<Self, AuthError> {
        let value = value.into();
        if value.is_empty() { Err(AuthError::SecretEmpty) } else { Ok(Self(value)) }
    }

    /// The secret itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(redacted)")
    }
}

impl FromStr for Secret {
    type Err = AuthError;

    fn from_str(text: &str) -> Result<Self, AuthError> {
        Self::new(text)
    }
}

/// A token shared between services (`X-Bot-Token`, an API key), kept as its SHA3-256 digest.
///
/// Digests are compared in constant time, so neither the length of the token nor the place of the
/// first wrong letter can be measured.
#[derive(Clone)]
pub struct SharedToken {
    digest: [u8; 32],
}

impl SharedToken {
    /// Remembers the digest of `secret`.
    #[must_use]
    pub fn new(secret: &Secret) -> Self {
        Self { digest: Sha3_256::digest(secret.expose().as_bytes()).into() }
    }

    /// Whether `presented` is the token.
    #[must_use]
    pub fn matches(&self, presented: &str) -> bool {
        let presented: [u8; 32] = Sha3_256::digest(presented.as_bytes()).into();
        self.digest.ct_eq(&presented).into()
    }
}

impl fmt::Debug for SharedToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SharedToken(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_token_matches() {
        let token = SharedToken::new(&Secret::new("correct horse").unwrap());
        assert!(token.matches("correct horse"));
        for wrong in ["", "correct hors", "correct horse ", "Correct horse"] {
            assert!(!token.matches(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        let secret = Secret::new("hunter2").unwrap();
        assert_eq!(format!("{secret:?} {:?}", SharedToken::new(&secret)), "Secret(redacted) SharedToken(redacted)");
    }

    #[test]
    fn the_empty_secret_is_refused() {
        assert_eq!("".parse::<Secret>().unwrap_err().code(), "secret_empty");
    }
}
