//! A player's view: the whole board, seen from one seat.

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

/// A sector as one faction sees it: all data available to a [`crate::Strategy`].
///
/// | information | query |
/// |---|---|
/// | own state, systems and fleets | [`View::faction`], [`View::systems`], [`View::owns`], [`View::fleets`], [`View::idle_fleets`] |
/// | borders | [`View::front`], [`View::targets`] |
/// | neighbours, distances and routes | [`View::neighbours`], [`View::hops`], [`View::ticks`], [`View::route`] |
/// | threats | [`View::threats`] |
/// | attack previews | [`View::battle`], [`View::resistance`], [`View::yields`] |
/// | looking ahead | [`View::fork`], [`View::fork_with_luck`] |
/// | the same every turn, on large maps | [`crate::strategy::Scout`], [`crate::strategy::Reach`], [`crate::map::Planner`] |
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Systems and lanes.
    pub map: &'a Arc<Map>,
    /// Current state.
    pub board: &'a Board,
    /// The rules.
    pub rules: &'a Rules,
    /// The viewing faction.
    pub me: FactionId,
}

impl<'a> View<'a> {
    /// Viewing faction; `None` if it does not exist (yet).
    #[must_use]
    pub fn faction(&self) -> Option<&'a Faction> {
        self.board.faction(self.me)
    }

    /// Whether the viewing faction owns a system.
    #[must_use]
    pub fn owns(&self, system: SystemId) -> bool {
        self.board.system(system).is_some_and(|state| state.owner == Some(self.me))
    }

    /// Fleets of the viewing faction, ordered by id. Scans all fleets.
    pub fn fleets(&self) -> impl Iterator<Item = &'a Fleet> + use<'a> {
        let me = self.me;
        self.board.fleets().iter().filter(move |fleet| fleet.owner == me)
    }

    /// A private world that continues from this view exactly like the real one does with the same
    /// orders, battles included. Shares the map and copies the state.
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

    /// A fork with another seed for all future draws: the same state, different luck. Use it to
    /// look ahead without knowing the outcome of battles. Its digests differ from those of the real
    /// world.
    #[must_use]
    pub fn fork_with_luck(&self, seed: u64) -> World {
        let mut board = self.board.clone();
        board.seed = seed & crate::draw::MAX_SEED;
        World::resume(Arc::new(self.rules.clone()), self.map.clone(), board)
    }
}

impl World {
    /// View of a faction.
    #[must_use]
    pub fn view(&self, me: FactionId) -> View<'_> {
        View { map: self.map(), board: self.board(), rules: self.rules(), me }
    }
}

impl Mirror {
    /// View of a faction, under the given rules, which must be those of the sector.
    #[must_use]
    pub fn view<'a>(&'a self, rules: &'a Rules, me: FactionId) -> View<'a> {
        View { map: self.map(), board: self.board(), rules, me }
    }
}
