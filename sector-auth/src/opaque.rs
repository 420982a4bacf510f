//! Secrets that are handed out once and kept as their digest: refresh tokens and bot keys.
//!
//! `sector_key_` or `sector_rt_`, then 72 characters of base 58: an id of 128 bits, by which the store
//! finds what the secret belongs to, 256 secret bits, and a checksum of 32 bits over all of it and the
//! prefix. The prefix tells people and scanners what they have found; the checksum tells a typing
//! error from a wrong secret without asking the store.
//!
//! A refresh token keeps its id through all renewals of its session. A client that presents one with a known
//! id and an old secret has a copy of a token that was used: that session is not to be trusted any more.

use std::fmt;

use sha3::{Digest, Sha3_256};

use crate::secret::SecretHash;
use crate::{AuthError, TokenId, base58};

const ID_BYTES: usize = 16;
const SECRET_BYTES: usize = 32;
const CHECKSUM_BYTES: usize = 4;
const BODY_BYTES: usize = ID_BYTES + SECRET_BYTES + CHECKSUM_BYTES;
/// Characters after the prefix: the fewest in which 52 bytes fit.
const BODY_CHARACTERS: usize = 72;

/// What a secret is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OpaqueKind {
    /// Renews a session: `sector_rt_…`.
    Refresh,
    /// Lets a bot act for a player: `sector_key_…`.
    BotKey,
}

impl OpaqueKind {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::Refresh, Self::BotKey];

    /// How such a secret begins.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Refresh => "sector_rt_",
            Self::BotKey => "sector_key_",
        }
    }

    /// What it is, in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refresh => "refresh token",
            Self::BotKey => "bot key",
        }
    }
}

/// A secret that is handed out once. Its `Debug` shows the id alone, and it has no `Display`.
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
    /// The secret made of 32 bytes from a cryptographic random source, to be found under `id`.
    #[must_use]
    pub const fn new(kind: OpaqueKind, id: TokenId, random: [u8; 32]) -> Self {
        Self { kind, id, secret: random }
    }

    /// Reads what somebody presents. That it can be read says nothing about who they are: compare with what
    /// is stored under its id.
    ///
    /// # Errors
    /// The `OpaqueToken…` variants of [`AuthError`]: another kind, wrong length, foreign characters, wrong checksum.
    /// None repeats the text.
    pub fn parse(kind: OpaqueKind, text: &str) -> Result<Self, AuthError> {
        let (name, prefix) = (kind.name(), kind.prefix());
        let body =
            text.strip_prefix(prefix).ok_or(AuthError::OpaqueTokenKind { wanted: name, prefix })?;
        // Nothing long is looked at: what is no base 58 has as many bytes as it likes.
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
        let foreign = AuthError::OpaqueTokenCharacters { kind: name };
        if !body.bytes().all(base58::is_digit) {
            return Err(foreign);
        }
        // A number that is too big for its bytes has a typing error like any other.
        let wrong = AuthError::OpaqueTokenChecksum { kind: name };
        let bytes: [u8; BODY_BYTES] = base58::decode(body).ok_or_else(|| wrong.clone())?;
        let (mut id, mut secret) = ([0; ID_BYTES], [0; SECRET_BYTES]);
        id.copy_from_slice(&bytes[..ID_BYTES]);
        secret.copy_from_slice(&bytes[ID_BYTES..ID_BYTES + SECRET_BYTES]);
        let token = Self { kind, id: TokenId::from_random_bytes(id), secret };
        if token.checksum() == bytes[ID_BYTES + SECRET_BYTES..] { Ok(token) } else { Err(wrong) }
    }

    /// What it is for.
    #[must_use]
    pub const fn kind(&self) -> OpaqueKind {
        self.kind
    }

    /// Under what it is found.
    #[must_use]
    pub const fn id(&self) -> TokenId {
        self.id
    }

    /// The secret itself, for the one answer that hands it out.
    #[must_use]
    pub fn expose(&self) -> String {
        let mut bytes = Vec::with_capacity(BODY_BYTES);
        bytes.extend_from_slice(self.id.as_bytes());
        bytes.extend_from_slice(&self.secret);
        bytes.extend_from_slice(&self.checksum());
        format!("{}{}", self.kind.prefix(), base58::encode(&bytes, BODY_CHARACTERS))
    }

    /// What is stored: the SHA3-256 digest of the text that was handed out.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&self.expose())
    }

    /// Whether this is the secret whose digest was stored; compared in constant time.
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
