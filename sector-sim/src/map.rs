//! The map of a sector: systems, the lanes between them and the homes of the starters.
//!
//! A map never changes during a run. It is either generated from a seed ([`Map::generate`]) or
//! rebuilt and validated from its parts ([`Map::from_parts`]). Invariants of every map: 2 to
//! [`MAX_SYSTEMS`] systems on a square of side [`SIDE`], unique names, lanes between two different
//! systems, at most one lane between two systems, lanes sorted by (a, b), neighbours sorted by id.
//! Generated maps are also connected, and none of their lanes cross.
//!
//! All arithmetic is on integers, so a seed gives the same map on every platform.

mod adjacency;
mod generate;
mod homes;
mod kinds;
mod lanes;
mod positions;
mod route;
mod triangulation;
mod zones;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::ids::SystemId;
use crate::rules::{MapRules, RulesError};
use adjacency::Adjacency;
pub use adjacency::{Neighbour, UNREACHED};
pub use route::Planner;

/// Side of the square that holds the systems; coordinates are 0 to this, inclusive.
pub const SIDE: u32 = 1_000_000;
/// Maximum number of systems in a sector.
pub const MAX_SYSTEMS: u32 = 200_000;
/// Maximum length of a system name, in characters.
const MAX_NAME: usize = 64;

/// Kind of system; it determines the yield.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Kind {
    /// An ordinary system.
    Normal,
    /// Ancient treasures: the highest yield.
    Relic,
    /// Shipyards and foundries.
    Forge,
    /// Densely populated.
    Hive,
}

/// Fixed properties of a system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Name, unique on the map.
    pub name: Box<str>,
    /// Distance from the left edge, 0 to [`SIDE`].
    pub x: u32,
    /// Distance from the top edge, 0 to [`SIDE`].
    pub y: u32,
    /// Value of the system, 1 to 10.
    pub value: u8,
    /// Kind of system.
    pub kind: Kind,
}

/// A lane between two systems, open in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Lane {
    /// End with the lower id.
    #[cfg_attr(feature = "openapi", schema(value_type = u32))]
    pub a: SystemId,
    /// End with the higher id.
    #[cfg_attr(feature = "openapi", schema(value_type = u32))]
    pub b: SystemId,
    /// Travel time, in ticks, at least 1.
    pub ticks: u16,
}

/// Reason why a map is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// A value is out of range.
    #[error("{what} = {value} is not allowed; allowed are {least} to {most}")]
    OutOfRange {
        /// Name of the value.
        what: &'static str,
        /// Given value.
        value: u64,
        /// Minimum.
        least: u64,
        /// Maximum.
        most: u64,
    },
    /// There are more factions than systems.
    #[error("{factions} factions need at least as many systems (got {systems})")]
    TooFewSystems {
        /// Given number of systems.
        systems: u32,
        /// Given number of factions.
        factions: u8,
    },
    /// The map rules are invalid.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// A lane or a home names a system that is not on the map.
    #[error("{what} names system {system}, but the map has systems 0 to {last}")]
    UnknownSystem {
        /// Where the id was found.
        what: &'static str,
        /// Given id.
        system: SystemId,
        /// Highest id on the map.
        last: u32,
    },
    /// The ends of a lane are equal or in the wrong order.
    #[error("lane {a}-{b} must go from a lower id to a higher one")]
    LaneOrder {
        /// First end.
        a: SystemId,
        /// Second end.
        b: SystemId,
    },
    /// Two lanes connect the same systems.
    #[error("duplicate lane {a}-{b}; allowed is one lane between two systems")]
    LaneTwice {
        /// Lower end.
        a: SystemId,
        /// Higher end.
        b: SystemId,
    },
    /// Two factions have the same home.
    #[error("system {0} is the home of two factions; homes must differ")]
    HomeTwice(SystemId),
    /// A name is empty, too long, or contains control characters.
    #[error(
        "invalid name of system {system}: allowed are 1 to 64 characters, without control characters"
    )]
    BadName {
        /// System with the invalid name.
        system: SystemId,
    },
    /// Two systems have the same name.
    #[error("system {system} has the duplicate name {name:?}; names must be unique on a map")]
    NameTwice {
        /// The second of the two.
        system: SystemId,
        /// Duplicate name.
        name: Box<str>,
    },
}

/// Systems, lanes and homes of a sector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map {
    sites: Vec<Site>,
    lanes: Vec<Lane>,
    adjacency: Adjacency,
    homes: Vec<SystemId>,
}

