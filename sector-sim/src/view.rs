//! A player's view: the whole board, from one seat.

mod look;
mod resistance;

pub use look::{BattlePreview, Threat};
pub use resistance::Resistance;
pub(crate) use resistance::kind_yield;

use std::sync::Arc;

use crate::board::{Board, Faction, Fleet};
use crate::ids::{FactionId, SystemId};
use crate::map::Map;
use crate::rules::Rules;
use crate::snapshot::Mirror;
use crate::world::World;

/// A sector seen from the seat of one faction: all that a [`crate::Strategy`] is shown.
///
/// | to know | ask |
/// |---|---|
/// | its state, its systems, its fleets | [`View::faction`], [`View::systems`], [`View::owns`], [`View::fleets`], [`View::idle_fleets`] |
/// | its borders | [`View::front`], [`View::targets`] |
/// | what is next to what, and how far | [`View::neighbours`], [`View::hops`], [`View::ticks`], [`View::route`] |
/// | what comes at it | [`View::threats`] |
/// | how an attack would go | [`View::battle`], [`View::resistance`], [`View::yields`] |
/// | what would be | [`View::fork`], [`View::fork_with_luck`] |
/// | all of it every turn, on large maps | [`crate::strategy::Scout`], [`crate::strategy::Reach`], [`crate::map::Planner`] |
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Systems and lanes.
    pub map: &'a Arc<Map>,
    /// The state.
    pub board: &'a Board,
    /// The rules.
    pub rules: &'a Rules,
    /// The viewing faction.
    pub me: FactionId,
}

impl<'a> View<'a> {
    /// The faction that looks, unless it is not there yet.
    #[must_use]
    pub fn faction(&self) -> Option<&'a Faction> {
        self.board.faction(self.me)
    }

    /// Whether the viewing faction owns a system.
    #[must_use]
    pub fn owns(&self, system: SystemId) -> bool {
        self.board.system(system).is_some_and(|state| state.owner == Some(self.me))
    }

    /// The fleets of the faction that looks, by id.
    pub fn fleets(&self) -> impl Iterator<Item = &'a Fleet> + use<'a> {
        let me = self.me;
        self.board.fleets().iter().filter(move |fleet| fleet.owner == me)
    }

    /// A private world that continues from this view, exactly as the real one does with the same
    /// orders: the battles of the next tick come out alike. The map is shared, the state is copied.
    ///
    /// ```
    /// use sector_sim::{FactionId, Rules, World};
    /// let mut world = World::new(Rules::classic().into(), 7).unwrap();
    /// let mut fork = world.view(FactionId::starter(0).unwrap()).fork();
    /// assert_eq!(fork.digest(), world.digest());
    /// assert_eq!(fork.step(&[]).digest, world.step(&[]).digest);
    /// ```
    #[must_use]
    pub fn fork(&self) -> World {
        World::resume(Arc::new(self.rules.clone()), self.map.clone(), self.board.clone())
    }

    /// A fork with another seed for all draws to come: the same state, but other luck. For players who think ahead
    /// without knowing how the dice will fall; its digests are not those of the real world.
    #[must_use]
    pub fn fork_with_luck(&self, seed: u64) -> World {
        let mut board = self.board.clone();
        board.seed = seed & crate::draw::MAX_SEED;
        World::resume(Arc::new(self.rules.clone()), self.map.clone(), board)
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
