//! Differences between two snapshots or deltas.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::snapshot::{Delta, Snapshot};

/// A field in which two states differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Kind of entry: `sector`, `system`, `lane`, `fleet`, `faction`, `event` or `history`.
    pub what: &'static str,
    /// Id of the entry: an id, the two ends of a lane, or the position of an event; empty for the
    /// sector.
    pub id: String,
    /// Name of the field on the wire; `whole` if only one side has the entry.
    pub field: String,
    /// Left value, as JSON, if any.
    pub left: Option<String>,
    /// Right value, as JSON, if any.
    pub right: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |side: &Option<String>| side.as_deref().unwrap_or("nothing").to_owned();
        formatter.write_str(self.what)?;
        if !self.id.is_empty() {
            write!(formatter, " {}", self.id)?;
        }
        write!(
            formatter,
            ", {}: {} on one side, {} on the other",
            self.field,
            side(&self.left),
            side(&self.right)
        )
    }
}

/// Lists of a document whose entries are compared one by one: name of the list, kind of entry, and
/// the fields that identify an entry (empty: its position).
const LISTS: [(&str, &str, &[&str]); 6] = [
    ("systems", "system", &["id"]),
    ("lanes", "lane", &["a", "b"]),
    ("fleets", "fleet", &["id"]),
    ("factions", "faction", &["id"]),
    ("events", "event", &[]),
    ("history_tail", "history", &[]),
];

impl Snapshot {
    /// Differing fields: those of the sector first, then those of systems, lanes, fleets, factions,
    /// events and history, each ordered by id. Empty if the snapshots are equal.
    ///
    /// ```
    /// use sector_sim::{Rules, Snapshot, Universe, World};
    /// let universe = Universe { id: "u-1".into(), tick_delay_ms: 300, rules: "classic".into() };
    /// let mut world = World::new(Rules::classic().into(), 7).unwrap();
    /// let before = Snapshot::of(&universe, world.map(), world.board(), world.digest());
    /// world.step(&[]);
    /// let after = Snapshot::of(&universe, world.map(), world.board(), world.digest());
    /// assert!(before.differences(&before).is_empty());
    /// let differences = before.differences(&after);
    /// let tick = differences.iter().find(|difference| difference.field == "tick").unwrap();
    /// assert_eq!(tick.to_string(), "sector, tick: 0 on one side, 1 on the other");
    /// assert!(differences.iter().any(|it| it.what == "faction" && it.field == "build_stock"));
    /// ```
    #[must_use]
    pub fn differences(&self, other: &Snapshot) -> Vec<Difference> {
        if self == other { Vec::new() } else { document_differences(self, other) }
    }
}

impl Delta {
    /// Differing fields, in the order of [`Snapshot::differences`].
    #[must_use]
    pub fn differences(&self, other: &Delta) -> Vec<Difference> {
        if self == other { Vec::new() } else { document_differences(self, other) }
    }
}

/// All fields in which two documents differ, with entries matched as in [`LISTS`].
fn document_differences(left: &impl Serialize, right: &impl Serialize) -> Vec<Difference> {
    let document = |document: Result<Value, _>| document.unwrap_or_default();
    let (left, right) =
        (document(serde_json::to_value(left)), document(serde_json::to_value(right)));
    let mut found = Vec::new();
    field_differences("sector", "", &left, &right, &|field| !is_list(field), &mut found);
    for (list, what, id) in LISTS {
        let (left, right) = (entries(&left, list, id), entries(&right, list, id));
        let mut keys: Vec<&Key> = left.keys().chain(right.keys()).collect();
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            let name = key.1.as_str();
            match (left.get(key), right.get(key)) {
                (Some(left), Some(right)) => {
                    field_differences(what, name, left, right, &|_| true, &mut found);
                }
                (left, right) => found.push(Difference {
                    what,
                    id: name.to_owned(),
                    field: "whole".to_owned(),
                    left: left.map(ToString::to_string),
                    right: right.map(ToString::to_string),
                }),
            }
        }
    }
    found
}