impl Map {
    /// Generates the map of a seed, with a home for each faction.
    ///
    /// ```
    /// let rules = sector_sim::Rules::classic();
    /// let map = sector_sim::Map::generate(&rules.map, 7, 30, 5)?;
    /// assert_eq!((map.len(), map.homes().len()), (30, 5));
    /// # Ok::<(), sector_sim::map::MapError>(())
    /// ```
    ///
    /// # Errors
    /// [`MapError`] when the rules, the number of systems (2 to [`MAX_SYSTEMS`]) or the number of
    /// factions (2 to 64, at most one per system) is invalid.
    pub fn generate(
        rules: &MapRules,
        seed: u64,
        systems: u32,
        factions: u8,
    ) -> Result<Map, MapError> {
        generate::generate(rules, seed, systems, factions)
    }

    /// Builds a map from its parts, such as those of a snapshot. Lanes may be in any order; `homes`
    /// may be empty. The map need not be connected.
    ///
    /// # Errors
    /// [`MapError`] names the first violated invariant.
    pub fn from_parts(
        sites: Vec<Site>,
        mut lanes: Vec<Lane>,
        homes: Vec<SystemId>,
    ) -> Result<Map, MapError> {
        in_range("systems", sites.len() as u64, 2, u64::from(MAX_SYSTEMS))?;
        in_range("homes", homes.len() as u64, 0, u64::from(crate::ids::MAX_STARTERS))?;
        check_sites(&sites)?;
        let known = |what, system: SystemId| match sites.get(system.index()) {
            Some(_) => Ok(()),
            None => Err(MapError::UnknownSystem { what, system, last: sites.len() as u32 - 1 }),
        };
        for lane in &lanes {
            known("a lane", lane.a)?;
            known("a lane", lane.b)?;
            if lane.a >= lane.b {
                return Err(MapError::LaneOrder { a: lane.a, b: lane.b });
            }
            in_range("ticks of a lane", u64::from(lane.ticks), 1, u64::from(u16::MAX))?;
        }
        lanes.sort_unstable();
        if let Some(twice) =
            lanes.array_windows().find(|[one, next]| (one.a, one.b) == (next.a, next.b))
        {
            return Err(MapError::LaneTwice { a: twice[0].a, b: twice[0].b });
        }
        for (index, home) in homes.iter().enumerate() {
            known("a home", *home)?;
            if homes[..index].contains(home) {
                return Err(MapError::HomeTwice(*home));
            }
        }
        Ok(Map { adjacency: Adjacency::new(sites.len(), &lanes), sites, lanes, homes })
    }

    /// Number of systems, at least 2.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a map is never empty")]
    pub fn len(&self) -> usize {
        self.sites.len()
    }

    /// All systems, ordered by id.
    #[must_use]
    pub fn sites(&self) -> &[Site] {
        &self.sites
    }

    /// System by id, if any.
    #[must_use]
    pub fn site(&self, system: SystemId) -> Option<&Site> {
        self.sites.get(system.index())
    }

    /// All lanes, sorted by (a, b).
    #[must_use]
    pub fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// Neighbours of a system, ordered by id, with the travel ticks of each lane; empty if the
    /// system is not on the map.
    #[must_use]
    pub fn neighbours(&self, system: SystemId) -> &[Neighbour] {
        self.adjacency.of(system)
    }

    /// Homes, in seat order.
    #[must_use]
    pub fn homes(&self) -> &[SystemId] {
        &self.homes
    }

    /// Travel ticks between neighbouring systems; `None` if no lane connects them.
    #[must_use]
    pub fn lane_ticks(&self, from: SystemId, to: SystemId) -> Option<u16> {
        let neighbours = self.neighbours(from);
        let found = neighbours.binary_search_by_key(&to, |neighbour| neighbour.system).ok()?;
        Some(neighbours[found].ticks)
    }

    /// Replaces `out` with the hops from each system to the nearest of `from`, by id: 0 for those
    /// of `from`, [`UNREACHED`] for systems that are not connected. Ids that are not on the map are
    /// ignored. Reuses the allocation of `out`.
    pub fn hops_from(&self, from: &[SystemId], out: &mut Vec<u32>) {
        self.adjacency.hops_from(from, out);
    }
}

fn check_sites(sites: &[Site]) -> Result<(), MapError> {
    let mut names = BTreeSet::new();
    for (index, site) in sites.iter().enumerate() {
        let system = SystemId(index as u32);
        in_range("x of a system", u64::from(site.x), 0, u64::from(SIDE))?;
        in_range("y of a system", u64::from(site.y), 0, u64::from(SIDE))?;
        in_range("value of a system", u64::from(site.value), 1, 10)?;
        let length = site.name.chars().take(MAX_NAME + 1).count();
        if length == 0 || length > MAX_NAME || site.name.chars().any(char::is_control) {
            return Err(MapError::BadName { system });
        }
        if !names.insert(&*site.name) {
            return Err(MapError::NameTwice { system, name: site.name.clone() });
        }
    }
    Ok(())
}

fn in_range(what: &'static str, value: u64, least: u64, most: u64) -> Result<(), MapError> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(MapError::OutOfRange { what, value, least, most })
    }
}
