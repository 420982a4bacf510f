//! Ids of stream entries, and the entries themselves.
//!
//! Both streams of a sector (orders, events) are numbered from 1 without gaps, so that a reader can
//! tell "nothing new yet" from "trimmed" by comparing ids.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Id of an entry in a stream, printed and parsed as `"<n>-0"`. `0-0` ([`StreamId::START`]) comes
/// before the first entry.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(into = "String", try_from = "String")]
pub struct StreamId(u64);

impl StreamId {
    /// Before the first entry.
    pub const START: Self = Self(0);

    /// The id with number `number`.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number, counted from 1 within the stream.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The id that follows this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-0", self.0)
    }
}

impl From<StreamId> for String {
    fn from(id: StreamId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for StreamId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl FromStr for StreamId {
    type Err = Error;

    /// Accepts exactly what [`fmt::Display`] prints.
    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = || Error::invalid("stream id", format!("{text:?}"), "\"<n>-0\", n a number");
        let digits = text.strip_suffix("-0").ok_or_else(refused)?;
        let canonical = digits.bytes().all(|byte| byte.is_ascii_digit())
            && (digits == "0" || !digits.starts_with('0'));
        if !canonical {
            return Err(refused());
        }
        digits.parse().map(Self).map_err(|_| refused())
    }
}

/// An event to append with a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Kind of event, such as `snapshot` or `delta`; opaque to the store.
    pub kind: String,
    /// The payload, JSON.
    pub data: String,
}

/// An entry of the event stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Id of the entry.
    pub id: StreamId,
    /// Kind, as committed.
    pub kind: String,
    /// Payload, as committed.
    pub data: String,
}

/// Refuses a read if entries after `after` are gone, or `after` was never reached.
///
/// `kept_after` is the id before the oldest kept entry, `last` the newest id ever used.
pub fn check_readable(
    stream: &'static str,
    after: StreamId,
    kept_after: StreamId,
    last: StreamId,
) -> Result<(), Error> {
    if after < kept_after || after > last {
        return Err(Error::HistoryTrimmed { stream, after, kept_after, last });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_what_it_parses() {
        for number in [0, 1, 10, 17, u64::MAX] {
            let id = StreamId::new(number);
            assert_eq!(id.to_string().parse::<StreamId>().unwrap(), id);
        }
    }

    #[test]
    fn refuses_everything_else() {
        for text in [
            "",
            "-0",
            "1",
            "1-1",
            "01-0",
            "00-0",
            "+1-0",
            " 1-0",
            "1-0 ",
            "1-00",
            "-1-0",
            "a-0",
            "18446744073709551616-0",
        ] {
            assert!(text.parse::<StreamId>().is_err(), "{text:?} was accepted");
        }
    }
}
