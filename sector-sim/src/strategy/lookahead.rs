//! A player that looks ahead: it simulates several plans and follows the one with the best result.
//!
//! The plans are the other strategies: `classic`, `greedy`, `turtle`, `raider` and `idle`. Every
//! few turns it forks the sector ([`View::fork_with_luck`]), plays each plan for a few dozen ticks
//! against `classic` rivals, and compares the worth of all factions at the end. Forks use their own
//! draws, so the player does not know the outcome of real battles.
//!
//! The budget is counted in simulated ticks, not in time, so the orders are the same on every
//! machine.

use super::{Classic, Greedy, Idle, Raider, Strategy, Turn, Turtle};
use crate::board::Faction;
use crate::draw::{Draw, Purpose};
use crate::ids::FactionId;
use crate::order::Order;
use crate::rules::Personality;
use crate::units::scale;
use crate::view::View;
use crate::world::World;

/// Default budget, in simulated ticks per turn.
const BUDGET: u32 = 100;
/// Length of a simulation, in ticks.
const HORIZON: u64 = 40;
/// Number of plans.
const PLANS: usize = 5;
/// Cost of simulating each plan once, in ticks.
const FUTURE: u64 = HORIZON * PLANS as u64;
/// Minimum number of turns between two comparisons of plans.
const PERIOD_TURNS: u64 = 4;
/// Number of rivals that move in a simulation: the strongest ones. The others are idle.
const RIVALS: usize = 4;
/// Weight of economy relative to strength, per mille.
const ECONOMY: i64 = 1_500;
/// Total worth of all factions.
const WHOLE: i64 = 1_000_000;

/// Simulates several plans and follows the best one.
pub struct Lookahead {
    /// Budget, in simulated ticks per turn.
    budget: u64,
    plans: [Plan; PLANS],
    /// Index of the current plan.
    chosen: usize,
    /// Tick of the next comparison of plans, and tick of the last one.
    thinks: Option<(u64, u64)>,
    /// Players of the rivals in simulations.
    rivals: Vec<Classic>,
}

/// A plan.
struct Plan {
    /// Player that gives the real orders while the plan is followed.
    player: Box<dyn Strategy>,
    /// Player used in simulations; starts over in each one.
    double: Box<dyn Strategy>,
    /// Tick in which the plan was last followed.
    last: Option<u64>,
}

impl Plan {
    fn new<S: Strategy + Clone + 'static>(player: S) -> Plan {
        Plan { double: Box::new(player.clone()), player: Box::new(player), last: None }
    }
}

impl Lookahead {
    /// A player whose `classic` plan has these traits, with the default budget.
    #[must_use]
    pub fn new(personality: Personality) -> Lookahead {
        Lookahead::with_budget(personality, BUDGET)
    }

    /// A player with a budget of simulated ticks per turn, at least 1. It saves up until it can
    /// simulate every plan; with a larger budget it simulates each plan several times, with
    /// different luck.
    ///
    /// ```
    /// use sector_sim::{Rules, Strategy, Turn, World};
    /// use sector_sim::strategy::Lookahead;
    /// let rules = Rules::classic();
    /// let world = World::new(rules.clone().into(), 7).unwrap();
    /// let me = world.board().factions()[0].id;
    /// let mut player = Lookahead::with_budget(rules.personality(0), 200);
    /// assert!(!player.orders(&world.view(me), &Turn::default()).is_empty());
    /// ```
    #[must_use]
    pub fn with_budget(personality: Personality, ticks: u32) -> Lookahead {
        Lookahead {
            budget: u64::from(ticks.max(1)),
            plans: [
                Plan::new(Classic::new(personality)),
                Plan::new(Greedy::default()),
                Plan::new(Turtle::default()),
                Plan::new(Raider::default()),
                Plan::new(Idle),
            ],
            chosen: 0,
            thinks: None,
            rivals: Vec::new(),
        }
    }

    /// Turns between two comparisons: enough to save up for simulating each plan once.
    fn period(&self) -> u64 {
        PERIOD_TURNS.max(FUTURE.div_ceil(self.budget))
    }

