//! Secrets that do not leak into logs or through the timing of comparisons.

use std::fmt;
use std::str::FromStr;

use sha3::{Digest, Sha3_256};
use subtle::{Choice, ConstantTimeEq};

use crate::AuthError;
use crate::text::serialize_as_text;

/// A secret string. `Debug` does not show it, and there is no `Display`.
///
/// Secrets of equal length are compared in constant time.
#[derive(Clone)]
pub struct Secret(String);

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

impl Secret {
    /// Wraps a secret.
    ///
    /// # Errors
    /// [`AuthError::SecretEmpty`] for the empty string: an empty environment variable must not
    /// become an empty password.
    pub fn new(value: impl Into<String>) -> Result<Self, AuthError> {
        let value = value.into();
        if value.is_empty() { Err(AuthError::SecretEmpty) } else { Ok(Self(value)) }
    }

    /// The secret itself.
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

/// SHA3-256 digest of a secret, stored instead of the secret.
///
/// Compared in constant time. Printed and parsed as 64 lower-case hexadecimal digits, of which
/// `Debug` shows the first eight. Use it only for secrets that cannot be guessed: it has no salt
/// and is fast to compute.
#[derive(Clone, Copy)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// Digest of a secret.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Sha3_256::digest(text.as_bytes()).into())
    }
}

impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretHash {}

impl fmt::Display for SecretHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&hex::encode(self.0))
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SecretHash({}…)", hex::encode(&self.0[..4]))
    }
}

impl FromStr for SecretHash {
    type Err = AuthError;

    fn from_str(text: &str) -> Result<Self, AuthError> {
        lower_hex(text).map(Self).ok_or(AuthError::SecretHashMalformed)
    }
}

serialize_as_text!(SecretHash);

/// `N` bytes from 2 × `N` lower-case hexadecimal digits. Upper case is rejected, so that each value
/// has one spelling.
pub(crate) fn lower_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(bytes)
}

/// A token shared between services (`X-Bot-Token`, an API key), stored as its SHA3-256 digest.
///
/// Digests are compared in constant time, so that timing reveals neither the length of the token
/// nor the position of the first wrong character.
#[derive(Clone)]
pub struct SharedToken {
    hash: SecretHash,
}

impl SharedToken {
    /// A token from the secret itself.
    #[must_use]
    pub fn new(secret: &Secret) -> Self {
        Self::from_hash(SecretHash::of(secret.expose()))
    }

    /// A token from its digest.
    #[must_use]
    pub const fn from_hash(hash: SecretHash) -> Self {
        Self { hash }
    }

    /// Whether `presented` is the token.
    #[must_use]
    pub fn matches(&self, presented: &str) -> bool {
        self.hash == SecretHash::of(presented)
    }
}

impl fmt::Debug for SharedToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SharedToken(redacted)")
    }
}

/// Largest number of shared tokens that are valid at once.
pub const SHARED_TOKENS_MAX: usize = 4;

/// One to four shared tokens that are valid at once, so that a token can be rotated while services
/// run: add the new one, distribute it, remove the old one.
///
/// Each check compares all tokens, so that timing does not reveal which one matched.
#[derive(Clone)]
pub struct SharedTokens(Vec<SharedToken>);

impl SharedTokens {
    /// A set of tokens.
    ///
    /// # Errors
    /// [`AuthError::SharedTokensCount`] if there are none, or more than [`SHARED_TOKENS_MAX`].
    pub fn new(tokens: Vec<SharedToken>) -> Result<Self, AuthError> {
        if tokens.is_empty() || tokens.len() > SHARED_TOKENS_MAX {
            return Err(AuthError::SharedTokensCount {
                count: tokens.len(),
                allowed: SHARED_TOKENS_MAX,
            });
        }
        Ok(Self(tokens))
    }

    /// Whether `presented` is one of the tokens.
    #[must_use]
    pub fn matches(&self, presented: &str) -> bool {
        let presented = SecretHash::of(presented);
        let none = Choice::from(0);
        self.0.iter().fold(none, |found, token| found | token.hash.0.ct_eq(&presented.0)).into()
    }
}

impl fmt::Debug for SharedTokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SharedTokens({}, redacted)", self.0.len())
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
    fn debug_does_not_show_secrets() {
        let secret = Secret::new("hunter2").unwrap();
        assert_eq!(
            format!("{secret:?} {:?}", SharedToken::new(&secret)),
            "Secret(redacted) SharedToken(redacted)"
        );
    }

    #[test]
    fn the_empty_secret_is_rejected() {
        assert_eq!("".parse::<Secret>().unwrap_err().code(), "secret_empty");
    }

    #[test]
    fn several_shared_tokens_are_valid_at_once() {
        let token = |text: &str| SharedToken::new(&Secret::new(text).unwrap());
        let tokens = SharedTokens::new(vec![token("new"), token("old"), token("older")]).unwrap();
        for right in ["new", "old", "older"] {
            assert!(tokens.matches(right), "{right}");
        }
        for wrong in ["", "ne", "newold", "oldest"] {
            assert!(!tokens.matches(wrong), "{wrong:?}");
        }
        assert_eq!(format!("{tokens:?}"), "SharedTokens(3, redacted)");
        for count in [0, 5] {
            let error = SharedTokens::new(vec![token("x"); count]).unwrap_err();
            assert_eq!(error, AuthError::SharedTokensCount { count, allowed: 4 });
        }
        SharedTokens::new(vec![token("x"); 4]).unwrap();
    }

    #[test]
    fn digests_are_sha3_256_with_one_spelling() {
        // `printf abc | openssl dgst -sha3-256`
        let text = "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532";
        let hash = SecretHash::of("abc");
        assert_eq!(hash.to_string(), text);
        assert_eq!(text.parse::<SecretHash>().unwrap(), hash);
        assert_ne!(hash, SecretHash::of("abd"));
        assert!(SharedToken::from_hash(hash).matches("abc"));
        assert_eq!(serde_json::to_value(hash).unwrap(), text);
        assert_eq!(serde_json::from_value::<SecretHash>(text.into()).unwrap(), hash);
        for wrong in
            ["", &text[1..], &text.to_uppercase(), &text.replace('3', "g"), &format!("{text}00")]
        {
            assert_eq!(
                wrong.parse::<SecretHash>().unwrap_err(),
                AuthError::SecretHashMalformed,
                "{wrong}"
            );
        }
        assert_eq!(format!("{hash:?}"), "SecretHash(3a985da7…)");
    }
}
