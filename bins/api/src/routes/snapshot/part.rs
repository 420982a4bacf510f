//! Parts of a snapshot: some of its fields, or the changes since a tick.

use http_kit::catalogue;
use std::collections::BTreeSet;

use follow::{Entry, Frame};
use http_kit::{FieldError, Problem};
use sector_sim::event::narrate;
use sector_sim::snapshot::{FactionForm, FleetForm, HistoryEntry, ResultForm, SystemForm};
use sector_sim::{FactionId, FleetId, SystemId};
use serde::Deserialize;

use sector_wire::SnapshotPart;

/// Fields that can be requested, besides those that are always included.
const FIELDS: [&str; 17] = [
    "incarnation",
    "universe_id",
    "tick",
    "tick_delay_ms",
    "generator_seed",
    "rules",
    "systems",
    "lanes",
    "fleets",
    "factions",
    "next_fleet_id",
    "result",
    "highlight_ids",
    "events",
    "history_tail",
    "digest",
    "fleets_removed",
];

/// Requested fields.
pub(super) struct Fields(Option<BTreeSet<&'static str>>);

impl Fields {
    /// Reads a comma-separated list; without one, all.
    ///
    /// # Errors
    /// 400 `invalid_query` naming each unknown field.
    pub(super) fn parse(text: Option<&str>) -> Result<Self, Problem> {
        let Some(text) = text else { return Ok(Self(None)) };
        let mut fields = BTreeSet::new();
        let mut errors = Vec::new();
        for name in text.split(',') {
            match FIELDS.iter().find(|known| **known == name) {
                Some(known) => drop(fields.insert(*known)),
                None => {
                    let shown: String = name.chars().take(32).collect();
                    let detail = format!("A snapshot has no field {shown:?}.");
                    errors.push(FieldError::new("fields", shown, FIELDS.join(", "), detail));
                }
            }
        }
        if errors.is_empty() {
            return Ok(Self(Some(fields)));
        }
        // Limit the response if a field is repeated many times.
        errors.truncate(FIELDS.len());
        Err(Problem::bad_request(catalogue::INVALID_QUERY, "Unknown fields; see errors.")
            .with_errors(errors))
    }

    /// The value, if the field was requested.
    fn when<T>(&self, name: &'static str, value: impl FnOnce() -> T) -> Option<T> {
        let is_wanted = self.0.as_ref().is_none_or(|fields| fields.contains(name));
        is_wanted.then(value)
    }
}

/// Changes over a range of ticks.
#[derive(Debug, Default)]
pub(super) struct Changes {
    since: u64,
    systems: BTreeSet<SystemId>,
    fleets: BTreeSet<FleetId>,
    removed: BTreeSet<FleetId>,
    factions: BTreeSet<FactionId>,
}

impl Changes {
    /// Merges the deltas after the tick `since`.
    ///
    /// # Errors
    /// An internal problem for an entry that is not a delta.
    pub(super) fn of<'a>(
        since: u64,
        entries: impl Iterator<Item = &'a Entry>,
    ) -> Result<Self, Problem> {
        #[derive(Deserialize)]
        struct Line {
            data: Delta,
        }
        #[derive(Deserialize)]
        struct Delta {
            systems: Vec<Named<SystemId>>,
            fleets: Vec<Named<FleetId>>,
            fleets_removed: Vec<FleetId>,
            factions: Vec<Named<FactionId>>,
        }
        #[derive(Deserialize)]
        struct Named<T> {
            id: T,
        }
        let mut changes = Self { since, ..Self::default() };
        for entry in entries {
            let Line { data } = serde_json::from_slice(&entry.json).map_err(Problem::internal)?;
            changes.systems.extend(data.systems.into_iter().map(|system| system.id));
            changes.fleets.extend(data.fleets.into_iter().map(|fleet| fleet.id));
            changes.removed.extend(data.fleets_removed);
            changes.factions.extend(data.factions.into_iter().map(|faction| faction.id));
        }
        Ok(changes)
    }
}

/// The requested fields of the frame, limited to the requested changes.
pub(super) fn part(frame: &Frame, fields: &Fields, changes: Option<&Changes>) -> SnapshotPart {
    let (map, board, mirror) = (frame.map(), frame.board(), frame.mirror());
    let systems = || match changes {
        Some(changes) => {
            changes.systems.iter().filter_map(|&id| SystemForm::of(map, board, id)).collect()
        }
        None => (0..map.len() as u32)
            .filter_map(|id| SystemForm::of(map, board, SystemId(id)))
            .collect(),
    };
    let fleets = || match changes {
        Some(changes) => changes
            .fleets
            .iter()
            .filter_map(|&id| board.fleets().get(id))
            .map(FleetForm::of)
            .collect(),
        None => board.fleets().iter().map(FleetForm::of).collect(),
    };
    let factions = || match changes {
        Some(changes) => changes
            .factions
            .iter()
            .filter_map(|&id| board.faction(id))
            .map(FactionForm::of)
            .collect(),
        None => board.factions().iter().map(FactionForm::of).collect(),
    };
    let highlights = || {
        let ids: BTreeSet<u32> =
            board.events().iter().filter_map(sector_sim::Event::highlight).map(|id| id.0).collect();
        ids.into_iter().collect()
    };
    let history = || {
        let is_new = |tick: u64| changes.is_none_or(|changes| tick > changes.since);
        let entries = board.history().filter(|(tick, _)| is_new(*tick));
        entries
            .map(|(tick, event)| HistoryEntry {
                tick,
                event: event.clone(),
                text: narrate(map, board, event),
            })
            .collect()
    };
    SnapshotPart {
        incarnation: frame.incarnation().to_string(),
        universe_id: frame.universe().to_string(),
        tick: frame.tick(),
        since: changes.map(|changes| changes.since),
        tick_delay_ms: fields.when("tick_delay_ms", || mirror.universe().tick_delay_ms),
        generator_seed: fields.when("generator_seed", || board.seed()),
        rules: fields.when("rules", || mirror.universe().rules.clone()),
        systems: fields.when("systems", systems),
        lanes: match changes {
            Some(_) => None,
            None => fields.when("lanes", || map.lanes().to_vec()),
        },
        fleets: fields.when("fleets", fleets),
        fleets_removed: changes.and_then(|changes| {
            let removed = || changes.removed.iter().map(|id| id.0).collect();
            fields.when("fleets", removed).or_else(|| fields.when("fleets_removed", removed))
        }),
        factions: fields.when("factions", factions),
        next_fleet_id: fields.when("next_fleet_id", || board.next_fleet_id().0),
        result: fields.when("result", || board.result().map(ResultForm::from)),
        highlight_ids: fields.when("highlight_ids", highlights),
        events: fields.when("events", || board.events().to_vec()),
        history_tail: fields.when("history_tail", history),
        digest: fields.when("digest", || mirror.digest()),
    }
}
