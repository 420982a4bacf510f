//! Documents: small things of the services that outlive them.
//!
//! Each lies on a [`Shelf`], under an id of its own, belongs to an owner, and may have an end, after
//! which it counts as removed. Ids and owners are names: 1 to 256 bytes without control characters.
//! Times are the caller's, in milliseconds since 1970.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::order::check_name;

/// Longest body of a document, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 16 * 1024;
/// Longest body of an entry of the audit log, in bytes.
pub const MAX_AUDIT_BYTES: usize = 16 * 1024;

/// What kind of document; each kind has maxima of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Shelf {
    /// Logins: at most 100 000, 50 of one owner; beyond that the one nearest its end goes.
    Sessions,
    /// Keys of bots: at most 100 000, 20 of one owner; beyond that none is taken.
    Keys,
    /// Answers to requests that may be repeated: at most 100 000, 200 of one owner; beyond that the
    /// one nearest its end goes.
    Replies,
}

impl Shelf {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sessions, Self::Keys, Self::Replies];

    /// Most documents on it.
    #[must_use]
    pub const fn documents_max(self) -> u64 {
        100_000
    }

    /// Most documents of one owner.
    #[must_use]
    pub const fn owner_max(self) -> u64 {
        match self {
            Self::Sessions => 50,
            Self::Keys => 20,
            Self::Replies => 200,
        }
    }

    /// Whether, where there is no room, the document nearest its end goes for a new one.
    #[must_use]
    pub const fn gives_way(self) -> bool {
        !matches!(self, Self::Keys)
    }

    /// Name of the shelf, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Keys => "keys",
            Self::Replies => "replies",
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
    /// Its name, of which there is one on a shelf.
    pub id: String,
    /// Whose it is.
    pub owner: String,
    /// What it says; at most [`MAX_DOCUMENT_BYTES`].
    pub body: String,
    /// When it ends, milliseconds since 1970; `None`: it does not.
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
    /// Whether it has not ended.
    pub fn lasts(&self, now_ms: u64) -> bool {
        self.end() > now_ms
    }

    /// Its end as a number; the largest there is when it has none.
    pub fn end(&self) -> u64 {
        self.ends_at_ms.unwrap_or(u64::MAX)
    }

    /// Refuses what would not be kept.
    pub fn check(&self) -> Result<()> {
        check_name("document id", &self.id)?;
        check_name("document owner", &self.owner)?;
        check_body("document", &self.body, MAX_DOCUMENT_BYTES)?;
        match self.ends_at_ms {
            // A script in Redis counts exactly up to there.
            Some(end) if end > 1 << 53 => {
                Err(Error::invalid("document end", end.to_string(), "at most 2^53 milliseconds"))
            }
            _ => Ok(()),
        }
    }
}

/// Refuses an entry of the audit log that would not be kept.
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
