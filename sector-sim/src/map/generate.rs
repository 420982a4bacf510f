//! Generates a whole map: positions, lanes, values, homes, kinds and names, in this order.
//!
//! If fewer than four in five systems are on a cycle (rare, unless the rules ask for few lanes),
//! positions are drawn again, a limited number of times; then the map with the most systems on
//! cycles is taken.

use crate::draw::{Draw, Purpose};
use crate::ids::MAX_STARTERS;
use crate::map::adjacency::Adjacency;
use crate::map::positions::Point;
use crate::map::zones::Zones;
use crate::map::{
    Lane, MAX_SYSTEMS, Map, MapError, Site, homes, in_range, kinds, lanes, positions,
};
use crate::names;
use crate::rules::{MapRules, RulesError};

/// Maximum number of layouts to draw in search of enough cycles.
const LAYOUTS: u64 = 8;
/// Maps with more systems are drawn only once: chance evens out over their parts.
const SMALL: u32 = 1_000;

pub(super) fn generate(
    rules: &MapRules,
    seed: u64,
    systems: u32,
    factions: u8,
) -> Result<Map, MapError> {
    rules.check()?;
    if rules.least_value > rules.most_value {
        let (least, most) = (rules.least_value, rules.most_value);
        return Err(RulesError::Contradiction(format!(
            "map.least_value = {least} must not exceed map.most_value = {most}"
        ))
        .into());
    }
    in_range("systems", u64::from(systems), 2, u64::from(MAX_SYSTEMS))?;
    in_range("factions", u64::from(factions), 2, u64::from(MAX_STARTERS))?;
    if systems < u32::from(factions) {
        return Err(MapError::TooFewSystems { systems, factions });
    }

    let mut best = Layout::draw(rules, seed, 0, systems);
    for attempt in 1..LAYOUTS {
        if systems > SMALL || best.has_enough_ways() {
            break;
        }
        let next = Layout::draw(rules, seed, attempt, systems);
        if next.on_cycle > best.on_cycle {
            best = next;
        }
    }
    let Layout { mut draw, points, lanes, .. } = best;
    let values = rules.most_value.abs_diff(rules.least_value) + 1;
    let mut values: Vec<u8> = points
        .iter()
        .map(|_| (rules.least_value.unsigned_abs() + draw.below(values)) as u8)
        .collect();
    let adjacency = Adjacency::new(points.len(), &lanes);
    let homes = homes::choose(&adjacency, &mut values, rules, seed, factions);
    let kinds = kinds::kinds(systems, &homes, &Zones::new(&adjacency, &homes), rules, &mut draw);
    let names = names::system_names(seed, systems);

    let sites = names
        .into_iter()
        .zip(points)
        .zip(values.into_iter().zip(kinds))
        .map(|((name, point), (value, kind))| Site { name, x: point.x, y: point.y, value, kind })
        .collect();
    Ok(Map { sites, lanes, adjacency, homes })
}

/// Positions and lanes of one attempt.
struct Layout {
    /// The generator after the positions; values and kinds are drawn from it next.
    draw: Draw,
    points: Vec<Point>,
    lanes: Vec<Lane>,
    /// Number of systems on a cycle.
    on_cycle: usize,
}

impl Layout {
    fn draw(rules: &MapRules, seed: u64, attempt: u64, systems: u32) -> Layout {
        let mut draw = Draw::new(seed, 0, Purpose::Map, attempt);
        let points = positions::positions(systems, rules.spacing_per_mille, &mut draw);
        let (lanes, on_cycle) = lanes::lanes(&points, rules);
        Layout { draw, points, lanes, on_cycle }
    }

    fn has_enough_ways(&self) -> bool {
        self.on_cycle * 5 >= self.points.len() * 4
    }
}
