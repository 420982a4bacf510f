//! What a player sees: the whole board, from one seat.

use crate::board::{Board, Faction};
use crate::fleets::Fleet;
use crate::ids::{FactionId, SystemId};
use crate::map::Map;
use crate::mirror::Mirror;
use crate::rules::Rules;
use crate::world::World;

/// A sector seen from the seat of one faction.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Systems and lanes.
    pub map: &'a Map,
    /// The state.
    pub board: &'a Board,
    /// The rules.
    pub rules: &'a Rules,
    /// Who looks.
    pub me: FactionId,
}

impl<'a> View<'a> {
    /// The faction that looks, unless it is not there yet.
    #[must_use]
    pub fn faction(&self) -> Option<&'a Faction> {
        self.board.faction(self.me)
    }

    /// Whether a system belongs to the faction that looks.
    #[must_use]
    pub fn owns(&self, system: SystemId) -> bool {
        self.board.system(system).is_some_and(|state| state.owner == Some(self.me))
    }

    /// The fleets of the faction that looks, by id.
    pub fn fleets(&self) -> impl Iterator<Item = &'a Fleet> + use<'a> {
        let me = self.me;
        self.board.fleets().iter().filter(move |fleet| fleet.owner == me)
    }
}

impl World {
    /// The sector from the seat of a faction.
    #[must_use]
    pub fn view(&self, me: FactionId) -> View<'_> {
        View { map: self.map(), board: self.board(), rules: self.rules(), me }
    }
}

impl Mirror {
    /// The sector from the seat of a faction, under the rules that it lives by.
    #[must_use]
    pub fn view<'a>(&'a self, rules: &'a Rules, me: FactionId) -> View<'a> {
        View { map: self.map(), board: self.board(), rules, me }
    }
}
