//! Deltas: the changes of one tick.

use serde::{Deserialize, Serialize};

use crate::board::Board;
use crate::digest::{Digest, digest_of};
use crate::event::{Event, narrate};
use crate::ids::{FleetId, SystemId};
use crate::map::Map;
use crate::snapshot::{FactionForm, FleetForm, ResultForm, SystemChange};
use crate::step::Report;
use crate::world::World;

/// Changes of one tick. Applied to the snapshot of the previous tick, a delta gives exactly the
/// snapshot of this tick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delta {
    /// Id of the universe.
    pub universe_id: String,
    /// Tick that the delta leads to.
    pub tick: u64,
    /// Changed systems.
    pub systems: Vec<SystemChange>,
    /// New and changed fleets, complete.
    pub fleets: Vec<FleetForm>,
    /// Ids of removed fleets.
    pub fleets_removed: Vec<FleetId>,
    /// New and changed factions, complete.
    pub factions: Vec<FactionForm>,
    /// Id of the next fleet to be created.
    pub next_fleet_id: FleetId,
    /// Result of the run, once it has ended.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub result: Option<ResultForm>,
    /// Events of the tick.
    pub events: Vec<Event>,
    /// Events in English, one sentence per event.
    pub texts: Vec<String>,
    /// Digest of the state after the tick.
    pub digest: Digest,
}

impl Delta {
    /// Delta of the last step of a world, without `texts`.
    #[must_use]
    pub fn of(universe_id: &str, world: &World) -> Delta {
        let (board, report): (&Board, &Report) = (&world.board, &world.report);
        Delta {
            universe_id: universe_id.to_owned(),
            tick: board.tick,
            systems: report.systems.iter().map(|&id| SystemChange::of(board, id)).collect(),
            fleets: board.fleets.all(&report.fleets).map(FleetForm::of).collect(),
            fleets_removed: report.removed_fleets.clone(),
            factions: report
                .factions
                .iter()
                .filter_map(|&id| board.faction(id))
                .map(FactionForm::of)
                .collect(),
            next_fleet_id: board.next_fleet_id,
            result: board.result.map(ResultForm::from),
            events: board.events.clone(),
            texts: Vec::new(),
            digest: report.digest,
        }
    }

    /// Delta from the tick `before` to the next tick, `after`, by comparing both states in full:
    /// for callers without a report. Without `texts`.
    ///
    /// ```
    /// use sector_sim::{Delta, Rules, World};
    /// let mut world = World::new(Rules::classic().into(), 7).unwrap();
    /// let before = world.board().clone();
    /// world.step(&[]);
    /// let delta = Delta::between("u-1", world.map(), &before, world.board());
    /// assert_eq!((delta.tick, delta.digest), (1, world.digest()));
    /// ```
    #[must_use]
    pub fn between(universe_id: &str, map: &Map, before: &Board, after: &Board) -> Delta {
        let states = before.systems.iter().zip(&after.systems).enumerate();
        let changed = states.filter(|(_, (before, after))| before != after);
        let fleets =
            after.fleets.iter().filter(|fleet| before.fleets.get(fleet.id) != Some(*fleet));
        let removed = before.fleets.iter().filter(|fleet| after.fleets.get(fleet.id).is_none());
        let factions =
            after.factions.iter().filter(|faction| before.faction(faction.id) != Some(*faction));
        Delta {
            universe_id: universe_id.to_owned(),
            tick: after.tick,
            systems: changed
                .map(|(index, _)| SystemChange::of(after, SystemId(index as u32)))
                .collect(),
            fleets: fleets.map(FleetForm::of).collect(),
            fleets_removed: removed.map(|fleet| fleet.id).collect(),
            factions: factions.map(FactionForm::of).collect(),
            next_fleet_id: after.next_fleet_id,
            result: after.result.map(ResultForm::from),
            events: after.events.clone(),
            texts: Vec::new(),
            digest: digest_of(map, after),
        }
    }

    /// Fills in `texts`.
    #[must_use]
    pub fn narrated(mut self, map: &Map, board: &Board) -> Delta {
        self.texts = self.events.iter().map(|event| narrate(map, board, event)).collect();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::game::Game;
    use crate::rules::Rules;
    use crate::snapshot::{Mirror, Snapshot, Universe};
    use crate::strategy::Classic;

    #[test]
    fn comparing_two_states_finds_what_the_report_tells() {
        let rules = Rules::classic();
        let world = World::new(rules.clone().into(), 7).unwrap();
        let universe = Universe { id: "u-1".into(), tick_delay_ms: 300, rules: "classic".into() };
        let snapshot = Snapshot::of(&universe, world.map(), world.board(), world.digest());
        let mut mirror = Mirror::new(&snapshot).unwrap();
        let mut game = Game::new(
            world,
            Box::new(move |_, faction| Box::new(Classic::new(rules.personality(faction.index())))),
        );
        for _ in 0..400 {
            let before = game.world().board().clone();
            game.step();
            let (found, told) = (
                Delta::between("u-1", game.world().map(), &before, game.world().board()),
                Delta::of("u-1", game.world()),
            );
            // The report may also include entries that returned to their previous value.
            assert!(found.systems.iter().all(|system| told.systems.contains(system)));
            assert!(found.fleets.iter().all(|fleet| told.fleets.contains(fleet)));
            assert!(found.fleets_removed.iter().all(|fleet| told.fleets_removed.contains(fleet)));
            assert!(found.factions.iter().all(|faction| told.factions.contains(faction)));
            mirror.apply(&found).unwrap();
            assert!(mirror.is_exact());
        }
    }
}