fn is_list(field: &str) -> bool {
    LISTS.iter().any(|(list, ..)| *list == field)
}

/// Sort key of an entry: its numeric ids, then a text.
type Key = ([u64; 2], String);

/// Entries of a list by key.
fn entries<'a>(document: &'a Value, list: &str, id: &[&str]) -> BTreeMap<Key, &'a Value> {
    let entries =
        document.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let key = |(position, entry): (usize, &'a Value)| {
        let ids: Vec<&Value> = id.iter().filter_map(|field| entry.get(field)).collect();
        let number = |at: usize| ids.get(at).and_then(|id| id.as_u64());
        let texts = ids.iter().map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned));
        let text =
            if id.is_empty() { position.to_string() } else { texts.collect::<Vec<_>>().join("-") };
        let first = if id.is_empty() { position as u64 } else { number(0).unwrap_or(0) };
        (([first, number(1).unwrap_or(0)], text), entry)
    };
    entries.iter().enumerate().map(key).collect()
}

fn field_differences(
    what: &'static str,
    id: &str,
    left: &Value,
    right: &Value,
    counts: &dyn Fn(&str) -> bool,
    found: &mut Vec<Difference>,
) {
    let fields = |value: &Value| -> Vec<String> {
        value.as_object().map(|fields| fields.keys().cloned().collect()).unwrap_or_default()
    };
    let mut names = fields(left);
    let further: Vec<String> =
        fields(right).into_iter().filter(|name| !names.contains(name)).collect();
    names.extend(further);
    for field in names.into_iter().filter(|field| counts(field)) {
        let (left, right) = (left.get(&field), right.get(&field));
        if left != right {
            found.push(Difference {
                what,
                id: id.to_owned(),
                left: left.map(Value::to_string),
                right: right.map(Value::to_string),
                field,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{FactionId, FleetId, SystemId};
    use crate::rules::Rules;
    use crate::snapshot::Universe;
    use crate::world::World;

    #[test]
    fn every_difference_is_found_and_named() {
        let universe = Universe { id: "u-1".into(), tick_delay_ms: 300, rules: "classic".into() };
        let world = World::new(Rules::classic().into(), 7).unwrap();
        let left = Snapshot::of(&universe, world.map(), world.board(), world.digest());
        let mut right = left.clone();
        right.systems[11].garrison += 1;
        right.systems[2].owner = Some(FactionId::LEAGUE);
        right.lanes[3].ticks += 1;
        right.fleets[1].route.push(SystemId(4));
        right.fleets[4].id = FleetId(77);
        right.factions.pop();
        right.next_fleet_id = FleetId(78);
        let found = left.differences(&right);
        let short: Vec<String> = found
            .iter()
            .map(|difference| {
                if difference.field == "whole" {
                    let sides = (difference.left.is_some(), difference.right.is_some());
                    format!("{} {} whole {sides:?}", difference.what, difference.id)
                } else {
                    difference.to_string()
                }
            })
            .collect();
        let lane = left.lanes[3];
        assert_eq!(
            short,
            [
                "sector, next_fleet_id: 6 on one side, 78 on the other".to_owned(),
                "system 2, owner: \"F4\" on one side, \"L1\" on the other".to_owned(),
                format!(
                    "system 11, garrison: {} on one side, {} on the other",
                    left.systems[11].garrison, right.systems[11].garrison
                ),
                format!(
                    "lane {}-{}, ticks: {} on one side, {} on the other",
                    lane.a,
                    lane.b,
                    lane.ticks,
                    lane.ticks + 1
                ),
                "fleet 2, route: [] on one side, [4] on the other".to_owned(),
                "fleet 5 whole (true, false)".to_owned(),
                "fleet 77 whole (false, true)".to_owned(),
                "faction F5 whole (true, false)".to_owned(),
            ]
        );
        assert_eq!(left.differences(&left), []);
    }
}
