//! The strategy: every stack leaves the guard that the threat map asks for, and only the rest
//! moves.

use std::cmp::Reverse;

use sector_sim::order::{Amount, Focus};
use sector_sim::strategy::{Reach, Scout, Stack};
use sector_sim::units::{ratio, scale};
use sector_sim::{Command, Order, Strategy, SystemId, Turn, View};

use crate::threat::ThreatMap;

/// Guard needed, per mille of the threat: less than all of it, because the owner has better odds.
const ENOUGH: i64 = 700;
/// Number of systems around a stack to consider.
const HORIZON: usize = 16;
/// Lowest odds of an attack, per mille.
const COUNTER_ODDS: i64 = 650;
/// Weight of a system with recent battles, per mille: its guard is weak, and it may have been our
/// own.
const WEAKENED: i64 = 1_500;
/// Stability below which a system gets the focus on order, per mille.
const RESTLESS: i64 = 400;
/// Number of ticks between changes of muster and focus.
const PERIOD_TICKS: u64 = 6;

/// Keeps guards at threatened systems, relieves those that lack one, and attacks with the rest.
#[derive(Clone, Debug, Default)]
pub struct Defender {
    scout: Scout,
    reach: Reach,
    threats: ThreatMap,
}

impl Strategy for Defender {
    fn name(&self) -> &'static str {
        "defender-bot"
    }

    fn orders(&mut self, view: &View<'_>, turn: &Turn) -> Vec<Order> {
        self.scout.look(view, turn);
        self.threats.draw(view);
        let mut orders = Vec::new();
        for index in 0..self.scout.stacks().len() {
            let stack = self.scout.stacks()[index];
            let spare = self.spare(view, &stack);
            let goal = self.relief(view, &stack, spare).or_else(|| self.prize(view, &stack, spare));
            let Some(goal) = goal.or_else(|| self.post(view, &stack, spare)) else { continue };
            let stays = stack.strength - spare;
            let amount = if stays == 0 { Amount::All } else { Amount::Part(spare) };
            self.scout.send(view, index, goal, amount, &mut orders);
        }
        if turn.tick.is_multiple_of(PERIOD_TICKS) {
            self.govern(view, &mut orders);
        }
        orders
    }
}

impl Defender {
    /// Strength that a system lacks against its threat; negative if it has more than needed.
    fn shortage(&self, view: &View<'_>, system: SystemId) -> i64 {
        let guard = view.board.fleets().at(system).filter(|fleet| fleet.owner == view.me);
        let guard: i64 = guard.map(|fleet| fleet.strength).sum();
        let garrison = view.board.system(system).map_or(0, |state| state.garrison);
        let wanted = scale(self.threats.at(system), ENOUGH);
        // The garrison alone is enough.
        if wanted <= garrison {
            -guard
        } else {
            wanted - garrison - guard - self.scout.expected(system)
        }
    }

    /// Strength of a stack that may leave: all, a part that can be detached, or 0.
    fn spare(&self, view: &View<'_>, stack: &Stack) -> i64 {
        let least = view.rules.orders.least_detachment;
        if !view.owns(stack.system) {
            // Stay to finish a capture.
            let takes = view.resistance(stack.system, 0).left(view, stack.strength) > 0;
            return if takes { 0 } else { stack.strength };
        }
        match (-self.shortage(view, stack.system)).min(stack.strength) {
            over if over >= stack.strength => stack.strength,
            over if over >= least && stack.strength - over >= least => over,
            _ => 0,
        }
    }

    /// The nearest own system whose missing guard the spare strength can provide.
    fn relief(&mut self, view: &View<'_>, stack: &Stack, spare: i64) -> Option<SystemId> {
        let around =
            self.reach.around(view, stack.system, HORIZON, |system| view.owns(system)).to_vec();
        let short = around.iter().map(|reached| reached.system).filter(|&system| view.owns(system));
        short.into_iter().find(|&system| (1..=spare).contains(&self.shortage(view, system)))
    }

    /// The best target for the spare strength: a free system, or one that its owner cannot hold.
    fn prize(&mut self, view: &View<'_>, stack: &Stack, spare: i64) -> Option<SystemId> {
        let scout = &self.scout;
        let around = self.reach.around(view, stack.system, HORIZON, |system| view.owns(system));
        let prizes =
            around.iter().filter(|reached| !view.owns(reached.system)).filter_map(|reached| {
                let resistance = view.resistance(reached.system, reached.ticks + 1);
                let left = resistance.left(view, spare);
                if left == 0 || resistance.odds(view, spare) < COUNTER_ODDS {
                    return None;
                }
                if scout.expected(reached.system)
                    >= resistance.to_occupy(view).max(resistance.defence)
                {
                    return None;
                }
                let weakened =
                    view.board.system(reached.system).is_some_and(|state| state.heat > 0);
                let worth =
                    scale(view.yields(reached.system), if weakened { WEAKENED } else { 1_000 });
                Some((ratio(worth, left, spare * (reached.ticks + 2)), Reverse(reached.system)))
            });
        prizes.max().map(|(_, Reverse(system))| system)
    }

    /// The weakest own system at the border, for fleets without another goal.
    fn post(&self, view: &View<'_>, stack: &Stack, spare: i64) -> Option<SystemId> {
        if spare < stack.strength || self.scout.is_front(stack.system) {
            return None;
        }
        let front = self.scout.front().iter().copied();
        front.max_by_key(|&system| (self.shortage(view, system), Reverse(system)))
    }

    /// Sets the focus of systems: order if unstable, garrison if threatened, otherwise industry.
    /// Sets the muster to the weakest safe system at the border.
    fn govern(&self, view: &View<'_>, orders: &mut Vec<Order>) {
        for system in self.scout.owned() {
            let Some(state) = view.board.system(system) else { continue };
            let focus = match () {
                () if state.stability < RESTLESS => Focus::Order,
                () if self.threats.at(system) > state.garrison => Focus::Garrison,
                () => Focus::Industry,
            };
            if focus != state.focus {
                orders.push(Order::new(view.me, Command::Focus { system, focus }));
            }
        }
        // New fleets must not appear in a besieged system.
        let safe =
            self.scout.front().iter().copied().filter(|&system| self.scout.threat(system) == 0);
        let post = safe.max_by_key(|&system| (self.shortage(view, system), Reverse(system)));
        if let (Some(target), Some(faction)) = (post, view.faction())
            && faction.muster != Some(target)
        {
            orders.push(Order::new(view.me, Command::Muster { target }));
        }
    }
}