    /// Simulates every plan with the same luck and chooses the best; ties keep the current plan.
    fn think(&mut self, view: &View<'_>, tick: u64) {
        let mut rivals: Vec<&Faction> = view
            .board
            .factions()
            .iter()
            .filter(|faction| faction.alive && faction.id != view.me)
            .collect();
        rivals.sort_by_key(|faction| (std::cmp::Reverse(faction.strength), faction.id));
        rivals.truncate(RIVALS);
        let rivals: Vec<FactionId> = rivals.iter().map(|faction| faction.id).collect();
        let even = Personality { aggression: 500, expansionism: 500, greed: 500, caution: 500 };
        self.rivals.resize_with(RIVALS, || Classic::new(even.clone()));

        let mut draw =
            Draw::new(view.board.seed(), tick, Purpose::Strategy, view.me.index() as u64);
        let mut worth = [0; PLANS];
        for _ in 0..self.budget * self.period() / FUTURE {
            let world = view.fork_with_luck(draw.bits());
            for (plan, worth) in worth.iter_mut().enumerate() {
                *worth += self.imagine(world.clone(), plan, view.me, &rivals);
            }
        }
        for plan in 0..PLANS {
            if worth[plan] > worth[self.chosen] {
                self.chosen = plan;
            }
        }
    }

    /// Share of the total worth that the faction has at the end of a simulation of a plan.
    fn imagine(
        &mut self,
        mut world: World,
        plan: usize,
        me: FactionId,
        rivals: &[FactionId],
    ) -> i64 {
        for _ in 0..HORIZON {
            let turn = Turn { tick: world.tick(), missed: 0 };
            let mut orders = self.plans[plan].double.orders(&world.view(me), &turn);
            for (&rival, double) in rivals.iter().zip(&mut self.rivals) {
                orders.append(&mut double.orders(&world.view(rival), &turn));
            }
            world.step(&orders);
            if let Some(outcome) = world.board().result() {
                return if outcome.winner == Some(me) { WHOLE } else { 0 };
            }
        }
        let worth =
            |faction: &Faction| faction.strength.saturating_add(scale(faction.economy, ECONOMY));
        let living = world.board().factions().iter().filter(|faction| faction.alive);
        let all = living.fold(0i64, |sum, faction| sum.saturating_add(worth(faction)));
        world
            .board()
            .faction(me)
            .map_or(0, |faction| crate::units::ratio(worth(faction), WHOLE, all.max(1)))
    }
}

impl Strategy for Lookahead {
    fn name(&self) -> &'static str {
        "lookahead"
    }

    fn orders(&mut self, view: &View<'_>, turn: &Turn) -> Vec<Order> {
        if view.board.result().is_some() || view.faction().is_none_or(|faction| !faction.alive) {
            return Vec::new();
        }
        // A tick before the last comparison means another sector, or a restart of this one.
        let anew = self.thinks.is_none_or(|(_, last)| turn.tick < last);
        if anew {
            self.chosen = 0;
        }
        if anew || self.thinks.is_some_and(|(due, _)| turn.tick >= due) {
            self.think(view, turn.tick);
            self.thinks = Some((turn.tick + self.period(), turn.tick));
        }
        let plan = &mut self.plans[self.chosen];
        // The plan's player saw nothing while another plan was followed.
        let unseen = plan.last.map_or(0, |last| turn.tick.saturating_sub(last + 1));
        plan.last = Some(turn.tick);
        plan.player.orders(view, &Turn { tick: turn.tick, missed: turn.missed.max(unseen) })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::rules::Rules;

    /// Does nothing, and counts its turns.
    struct Counting(Arc<AtomicU64>);

    impl Strategy for Counting {
        fn name(&self) -> &'static str {
            "counting"
        }

        fn orders(&mut self, _view: &View<'_>, _turn: &Turn) -> Vec<Order> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Vec::new()
        }
    }

    /// For any budget and sector size: at most as many simulated ticks as saved up, and at least
    /// one simulation.
    #[test]
    fn the_budget_is_kept() {
        let rules = Rules::classic();
        for (systems, factions) in [(30, 2), (300, 12)] {
            let size = crate::world::Size { systems, factions };
            let mut world = World::with_size(Arc::new(rules.clone()), 5, size).unwrap();
            for _ in 0..400 {
                world.step(&[]);
            }
            let view = world.view(FactionId::starter(0).unwrap());
            for budget in [0, 1, 7, 50, 100, 333] {
                let count = Arc::new(AtomicU64::new(0));
                let mut player = Lookahead::with_budget(rules.personality(0), budget);
                for plan in &mut player.plans {
                    plan.double = Box::new(Counting(count.clone()));
                }
                let turns = 2 * player.period();
                for tick in 0..turns {
                    player.orders(&view, &Turn { tick, missed: 0 });
                }
                let (imagined, least) = (count.load(Ordering::Relaxed), 2 * FUTURE);
                assert!(
                    imagined >= least && imagined <= turns * u64::from(budget.max(1)),
                    "{budget}: {imagined}"
                );
            }
        }
    }
}
