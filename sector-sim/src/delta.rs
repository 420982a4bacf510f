//! What one tick changed.

use serde::{Deserialize, Serialize};

use crate::board::Board;
use crate::digest::Digest;
use crate::event::Event;
use crate::ids::FleetId;
use crate::map::Map;
use crate::narrate::narrate;
use crate::snapshot::{FactionForm, FleetForm, ResultForm, SystemChange};
use crate::step::Report;
use crate::world::World;

/// What one tick changed: applied to the snapshot of the tick before, it gives the snapshot of this tick, exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delta {
    /// Which universe it belongs to.
    pub universe_id: String,
    /// The tick.
    pub tick: u64,
    /// Systems that changed.
    pub systems: Vec<SystemChange>,
    /// Fleets that are new or changed, whole.
    pub fleets: Vec<FleetForm>,
    /// Fleets that are gone.
    pub fleets_removed: Vec<FleetId>,
    /// Factions that are new or changed, whole.
    pub factions: Vec<FactionForm>,
    /// The id that the next fleet will have.
    pub next_fleet_id: FleetId,
    /// How the run ended, once it has.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub result: Option<ResultForm>,
    /// What happened.
    pub events: Vec<Event>,
    /// The same in English, a sentence for each event.
    pub texts: Vec<String>,
    /// The digest of the state after the tick.
    pub digest: Digest,
}

impl Delta {
    /// What the last step of a world changed, without the sentences.
    #[must_use]
    pub fn of(universe_id: &str, world: &World) -> Delta {
        let (board, report): (&Board, &Report) = (&world.board, &world.report);
        Delta {
            universe_id: universe_id.to_owned(),
            tick: board.tick,
            systems: report.systems.iter().map(|&id| SystemChange::of(board, id)).collect(),
            fleets: board.fleets.all(&report.fleets).map(FleetForm::of).collect(),
            fleets_removed: report.removed_fleets.clone(),
            factions: report.factions.iter().filter_map(|&id| board.faction(id)).map(FactionForm::of).collect(),
            next_fleet_id: board.next_fleet_id,
            result: board.result.map(ResultForm::from),
            events: board.events.clone(),
            texts: Vec::new(),
            digest: report.digest,
        }
    }

    /// Adds the sentences.
    #[must_use]
    pub fn narrated(mut self, map: &Map, board: &Board) -> Delta {
        self.texts = self.events.iter().map(|event| narrate(map, board, event)).collect();
        self
    }
}
