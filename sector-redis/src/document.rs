//! Documents: small records that services keep across restarts.
//!
//! A document has a unique id on its [`Shelf`], an owner, and optionally an expiry time, after
//! which it counts as removed. Ids and owners have 1 to 256 bytes without control characters. Times
//! come from the caller, in milliseconds since the Unix epoch.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::ids::check_name;

/// Maximum length of a document's body, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 16 * 1024;
/// Maximum length of an audit entry, in bytes.
pub const MAX_AUDIT_BYTES: usize = 16 * 1024;

/// Kind of document; each has its own limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Shelf {
    /// Logins: at most 100,000, and 50 per owner; beyond that, evicts the one that expires next.
    Sessions,
    /// Bot keys: at most 100,000, and 20 per owner; beyond that, refuses new ones.
    Keys,
    /// Responses to idempotent requests: at most 100,000, and 200 per owner; beyond that, evicts
    /// the one that expires next.
    Replies,
    /// Bot keys by the network that they were issued to: at most 100,000, and 500 per network; beyond
    /// that, refuses new ones.
    KeyNetworks,
    /// Used login nonces and operator codes: at most 100,000, and 100 per owner; beyond that, evicts
    /// the one that expires next.
    Used,
}

impl Shelf {
    /// All shelves.
    pub const ALL: [Self; 5] =
        [Self::Sessions, Self::Keys, Self::Replies, Self::KeyNetworks, Self::Used];

    /// Maximum number of documents.
    #[must_use]
    pub const fn documents_max(self) -> u64 {
        100_000
    }

    /// Maximum number of documents per owner.
    #[must_use]
    pub const fn owner_max(self) -> u64 {
        match self {
            Self::Sessions => 50,
            Self::Keys => 20,
            Self::Replies => 200,
            Self::KeyNetworks => 500,
            Self::Used => 100,
        }
    }

    /// Whether a full shelf evicts the document that expires next, instead of refusing a new one.
    #[must_use]
    pub const fn gives_way(self) -> bool {
        !matches!(self, Self::Keys | Self::KeyNetworks)
    }

    /// Name of the shelf, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Keys => "keys",
            Self::Replies => "replies",
            Self::KeyNetworks => "key networks",
            Self::Used => "used nonces",
        }
    }

    /// The error for a full shelf; with an owner, for that owner's limit.
    #[must_use]
    pub fn full(self, owner: Option<&str>) -> Error {
        let limit = if owner.is_some() { self.owner_max() } else { self.documents_max() };
        Error::Full { shelf: self, owner: owner.map(str::to_owned), limit }
    }
}

impl fmt::Display for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A document. Its `Debug` does not show the body.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Id, unique on its shelf.
    pub id: String,
    /// Owner.
    pub owner: String,
    /// Body, at most [`MAX_DOCUMENT_BYTES`].
    pub body: String,
    /// Expiry time, in milliseconds since the Unix epoch. `None`: never.
    pub ends_at_ms: Option<u64>,
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, owner, body, ends_at_ms } = self;
        let body = format_args!("{} bytes", body.len());
        f.debug_struct("Document")
            .field("id", id)
            .field("owner", owner)
            .field("body", &body)
            .field("ends_at_ms", ends_at_ms)
            .finish()
    }
}

impl Document {
    /// Whether the document has not expired.
    pub fn lasts(&self, now_ms: u64) -> bool {
        self.end() > now_ms
    }

    /// Expiry time; `u64::MAX` for a document that never expires.
    pub fn end(&self) -> u64 {
        self.ends_at_ms.unwrap_or(u64::MAX)
    }

    /// Refuses a document beyond the limits.
    pub fn check(&self) -> Result<()> {
        check_name("document id", &self.id)?;
        check_name("document owner", &self.owner)?;
        check_body("document", &self.body, MAX_DOCUMENT_BYTES)?;
        match self.ends_at_ms {
            // Lua numbers in Redis are exact up to here.
            Some(end) if end > 1 << 53 => {
                Err(Error::invalid("document end", end.to_string(), "at most 2^53 milliseconds"))
            }
            _ => Ok(()),
        }
    }
}

/// Refuses an audit entry that is too long.
pub fn check_audit(body: &str) -> Result<()> {
    check_body("audit entry", body, MAX_AUDIT_BYTES)
}

fn check_body(what: &'static str, body: &str, most: usize) -> Result<()> {
    if body.len() > most {
        return Err(Error::invalid(
            what,
            format!("{} bytes long", body.len()),
            "at most 16384 bytes",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_show_the_body() {
        let document =
            Document { id: "i".into(), owner: "o".into(), body: "hidden".into(), ends_at_ms: None };
        assert!(!format!("{document:?}").contains("hidden"));
    }
}
