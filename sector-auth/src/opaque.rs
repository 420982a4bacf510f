//! Opaque tokens, shown once and stored as a digest: refresh tokens and bot keys.
//!
//! The format is `sector_key_` or `sector_rt_` and 72 base 58 characters: a 128-bit id (the key in
//! the store), 256 secret bits, and a 32-bit checksum over prefix, id and secret. The prefix
//! identifies the token to people and secret scanners; the checksum detects typing errors without a
//! lookup.
//!
//! A refresh token keeps its id through all renewals of its session. A known id with an old secret
//! means that a used token was copied, so the session must be revoked.

use std::fmt;

use sha3::{Digest, Sha3_256};

use crate::secret::SecretHash;
use crate::{AuthError, TokenId, base58};

const ID_BYTES: usize = 16;
const SECRET_BYTES: usize = 32;
const CHECKSUM_BYTES: usize = 4;
const BODY_BYTES: usize = ID_BYTES + SECRET_BYTES + CHECKSUM_BYTES;
/// Number of characters after the prefix: the fewest that hold 52 bytes.
const BODY_CHARACTERS: usize = 72;

/// Purpose of an opaque token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OpaqueKind {
    /// Renews a session; starts with `sector_rt_`.
    Refresh,
    /// Lets a bot act for a player; starts with `sector_key_`.
    BotKey,
}

impl OpaqueKind {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::Refresh, Self::BotKey];

    /// Prefix of the token.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Refresh => "sector_rt_",
            Self::BotKey => "sector_key_",
        }
    }

    /// Name of the kind, for messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refresh => "refresh token",
            Self::BotKey => "bot key",
        }
    }
}

/// An opaque token, shown once. `Debug` shows only the id; there is no `Display`.
///
/// ```
/// use sector_auth::{OpaqueKind, OpaqueToken, TokenId};
///
/// # fn main() -> Result<(), sector_auth::AuthError> {
/// // Both from a cryptographic random source.
/// let key = OpaqueToken::new(OpaqueKind::BotKey, TokenId::from_random_bytes([1; 16]), [2; 32]);
/// let shown_once = key.expose();
/// let (stored_under, stored) = (key.id(), key.hash());
///
/// let presented = OpaqueToken::parse(OpaqueKind::BotKey, &shown_once)?;
/// assert_eq!(presented.id(), stored_under);
/// assert!(presented.matches(&stored));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct OpaqueToken {
    kind: OpaqueKind,
    id: TokenId,
    secret: [u8; SECRET_BYTES],
}

impl OpaqueToken {
    /// A token from 32 bytes of a cryptographic random source, stored under `id`.
    #[must_use]
    pub const fn new(kind: OpaqueKind, id: TokenId, random: [u8; 32]) -> Self {
        Self { kind, id, secret: random }
    }

    /// Parses a token that a client presents. Parsing proves nothing: compare it with the digest
    /// that is stored under its id.
    ///
    /// # Errors
    /// The `OpaqueToken…` variants of [`AuthError`]: other kind, wrong length, invalid characters,
    /// wrong checksum. The errors do not contain the text.
    pub fn parse(kind: OpaqueKind, text: &str) -> Result<Self, AuthError> {
        let (name, prefix) = (kind.name(), kind.prefix());
        let body =
            text.strip_prefix(prefix).ok_or(AuthError::OpaqueTokenKind { wanted: name, prefix })?;
        // Check the length before anything else, because the text may be very long.
        if body.len() != BODY_CHARACTERS {
            let characters = body.chars().count();
            if characters != BODY_CHARACTERS {
                return Err(AuthError::OpaqueTokenLength {
                    kind: name,
                    characters,
                    expected: BODY_CHARACTERS,
                });
            }
        }
        if !body.bytes().all(base58::is_digit) {
            return Err(AuthError::OpaqueTokenCharacters { kind: name });
        }
        // A number that is too large is a typing error, too.
        let wrong = AuthError::OpaqueTokenChecksum { kind: name };
        let bytes: [u8; BODY_BYTES] = base58::decode(body).ok_or_else(|| wrong.clone())?;
        let (mut id, mut secret) = ([0; ID_BYTES], [0; SECRET_BYTES]);
        id.copy_from_slice(&bytes[..ID_BYTES]);
        secret.copy_from_slice(&bytes[ID_BYTES..ID_BYTES + SECRET_BYTES]);
        let token = Self { kind, id: TokenId::from_random_bytes(id), secret };
        if token.checksum() == bytes[ID_BYTES + SECRET_BYTES..] { Ok(token) } else { Err(wrong) }
    }

    /// Purpose of the token.
    #[must_use]
    pub const fn kind(&self) -> OpaqueKind {
        self.kind
    }

    /// Id under which the token is stored.
    #[must_use]
    pub const fn id(&self) -> TokenId {
        self.id
    }

    /// The secret bytes.
    pub(crate) const fn secret(&self) -> &[u8; SECRET_BYTES] {
        &self.secret
    }

    /// The token itself, for the one response that contains it.
    #[must_use]
    pub fn expose(&self) -> String {
        let mut bytes = Vec::with_capacity(BODY_BYTES);
        bytes.extend_from_slice(self.id.as_bytes());
        bytes.extend_from_slice(&self.secret);
        bytes.extend_from_slice(&self.checksum());
        format!("{}{}", self.kind.prefix(), base58::encode(&bytes, BODY_CHARACTERS))
    }

    /// SHA3-256 digest of the token, to store instead of it.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&self.expose())
    }

    /// Whether the stored digest is that of this token; compared in constant time.
    #[must_use]
    pub fn matches(&self, stored: &SecretHash) -> bool {
        self.hash() == *stored
    }

    fn checksum(&self) -> [u8; CHECKSUM_BYTES] {
        let mut hasher = Sha3_256::new();
        hasher.update(self.kind.prefix().as_bytes());
        hasher.update(self.id.as_bytes());
        hasher.update(self.secret);
        let digest = hasher.finalize();
        [digest[0], digest[1], digest[2], digest[3]]
    }
}

impl fmt::Debug for OpaqueToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "OpaqueToken({} {}, redacted)", self.kind.name(), self.id)
    }
}

#[cfg(test)]
mod tests;
