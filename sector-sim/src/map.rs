//! The map of a sector: systems, the lanes between them and the homes of the starters.
//!
//! A map never changes during a run. It is either drawn from a seed ([`Map::generate`]) or rebuilt from its parts
//! ([`Map::from_parts`]), which are then checked like anything that comes from outside. Invariants that hold for
//! every map: 2 to [`MAX_SYSTEMS`] systems on a square of side [`SIDE`], each name unique, lanes between two
//! different systems, at most one lane between two systems, lanes sorted by (a, b), neighbours sorted by id. A
//! generated map is connected as well, and none of its lanes cross.
//!
//! Everything is integer arithmetic, so a seed has one map on every platform.

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

/// The side of the square that a sector lies on; positions are 0 to this, inclusive.
pub const SIDE: u32 = 1_000_000;
/// The greatest number of systems of a sector.
pub const MAX_SYSTEMS: u32 = 200_000;
/// The longest name of a system, in characters.
const MAX_NAME: usize = 64;

/// Kind of world; some yield more than others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Kind {
    /// An ordinary system.
    Normal,
    /// Treasures of an older age: the best yield.
    Relic,
    /// Yards and foundries.
    Forge,
    /// Teeming with people.
    Hive,
}

/// Constant state of a system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// The name, unique on its map.
    pub name: Box<str>,
    /// Distance from the left edge, 0 to [`SIDE`].
    pub x: u32,
    /// Distance from the top edge, 0 to [`SIDE`].
    pub y: u32,
    /// Value of the system, 1 to 10.
    pub value: u8,
    /// Kind of world.
    pub kind: Kind,
}

/// A way between two systems, open in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Lane {
    /// The end with the lower id.
    #[cfg_attr(feature = "openapi", schema(value_type = u32))]
    pub a: SystemId,
    /// The end with the higher id.
    #[cfg_attr(feature = "openapi", schema(value_type = u32))]
    pub b: SystemId,
    /// Ticks that a fleet travels, at least 1.
    pub ticks: u16,
}

/// Why there is no such map.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// A number is outside of its range.
    #[error("{what} = {value} is not allowed; allowed are {least} to {most}")]
    OutOfRange {
        /// The name of the number.
        what: &'static str,
        /// The value that was given.
        value: u64,
        /// The least value allowed.
        least: u64,
        /// The greatest value allowed.
        most: u64,
    },
    /// Every faction needs a home of its own.
    #[error("{factions} factions need as many systems, but there are {systems}")]
    TooFewSystems {
        /// The number of systems that was given.
        systems: u32,
        /// The number of factions that was given.
        factions: u8,
    },
    /// The rules of the map are outside of their ranges.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// A lane or a home names a system that is not on the map.
    #[error("{what} names system {system}, but the map has the systems 0 to {last}")]
    UnknownSystem {
        /// Where the id was found.
        what: &'static str,
        /// The id that was given.
        system: SystemId,
        /// The greatest id there is.
        last: u32,
    },
    /// The ends of a lane are equal or in the wrong order.
    #[error("lane {a}-{b} must go from a lower id to a higher one")]
    LaneOrder {
        /// The first end.
        a: SystemId,
        /// The second end.
        b: SystemId,
    },
    /// There are two lanes between the same systems.
    #[error("lane {a}-{b} is given twice; allowed is one lane between two systems")]
    LaneTwice {
        /// The lower end.
        a: SystemId,
        /// The higher end.
        b: SystemId,
    },
    /// Two factions have the same home.
    #[error("system {0} is given as a home twice; every home is a system of its own")]
    HomeTwice(SystemId),
    /// A name is empty, too long, or holds characters that cannot be shown.
    #[error(
        "the name of system {system} is not allowed: it needs 1 to 64 characters, none of them a control character"
    )]
    BadName {
        /// The system with that name.
        system: SystemId,
    },
    /// Two systems have the same name.
    #[error("system {system} is named {name:?} like another; names are unique on a map")]
    NameTwice {
        /// The later of the two.
        system: SystemId,
        /// The name.
        name: Box<str>,
    },
}

/// The systems of a sector, the lanes between them and the homes of its starters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map {
    sites: Vec<Site>,
    lanes: Vec<Lane>,
    adjacency: Adjacency,
    homes: Vec<SystemId>,
}

impl Map {
    /// Draws the map of this seed, with a home for each faction.
    ///
    /// ```
    /// let rules = sector_sim::Rules::classic();
    /// let map = sector_sim::Map::generate(&rules.map, 7, 30, 5)?;
    /// assert_eq!((map.len(), map.homes().len()), (30, 5));
    /// # Ok::<(), sector_sim::map::MapError>(())
    /// ```
    ///
    /// # Errors
    /// [`MapError`] when the rules, the number of systems (2 to [`MAX_SYSTEMS`]) or that of factions (2 to 64, not
    /// more than systems) is not allowed.
    pub fn generate(
        rules: &MapRules,
        seed: u64,
        systems: u32,
        factions: u8,
    ) -> Result<Map, MapError> {
        generate::generate(rules, seed, systems, factions)
    }

    /// Puts a map together from its parts, such as those of a snapshot. Lanes may come in any order; homes may be
    /// left out. The map need not be connected.
    ///
    /// # Errors
    /// [`MapError`] names the first thing that breaks an invariant of maps.
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

    /// The number of systems, at least 2.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a map is never empty")]
    pub fn len(&self) -> usize {
        self.sites.len()
    }

    /// The systems, in the order of their ids.
    #[must_use]
    pub fn sites(&self) -> &[Site] {
        &self.sites
    }

    /// The system with this id, if there is one.
    #[must_use]
    pub fn site(&self, system: SystemId) -> Option<&Site> {
        self.sites.get(system.index())
    }

    /// The lanes, sorted by (a, b).
    #[must_use]
    pub fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// The systems at the other ends of a system's lanes, sorted by id; none for a system that is not on the map.
    #[must_use]
    pub fn neighbours(&self, system: SystemId) -> &[Neighbour] {
        self.adjacency.of(system)
    }

    /// The homes of the starters, in the order of the starters.
    #[must_use]
    pub fn homes(&self) -> &[SystemId] {
        &self.homes
    }

    /// Ticks from one system to a neighbour of it, or nothing when no lane joins them.
    #[must_use]
    pub fn lane_ticks(&self, from: SystemId, to: SystemId) -> Option<u16> {
        let neighbours = self.neighbours(from);
        let found = neighbours.binary_search_by_key(&to, |neighbour| neighbour.system).ok()?;
        Some(neighbours[found].ticks)
    }

    /// The number of lanes from each system to the nearest of `from`, by id, into `out`: 0 for those of `from`,
    /// [`UNREACHED`] where no way leads. Ids that are not on the map are passed over. `out` is replaced; a buffer
    /// that is used again is not allocated again.
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
