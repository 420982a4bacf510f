//! The name of a sector among several on one Redis.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// Maximum length of a sector id, in bytes.
pub const MAX_SECTOR_ID_BYTES: usize = 32;
/// Name of the sector without an id, in paths, options and lists; reserved.
pub const DEFAULT_SECTOR_NAME: &str = "default";

/// The id of a sector: 1 to 32 characters of `a`–`z`, `0`–`9` and `-`.
///
/// All keys of the sector begin with the id in braces, so that a cluster keeps them in one slot.
/// `default` is reserved for the sector without an id, see [`SectorId::parse_name`].
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

    /// Name of a sector: its id, or [`DEFAULT_SECTOR_NAME`] without one.
    #[must_use]
    pub fn name(id: Option<&Self>) -> &str {
        id.map_or(DEFAULT_SECTOR_NAME, Self::as_str)
    }

    /// Parses the name of a sector; `None` is the sector without an id.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name that no sector can have.
    pub fn parse_name(name: &str) -> Result<Option<Self>, Error> {
        if name == DEFAULT_SECTOR_NAME { Ok(None) } else { name.parse().map(Some) }
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
            return Err(Error::invalid(
                "sector id",
                format!("{text:?}"),
                "1 to 32 characters of a-z, 0-9 and -",
            ));
        }
        if text == DEFAULT_SECTOR_NAME {
            let allowed = "any other word: default is the sector without an id";
            return Err(Error::invalid("sector id", format!("{text:?}"), allowed));
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
        for text in ["", "A", "a b", "{a}", "a:b", "é", "default", &"x".repeat(33)] {
            assert!(text.parse::<SectorId>().is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn the_sector_without_an_id_has_a_name() {
        for name in ["default", "north"] {
            let id = SectorId::parse_name(name).unwrap();
            assert_eq!(SectorId::name(id.as_ref()), name);
        }
        assert_eq!(SectorId::parse_name("default").unwrap(), None);
        assert!(SectorId::parse_name("No").is_err());
    }
}
