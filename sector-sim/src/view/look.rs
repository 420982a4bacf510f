//! Queries for strategies: borders, distances, threats and battle previews.
//!
//! Each query is computed from scratch, at the documented cost. Strategies that query a lot every
//! turn should keep a [`crate::strategy::Scout`] (borders, stacks and threats, updated
//! incrementally) and a [`crate::strategy::Reach`] or [`Planner`].

use super::View;
use crate::board::{Fleet, Place};
use crate::ids::{FactionId, FleetId, SystemId};
use crate::map::{Neighbour, Planner, UNREACHED};
use crate::view::Resistance;

/// A foreign fleet at, or on its way to, a system of the viewing faction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threat {
    /// The fleet.
    pub fleet: FleetId,
    /// Owner of the fleet.
    pub faction: FactionId,
    /// Threatened system.
    pub system: SystemId,
    /// Strength of the fleet, milli.
    pub strength: i64,
    /// Ticks until arrival; 0 if the fleet is already there.
    pub ticks: u64,
}

/// Preview of an attack, assuming that nothing else moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BattlePreview {
    /// Resistance on arrival.
    pub resistance: Resistance,
    /// Chance of winning the battle, per mille; 1000 if no fleet defends.
    pub odds: i64,
    /// Strength left after winning and grinding down the garrison, milli; 0 if that is too little
    /// to hold the system.
    pub left: i64,
    /// Strength needed against the garrison alone, milli.
    pub to_occupy: i64,
}

