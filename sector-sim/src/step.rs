//! One tick, phase by phase.
//!
//! # Neutrality of faction ids
//!
//! # Order of orders

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

/// Changes made by a step, besides the events (see [`crate::Board::events`]). Lists of ids are
/// sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Outcome of each order, in the given order: the acting fleet, if any, or the reason for the
    /// refusal.
    pub outcomes: Vec<Result<Option<FleetId>, Refusal>>,
    /// Changed systems.
    pub systems: Vec<SystemId>,
    /// New and changed fleets.
    pub fleets: Vec<FleetId>,
    /// Removed fleets.
    pub removed_fleets: Vec<FleetId>,
    /// New and changed factions.
    pub factions: Vec<FactionId>,
    /// Digest of the state after the step.
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

/// Phases of a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Fleets on lanes arrive.
    Arrivals,
    /// Fleets of different factions at the same system fight.
    Battles,
    /// Foreign fleets grind down garrisons and occupy systems.
    Occupation,
    /// Captured systems change their state.
    Captures,
    /// Systems rebel.
    Rebellion,
    /// Build stocks grow, and fleets are built.
    Production,
    /// Orders are executed or refused.
    Orders,
    /// Fleets depart.
    Launches,
    /// Idle fleets decay, are repaired and merge.
    Upkeep,
    /// Systems recover.
    Recovery,
    /// Factions are eliminated, and victory is checked.
    Victory,
    /// Derived values, hashes and the report are updated.
    Close,
}

impl Phase {
    /// All phases, in execution order.
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

    /// Name in metrics and tables.
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
    /// Advances by one tick. After the end of the run nothing changes and all orders are refused.
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

    /// Advances by one tick and shows the world after each phase: for testing rules, or to see what
    /// decided a tick.
    ///
    /// Between phases fleets, systems and factions are consistent, but values derived at the end of
    /// a tick (sieges, economies, the digest) are still those of the previous tick. `watch` is not
    /// called once the run has ended.
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
