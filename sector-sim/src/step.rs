//! One tick, phase by phase.
//!
//! # What a faction is called decides nothing
//! Give the starters each other's ids, in a state and in the orders that follow, and leave their homes, systems and
//! fleets as they are: the history is the same under these names, bit for bit. Where several are equal, facts of the
//! board decide: the lower system, the fleet with the lower id. New fleets take their ids in the order of the systems
//! at which they are built, the first ones in that of the homes. Lists of factions stay sorted by id.
//!
//! # In which order orders may come
//! Orders of one faction are carried out one after the other. Those of different factions may come in any order among
//! each other, with the same state after the tick, as long as none of them divides a fleet: a detached fleet takes the
//! next id when its order is applied, and the first in order gets the lower one. (A strategy is a player, not a
//! rule: its own draws are keyed with the id of its faction.)

#[cfg(feature = "parallel")]
mod ahead;
mod arrivals;
mod battles;
mod captures;
mod close;
mod launches;
mod occupation;
mod orders;
mod production;
mod rebellion;
mod recovery;
mod upkeep;
mod victory;

use crate::digest::Digest;
use crate::event::Event;
use crate::ids::{FactionId, FleetId, SystemId};
use crate::order::{Order, Refusal};
use crate::world::World;

#[cfg(feature = "parallel")]
pub(crate) use ahead::Ahead;
pub use battles::{attack_odds, weighed};
#[cfg(feature = "parallel")]
pub(crate) use close::Derived;
pub(crate) use close::close;
pub use close::{economy, output};
pub use rebellion::rebellion_chance;
pub use recovery::garrison_limit;

/// What a step did, apart from the events (see [`crate::Board::events`]). The lists are sorted by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// For each order that was given, in their order: the fleet that obeys it, if it concerns one, or why it was
    /// refused.
    pub outcomes: Vec<Result<Option<FleetId>, Refusal>>,
    /// Systems that are not as they were.
    pub systems: Vec<SystemId>,
    /// Fleets that are new or not as they were.
    pub fleets: Vec<FleetId>,
    /// Fleets that are gone.
    pub removed_fleets: Vec<FleetId>,
    /// Factions that are new or not as they were.
    pub factions: Vec<FactionId>,
    /// The digest of the state after the step.
    pub digest: Digest,
}

impl Report {
    fn clear(&mut self) {
        self.outcomes.clear();
        self.systems.clear();
        self.fleets.clear();
        self.removed_fleets.clear();
        self.factions.clear();
    }
}

/// The parts of a tick, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Fleets whose time has come enter their system.
    Arrivals,
    /// Where fleets of two or more factions meet, they fight.
    Battles,
    /// Foreign fleets grind garrisons down and take systems.
    Occupation,
    /// What a capture does to a system.
    Captures,
    /// Systems rise.
    Rebellion,
    /// Stocks grow, and fleets are built.
    Production,
    /// Orders are carried out or refused.
    Orders,
    /// Fleets set out.
    Launches,
    /// Idle fleets decay, are repaired and merge.
    Upkeep,
    /// Systems recover.
    Recovery,
    /// Who is out, and whether somebody has won.
    Victory,
    /// What is derived is derived anew.
    Close,
}

impl Phase {
    /// All phases, in their order.
    pub const ALL: [Phase; 12] = [
        Phase::Arrivals,
        Phase::Battles,
        Phase::Occupation,
        Phase::Captures,
        Phase::Rebellion,
        Phase::Production,
        Phase::Orders,
        Phase::Launches,
        Phase::Upkeep,
        Phase::Recovery,
        Phase::Victory,
        Phase::Close,
    ];

    /// Its name in metrics and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Phase::Arrivals => "arrivals",
            Phase::Battles => "battles",
            Phase::Occupation => "occupation",
            Phase::Captures => "captures",
            Phase::Rebellion => "rebellion",
            Phase::Production => "production",
            Phase::Orders => "orders",
            Phase::Launches => "launches",
            Phase::Upkeep => "upkeep",
            Phase::Recovery => "recovery",
            Phase::Victory => "victory",
            Phase::Close => "close",
        }
    }
}

impl World {
    /// Lets one tick pass. Once the run has ended nothing changes any more and all orders are refused.
    ///
    /// ```
    /// use sector_sim::{Command, FactionId, Order, Rules, World};
    /// let mut world = World::new(Rules::classic().into(), 7).unwrap();
    /// let fleet = world.board().fleets().iter().next().unwrap().clone();
    /// let origin = fleet.at().unwrap();
    /// let target = world.map().neighbours(origin)[0].system;
    /// let order = Command::Move { origin, target, fleet: Some(fleet.id), amount: sector_sim::order::Amount::Part(4_000) };
    /// let report = world.step(&[Order::new(fleet.owner, order)]);
    /// assert!(report.outcomes[0].is_ok());
    /// assert_eq!(world.tick(), 1);
    /// ```
    pub fn step(&mut self, given: &[Order]) -> &Report {
        self.step_watched(given, |_, _| ())
    }

    /// Lets one tick pass and shows the world after each phase: to test rules, or to see what decided a tick.
    ///
    /// In between, fleets, systems and factions agree with each other; what is derived at the end of a tick (sieges,
    /// economies, the digest) is still that of the tick before. Nothing is shown once the run has ended.
    ///
    /// ```
    /// use sector_sim::{Rules, World};
    /// use sector_sim::step::Phase;
    /// let mut world = World::new(Rules::classic().into(), 7).unwrap();
    /// let mut seen = Vec::new();
    /// world.step_watched(&[], |phase, world| seen.push((phase, world.board().fleets().len())));
    /// assert_eq!(seen.len(), Phase::ALL.len());
    /// assert_eq!(seen[0], (Phase::Arrivals, 5));
    /// ```
    pub fn step_watched(
        &mut self,
        given: &[Order],
        mut watch: impl FnMut(Phase, &World),
    ) -> &Report {
        self.report.clear();
        self.board.events.clear();
        if self.board.result.is_some() {
            self.report.outcomes.extend(given.iter().map(|_| Err(Refusal::RunOver)));
            return &self.report;
        }
        self.board.tick += 1;
        arrivals::arrivals(self);
        watch(Phase::Arrivals, self);
        battles::battles(self);
        watch(Phase::Battles, self);
        occupation::occupation(self);
        watch(Phase::Occupation, self);
        captures::captures(self);
        watch(Phase::Captures, self);
        rebellion::rebellion(self);
        watch(Phase::Rebellion, self);
        production::production(self);
        watch(Phase::Production, self);
        orders::orders(self, given);
        watch(Phase::Orders, self);
        launches::launches(self);
        watch(Phase::Launches, self);
        upkeep::upkeep(self);
        watch(Phase::Upkeep, self);
        recovery::recovery(self);
        watch(Phase::Recovery, self);
        victory::victory(self);
        watch(Phase::Victory, self);
        close(self);
        self.board.remember_events();
        watch(Phase::Close, self);
        &self.report
    }

    fn tell(&mut self, event: Event) {
        self.board.events.push(event);
    }
}
