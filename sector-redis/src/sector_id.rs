//! The name of a sector among several on one Redis.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// Longest sector id, in bytes.
pub const MAX_SECTOR_ID_BYTES: usize = 32;

/// The id of a sector: 1 to 32 characters of `a`–`z`, `0`–`9` and `-`.
///
/// All keys of the sector begin with it, in braces: a cluster keeps them in one slot.
///
/// ```
/// use sector_redis::SectorId;
/// assert!("north-2".parse::<SectorId>().is_ok());
/// assert!("North".parse::<SectorId>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SectorId(String);

impl SectorId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SectorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SectorId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if text.is_empty() || text.len() > MAX_SECTOR_ID_BYTES || !text.bytes().all(allowed) {
            return Err(Error::invalid("sector id", format!("{text:?}"), "1 to 32 characters of a-z, 0-9 and -"));
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_taken() {
        for text in ["a", "north-2", "0", &"x".repeat(32)] {
            assert_eq!(text.parse::<SectorId>().unwrap().as_str(), text);
        }
        for text in ["", "A", "a b", "{a}", "a:b", "é", &"x".repeat(33)] {
            assert!(text.parse::<SectorId>().is_err(), "{text:?} was accepted");
        }
    }
}
