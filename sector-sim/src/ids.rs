//! Ids of systems, fleets and factions.
//!
//! On the wire, systems and fleets are integers and factions are short strings: `F1` to `F64` for
//! the starters, `L1` for the League of Independents and `S1` to `S32` for splinters. Faction ids
//! mean the same in every sector.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Index of a system on its map, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SystemId(pub u32);

impl SystemId {
    /// Position in the lists of a map.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for SystemId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Number of a fleet, from 1; never reused within a sector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetId(pub u32);

impl fmt::Display for FleetId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Maximum number of starters in a sector.
pub const MAX_STARTERS: u8 = 64;
/// Maximum number of splinters in a sector.
pub const MAX_SPLINTERS: u8 = 32;

const LEAGUE: u8 = MAX_STARTERS;
const FIRST_SPLINTER: u8 = LEAGUE + 1;

/// Number of possible faction ids.
pub const FACTION_IDS: usize = (FIRST_SPLINTER + MAX_SPLINTERS) as usize;

/// A faction: a starter, the League or a splinter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String, examples("F1", "L1", "S2")))]
pub struct FactionId(u8);

impl FactionId {
    /// The League of Independents, which appears with the first rebellion.
    pub const LEAGUE: FactionId = FactionId(LEAGUE);

    /// Starter with this index, from 0; `None` above the maximum.
    #[must_use]
    pub const fn starter(index: u8) -> Option<FactionId> {
        if index < MAX_STARTERS { Some(FactionId(index)) } else { None }
    }

    /// Splinter with this index, from 0; `None` above the maximum.
    #[must_use]
    pub const fn splinter(index: u8) -> Option<FactionId> {
        if index < MAX_SPLINTERS { Some(FactionId(FIRST_SPLINTER + index)) } else { None }
    }

    /// Kind of faction with this id.
    #[must_use]
    pub const fn kind(self) -> FactionKind {
        match self.0 {
            0..LEAGUE => FactionKind::Starter,
            LEAGUE => FactionKind::League,
            _ => FactionKind::Splinter,
        }
    }

    /// Index below [`FACTION_IDS`], in id order.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for FactionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            FactionKind::Starter => write!(formatter, "F{}", self.0 + 1),
            FactionKind::League => formatter.write_str("L1"),
            FactionKind::Splinter => write!(formatter, "S{}", self.0 - FIRST_SPLINTER + 1),
        }
    }
}

impl fmt::Debug for FactionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Not a faction id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid faction id {0:?}: allowed are F1 to F64, L1 and S1 to S32")]
pub struct UnknownFactionId(pub String);

impl FromStr for FactionId {
    type Err = UnknownFactionId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownFactionId(text.chars().take(16).collect());
        let (letter, digits) = text.split_at_checked(1).ok_or_else(unknown)?;
        if digits.starts_with('0')
            || digits.len() > 2
            || !digits.bytes().all(|byte| byte.is_ascii_digit())
        {
            return Err(unknown());
        }
        let number: u8 = digits.parse().map_err(|_| unknown())?;
        let id = match letter {
            "F" => FactionId::starter(number - 1),
            "L" if number == 1 => Some(FactionId::LEAGUE),
            "S" => FactionId::splinter(number - 1),
            _ => None,
        };
        id.ok_or_else(unknown)
    }
}

impl Serialize for FactionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FactionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = FactionId;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a faction id such as \"F1\"")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<FactionId, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

/// Origin of a faction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum FactionKind {
    /// Present from tick 0, with a home and a fleet.
    Starter,
    /// The League of Independents, founded by the first rebellion.
    League,
    /// Broken away from another faction.
    Splinter,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_faction_id_prints_and_parses_back() {
        for number in 0..FACTION_IDS as u8 {
            let id = FactionId(number);
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        for bad in
            ["", "F", "F0", "F01", "F65", "L2", "S0", "S33", "f1", "F-1", "F+1", "X1", "ÄF1", "F1 "]
        {
            assert!(bad.parse::<FactionId>().is_err(), "{bad:?}");
        }
    }
}
