//! Draws a whole map: positions, lanes, values, homes, kinds, names, in this order.

use crate::map::adjacency::Adjacency;
use crate::map::zones::Zones;
use crate::map::{MAX_SYSTEMS, Map, MapError, Site, homes, in_range, kinds, lanes, positions};
use crate::{Draw, MAX_STARTERS, MapRules, Purpose, RulesError, names};

pub(super) fn generate(rules: &MapRules, seed: u64, systems: u32, factions: u8) -> Result<Map, MapError> {
    rules.check()?;
    if rules.least_value > rules.most_value {
        let (least, most) = (rules.least_value, rules.most_value);
        return Err(
            RulesError::Contradiction(format!("map.least_value = {least} is above map.most_value = {most}")).into()
        );
    }
    in_range("systems", u64::from(systems), 2, u64::from(MAX_SYSTEMS))?;
    in_range("factions", u64::from(factions), 2, u64::from(MAX_STARTERS))?;
    if systems < u32::from(factions) {
        return Err(MapError::TooFewSystems { systems, factions });
    }

    let mut draw = Draw::new(seed, 0, Purpose::Map, 0);
    let points = positions::positions(systems, rules.spacing_per_mille, &mut draw);
    let values = rules.most_value.abs_diff(rules.least_value) + 1;
    let mut values: Vec<u8> =
        points.iter().map(|_| (rules.least_value.unsigned_abs() + draw.below(values)) as u8).collect();
    let lanes = lanes::lanes(&points, rules);
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