impl<'a> View<'a> {
    /// Neighbours of a system, ordered by id, with the travel ticks of each lane.
    ///
    /// ```
    /// # use sector_sim::{FactionId, Rules, World};
    /// # let world = World::new(Rules::classic().into(), 7).unwrap();
    /// let view = world.view(FactionId::starter(0).unwrap());
    /// let home = view.faction().unwrap().home.unwrap();
    /// let nearest = view.neighbours(home).iter().min_by_key(|next| next.ticks).unwrap();
    /// assert_eq!(view.ticks(home, nearest.system), Some(u64::from(nearest.ticks)));
    /// ```
    #[must_use]
    pub fn neighbours(&self, system: SystemId) -> &'a [Neighbour] {
        self.map.neighbours(system)
    }

    /// Systems of the viewing faction, ordered by id. Scans all systems.
    pub fn systems(&self) -> impl Iterator<Item = SystemId> + use<'a> {
        let me = Some(self.me);
        let states = self.board.systems().iter().zip(0..);
        states.filter(move |(state, _)| state.owner == me).map(|(_, id)| SystemId(id))
    }

    /// Own systems with a foreign neighbour, ordered by id. Scans all systems and the lanes of its
    /// own.
    ///
    /// ```
    /// # use sector_sim::{FactionId, Rules, World};
    /// # let world = World::new(Rules::classic().into(), 7).unwrap();
    /// let view = world.view(FactionId::starter(0).unwrap());
    /// // At the start the faction owns only its home, surrounded by foreign systems.
    /// ```
    pub fn front(&self) -> impl Iterator<Item = SystemId> + use<'a> {
        let view = *self;
        self.systems().filter(move |system| {
            view.neighbours(*system).iter().any(|next| !view.owns(next.system))
        })
    }

    /// Foreign systems adjacent to own ones, ordered by id, without duplicates. Same cost as
    /// [`View::front`].
    #[must_use]
    pub fn targets(&self) -> Vec<SystemId> {
        let all = self.systems().flat_map(|system| self.neighbours(system)).map(|next| next.system);
        let mut targets: Vec<SystemId> = all.filter(|system| !self.owns(*system)).collect();
        targets.sort_unstable();
        targets.dedup();
        targets
    }

    /// Idle fleets of the viewing faction (at a system, without a route), ordered by id. Scans all
    /// fleets.
    pub fn idle_fleets(&self) -> impl Iterator<Item = &'a Fleet> + use<'a> {
        self.fleets().filter(|fleet| fleet.is_idle())
    }

    /// Number of lanes on the shortest path between two systems; `None` if they are not connected.
    /// Searches the whole map: for many distances, call [`crate::Map::hops_from`] once.
    ///
    /// ```
    /// # use sector_sim::{FactionId, Rules, SystemId, World};
    /// # let world = World::new(Rules::classic().into(), 7).unwrap();
    /// let view = world.view(FactionId::starter(0).unwrap());
    /// let home = view.faction().unwrap().home.unwrap();
    /// assert_eq!(view.hops(home, home), Some(0));
    /// assert_eq!(view.hops(home, view.neighbours(home)[0].system), Some(1));
    /// assert_eq!(view.hops(home, SystemId(9_999)), None);
    /// ```
    #[must_use]
    pub fn hops(&self, from: SystemId, to: SystemId) -> Option<u32> {
        let mut hops = Vec::new();
        self.map.hops_from(&[from], &mut hops);
        hops.get(to.index()).copied().filter(|&hops| hops != UNREACHED)
    }

    /// Travel time of a fleet between two systems by the fastest route, in ticks; `None` if they
    /// are not connected. Searches everything closer than the target: for the surroundings of a
    /// system, keep a [`crate::strategy::Reach`].
    #[must_use]
    pub fn ticks(&self, from: SystemId, to: SystemId) -> Option<u64> {
        self.route(from, to).map(|(_, ticks)| ticks)
    }

    /// Route of a fleet, without the system it starts from, and its travel time in ticks: the
    /// fastest route, and among those the safest. For many routes keep a [`Planner`], which reuses
    /// its memory.
    ///
    /// ```
    /// # use sector_sim::{FactionId, Rules, World};
    /// # let world = World::new(Rules::classic().into(), 7).unwrap();
    /// let view = world.view(FactionId::starter(0).unwrap());
    /// let (home, foe) = (world.map().homes()[0], world.map().homes()[1]);
    /// let (route, ticks) = view.route(home, foe).unwrap();
    /// assert_eq!(route.last(), Some(&foe));
    /// assert_eq!(view.ticks(home, foe), Some(ticks));
    /// ```
    #[must_use]
    pub fn route(&self, from: SystemId, to: SystemId) -> Option<(Vec<SystemId>, u64)> {
        Planner::new(self.map.len()).route(self.map, self.board, self.me, from, to)
    }

    /// Foreign fleets at own systems or on their way there, nearest first, then strongest first.
    /// Scans all fleets.
    ///
    /// ```
    /// # use sector_sim::{Command, FactionId, Order, Rules, World};
    /// # use sector_sim::order::Amount;
    /// # let mut world = World::new(Rules::classic().into(), 7).unwrap();
    /// let [me, foe] = [0, 1].map(|seat| FactionId::starter(seat).unwrap());
    /// let (mine, theirs) = (world.map().homes()[0], world.map().homes()[1]);
    /// assert!(world.view(me).threats().is_empty());
    /// let attack = Command::Move { origin: theirs, target: mine, fleet: None, amount: Amount::All };
    /// world.step(&[Order::new(foe, attack)]);
    /// let threat = world.view(me).threats()[0];
    /// assert_eq!((threat.faction, threat.system), (foe, mine));
    /// // The fleet arrives when predicted: one tick away before, then fighting for the system.
    /// ```
    #[must_use]
    pub fn threats(&self) -> Vec<Threat> {
        let now = self.board.tick();
        let foreign = self.board.fleets().iter().filter(|fleet| fleet.owner != self.me);
        let mut threats: Vec<Threat> = foreign
            .filter(|fleet| self.owns(fleet.destination()))
            .map(|fleet| {
                let arrives = match fleet.place {
                    Place::At(_) if fleet.is_idle() => now,
                    _ => fleet.schedule(self.map, now).last().map_or(now, |(_, arrives)| arrives),
                };
                Threat {
                    fleet: fleet.id,
                    faction: fleet.owner,
                    system: fleet.destination(),
                    strength: fleet.strength,
                    ticks: arrives.saturating_sub(now),
                }
            })
            .collect();
        threats.sort_unstable_by_key(|threat| (threat.ticks, -threat.strength, threat.fleet));
        threats
    }

    /// Preview of an attack with the given strength (milli) that arrives after the given ticks,
    /// assuming that nothing else moves. Scans the fleets at that system.
    ///
    /// ```
    /// # use sector_sim::{FactionId, Rules, World};
    /// # let world = World::new(Rules::classic().into(), 7).unwrap();
    /// let view = world.view(FactionId::starter(0).unwrap());
    /// let fleet = view.idle_fleets().next().unwrap();
    /// let target = view.neighbours(fleet.at().unwrap())[0];
    /// let preview = view.battle(target.system, i64::from(target.ticks), fleet.strength);
    /// // No fleet defends against the first attack, only a garrison.
    /// ```
    #[must_use]
    pub fn battle(&self, system: SystemId, ticks: i64, strength: i64) -> BattlePreview {
        let resistance = self.resistance(system, ticks);
        BattlePreview {
            resistance,
            odds: resistance.odds(self, strength),
            left: resistance.left(self, strength),
            to_occupy: resistance.to_occupy(self),
        }
    }
}
