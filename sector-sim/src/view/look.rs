//! What a bot asks of what it sees: where its borders are, how far things lie, what threatens, and how a battle would go.
//!
//! Each answer is computed anew from the view, at the documented cost. Strategies that ask a lot every turn keep
//! a [`crate::strategy::Scout`] (borders, stacks and threats, kept up to date) and a [`crate::strategy::Reach`] or [`Planner`] instead.

use super::View;
use crate::board::{Fleet, Place};
use crate::ids::{FactionId, FleetId, SystemId};
use crate::map::{Neighbour, Planner, UNREACHED};
use crate::view::Resistance;

/// A foreign fleet that stands at one of the looker's systems, or is on its way to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threat {
    /// The fleet.
    pub fleet: FleetId,
    /// Whose it is.
    pub faction: FactionId,
    /// The own system.
    pub system: SystemId,
    /// Its strength, milli.
    pub strength: i64,
    /// Ticks until it is there; 0 when it is.
    pub ticks: u64,
}

/// How an attack would go, if nobody else moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BattlePreview {
    /// What stands in the way on arrival.
    pub resistance: Resistance,
    /// How likely the attack is to prevail, per mille; 1000 when no fleet is in its way.
    pub odds: i64,
    /// What is left when it has prevailed and the garrison is ground down, milli; 0 when too little to hold the system.
    pub left: i64,
    /// Strength that suffices against the garrison alone, milli.
    pub to_occupy: i64,
}

impl<'a> View<'a> {
    /// The systems at the other ends of a system's lanes, sorted by id, with the ticks that each lane takes.
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

    /// The systems of the faction that looks, by id. Looks at every system.
    pub fn systems(&self) -> impl Iterator<Item = SystemId> + use<'a> {
        let me = Some(self.me);
        let states = self.board.systems().iter().zip(0..);
        states.filter(move |(state, _)| state.owner == me).map(|(_, id)| SystemId(id))
    }

    /// Own systems that have a foreign neighbour, by id. Looks at every system, and at the lanes of its own.
    ///
    /// ```
    /// # use sector_sim::{FactionId, Rules, World};
    /// # let world = World::new(Rules::classic().into(), 7).unwrap();
    /// let view = world.view(FactionId::starter(0).unwrap());
    /// // At first there is but the home, and all around it is foreign.
    /// assert!(view.front().eq(view.systems()));
    /// assert_eq!(view.targets().len(), view.neighbours(view.systems().next().unwrap()).len());
    /// ```
    pub fn front(&self) -> impl Iterator<Item = SystemId> + use<'a> {
        let view = *self;
        self.systems().filter(move |system| {
            view.neighbours(*system).iter().any(|next| !view.owns(next.system))
        })
    }

    /// Foreign systems next to own ones, each once, by id. Costs what [`View::front`] does.
    #[must_use]
    pub fn targets(&self) -> Vec<SystemId> {
        let all = self.systems().flat_map(|system| self.neighbours(system)).map(|next| next.system);
        let mut targets: Vec<SystemId> = all.filter(|system| !self.owns(*system)).collect();
        targets.sort_unstable();
        targets.dedup();
        targets
    }

    /// The fleets of the faction that looks that stand at a system without orders, by id. Looks at every fleet.
    pub fn idle_fleets(&self) -> impl Iterator<Item = &'a Fleet> + use<'a> {
        self.fleets().filter(|fleet| fleet.is_idle())
    }

    /// Lanes on the shortest way between two systems; nothing when no way leads there. Looks at the whole map: for the
    /// distances to many, ask [`crate::Map::hops_from`] once.
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

    /// Ticks that a fleet needs from one system to another by the quickest way; nothing when no way leads there. Looks
    /// at all that is not farther: for the surroundings of a system, keep a [`crate::strategy::Reach`].
    #[must_use]
    pub fn ticks(&self, from: SystemId, to: SystemId) -> Option<u64> {
        self.route(from, to).map(|(_, ticks)| ticks)
    }

    /// The way that a fleet would take, the system where it begins left out, and the ticks it needs: the quickest, and
    /// of several the safest. For many ways keep a [`Planner`], which keeps its memory.
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

    /// Foreign fleets that stand at own systems or are bound for them, the nearest first and of those the strongest.
    /// Looks at every fleet.
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
    /// // It comes when it was said to: it is a tick away until then, and fights for the system thereafter.
    /// for _ in 1..threat.ticks {
    ///     world.step(&[]);
    /// }
    /// assert_eq!(world.view(me).threats()[0].ticks, 1);
    /// world.step(&[]);
    /// assert!(world.board().fleets().get(threat.fleet).is_none_or(|fleet| fleet.at() == Some(mine)));
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

    /// How an attack with so much strength (milli) would go at a system, were it to arrive after so many ticks and
    /// nobody else to move. Looks at the fleets at that system.
    ///
    /// ```
    /// # use sector_sim::{FactionId, Rules, World};
    /// # let world = World::new(Rules::classic().into(), 7).unwrap();
    /// let view = world.view(FactionId::starter(0).unwrap());
    /// let fleet = view.idle_fleets().next().unwrap();
    /// let target = view.neighbours(fleet.at().unwrap())[0];
    /// let preview = view.battle(target.system, i64::from(target.ticks), fleet.strength);
    /// // No fleet is in the way of the first attack, only a garrison.
    /// assert_eq!(preview.odds, 1000);
    /// assert_eq!(preview.left > 0, fleet.strength >= preview.to_occupy);
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
