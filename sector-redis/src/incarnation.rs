//! Incarnations of a store, within which stream ids count.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::stream::StreamId;

/// Random id of a store's history: set when the store is first used, and again after a restore from
/// a backup. Printed and parsed as 16 hex digits.
///
/// Stream ids count within an incarnation. After a restore the same id may name another event, so
/// that followers compare the incarnation as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Incarnation(u64);

impl Incarnation {
    /// The incarnation with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// A random incarnation.
    ///
    /// # Errors
    /// [`Unavailable`](Error::Unavailable) if the system has no random numbers.
    pub fn random() -> Result<Self> {
        getrandom::u64()
            .map(Self)
            .map_err(|error| Error::unavailable("drawing an incarnation", error))
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl From<Incarnation> for String {
    fn from(incarnation: Incarnation) -> Self {
        incarnation.to_string()
    }
}

impl TryFrom<String> for Incarnation {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl FromStr for Incarnation {
    type Err = Error;

    /// Accepts exactly what [`fmt::Display`] prints.
    fn from_str(text: &str) -> Result<Self, Error> {
        let proper =
            text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = proper.then(|| u64::from_str_radix(text, 16).ok()).flatten();
        number.map(Self).ok_or_else(|| {
            Error::invalid("incarnation", format!("{text:?}"), "16 hex digits, lower case")
        })
    }
}

/// A position in a stream to resume from.
///
/// ```
/// use sector_redis::{Incarnation, Position, StreamId};
/// let anywhere = Position::from(StreamId::new(7));
/// assert_eq!(anywhere.incarnation, None);
/// let here = Position { incarnation: Some(Incarnation::new(1)), after: StreamId::new(7) };
/// assert_ne!(here, anywhere);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The expected incarnation. `None` accepts any, for callers that have just read the id from
    /// the store and are fenced by other means.
    pub incarnation: Option<Incarnation>,
    /// The id to resume after.
    pub after: StreamId,
}

impl From<StreamId> for Position {
    fn from(after: StreamId) -> Self {
        Self { incarnation: None, after }
    }
}

impl Position {
    /// Refuses a position of a different incarnation.
    pub fn check(&self, current: Option<Incarnation>) -> Result<()> {
        match self.incarnation {
            Some(known) if current != Some(known) => Err(Error::Restored { known, current }),
            _ => Ok(()),
        }
    }
}

/// The error for a new incarnation while a worker holds the lease.
pub fn held() -> Error {
    Error::config("a worker holds the lease of this sector; stop all of them first")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_what_it_parses_and_refuses_everything_else() {
        for number in [0, 1, 0x00ab_cdef, u64::MAX] {
            let incarnation = Incarnation::new(number);
            assert_eq!(incarnation.to_string().len(), 16);
            assert_eq!(incarnation.to_string().parse::<Incarnation>().unwrap(), incarnation);
        }
        for text in [
            "",
            "1",
            "00000000000000001",
            "000000000000000g",
            "00000000000000AB",
            "+000000000000001",
        ] {
            assert!(text.parse::<Incarnation>().is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn two_draws_differ() {
        assert_ne!(Incarnation::random().unwrap(), Incarnation::random().unwrap());
    }
}
