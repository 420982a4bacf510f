//! What the idle stacks do: attack, colonise, gather before the goal, or come up from the hinterland.

use super::Classic;
use crate::ids::SystemId;
use crate::order::{Amount, Order};
use crate::units::{ratio, scale};
use crate::view::View;

/// How far a stack from the hinterland is sent at once.
const RALLY_HOPS: u32 = 6;
/// From how far stacks gather before the goal.
const GATHER_HOPS: u32 = 10;
/// How many parties a stack sends out in a turn.
const PARTIES: usize = 3;

/// A foreign system that a stack could go to, and with how much.
#[derive(Clone, Copy, Debug)]
struct Prospect {
    score: i64,
    system: SystemId,
    amount: Amount,
}

impl Classic {
    /// Goes through the idle stacks that have no orders yet, the strongest first.
    pub(super) fn command(&mut self, view: &View<'_>, orders: &mut Vec<Order>) {
        for stack in 0..self.scout.survey.stacks.len() {
            let system = self.scout.survey.stacks[stack].system;
            if self.scout.survey.stacks[stack].sent {
                continue;
            }
            if !view.owns(system) {
                self.stay_or_leave(view, stack, orders);
            } else if self.scout.survey.threat(system) > 0 {
                // It stands its ground.
            } else if self.scout.fields.is_front(system) {
                if !self.strike(view, stack, orders) {
                    self.gather(view, stack, orders);
                }
            } else {
                self.rally(view, stack, orders);
            }
        }
    }

    /// A stack at a foreign system occupies it, if it can; otherwise it goes where it is of use.
    fn stay_or_leave(&mut self, view: &View<'_>, stack: usize, orders: &mut Vec<Order>) {
        let it = self.scout.survey.stacks[stack];
        let needed = view.board.systems()[it.system.index()]
            .garrison
            .saturating_add(view.rules.capture.strength);
        let nearly = it.strength >= scale(needed, 800) && it.max_strength >= needed;
        if nearly
            || self.scout.survey.expected(it.system) >= needed
            || self.strike(view, stack, orders)
        {
            return;
        }
        let neighbours = view.map.neighbours(it.system).iter().map(|neighbour| neighbour.system);
        let safe =
            neighbours.filter(|&system| view.owns(system) && self.scout.survey.threat(system) == 0);
        if let Some(refuge) = safe.min_by_key(|&system| (self.hops_to_goal(system), system)) {
            self.scout.send(view, stack, refuge, Amount::All, orders);
        }
    }

    /// Attacks and colonises from a system; says whether anybody was sent.
    fn strike(&mut self, view: &View<'_>, stack: usize, orders: &mut Vec<Order>) -> bool {
        let at_home = view.owns(self.scout.survey.stacks[stack].system);
        for _ in 0..PARTIES {
            let Some(best) = self.best_prospect(view, stack, at_home) else { break };
            self.scout.send(view, stack, best.system, best.amount, orders);
            if best.amount == Amount::All {
                break;
            }
        }
        self.scout.survey.stacks[stack].sent
    }

    fn best_prospect(&self, view: &View<'_>, stack: usize, at_home: bool) -> Option<Prospect> {
        let it = self.scout.survey.stacks[stack];
        let least = view.rules.orders.least_detachment;
        let neighbours = view.map.neighbours(it.system);
        let hostile = neighbours.iter().any(|neighbour| {
            view.board.systems()[neighbour.system.index()]
                .owner
                .is_some_and(|owner| owner != view.me)
        });
        // Behind an attack something stays where enemies are near.
        let reserve = if hostile && at_home { self.reserve() } else { 0 };
        let split = reserve >= least && it.strength >= 4 * reserve;
        let available = if split { it.strength - reserve } else { it.strength };
        let mut best: Option<Prospect> = None;
        for neighbour in neighbours {
            let system = neighbour.system;
            if view.owns(system) {
                continue;
            }
            let resistance = view.resistance(system, i64::from(neighbour.ticks) + 1);
            let needed = resistance.to_occupy(view);
            let amount = if resistance.defence > 0 {
                if ratio(available, 1000, resistance.defence)
                    < self.wanted_odds(view, resistance.owner)
                {
                    continue;
                }
                if split { Amount::Part(available) } else { Amount::All }
            } else if self.scout.survey.expected(system) >= needed {
                continue;
            } else if resistance.owner.is_some() {
                if available < needed + scale(needed, self.mood.caution() / 2) {
                    continue;
                }
                if split { Amount::Part(available) } else { Amount::All }
            } else if it.strength - needed >= reserve.max(least) {
                Amount::Part(needed.max(least))
            } else if it.strength >= needed {
                Amount::All
            } else {
                continue;
            };
            // What was sent already leaves no whole stack to send.
            if amount == Amount::All && it.sent {
                continue;
            }
            let score = self.pulled(it.system, system, self.worth(view, system, &resistance));
            if best.is_none_or(|best| score > best.score) {
                best = Some(Prospect { score, system, amount });
            }
        }
        best
    }

    /// The goal weighs more, and so does what lies on the way to it.
    fn pulled(&self, from: SystemId, to: SystemId, worth: i64) -> i64 {
        match (self.hops_to_goal(from), self.hops_to_goal(to)) {
            (_, 0) => scale(worth, 2000),
            (before, after) if after < before => scale(worth, 1300),
            _ => worth,
        }
    }

    /// A stack at the border that is too weak for what is before it goes to where others gather.
    fn gather(&mut self, view: &View<'_>, stack: usize, orders: &mut Vec<Order>) {
        let it = self.scout.survey.stacks[stack];
        let hops = self.hops_to_goal(it.system);
        if !(2..=GATHER_HOPS).contains(&hops) || it.strength < view.rules.capture.strength {
            return;
        }
        let neighbours = view.map.neighbours(it.system).iter().map(|neighbour| neighbour.system);
        let nearer =
            neighbours.filter(|&system| view.owns(system) && self.hops_to_goal(system) < hops);
        if let Some(next) = nearer.min_by_key(|&system| (self.scout.survey.threat(system), system))
        {
            self.scout.send(view, stack, next, Amount::All, orders);
        }
    }

    /// Strong stacks in the hinterland come to the border; in bold times the smaller ones do too.
    fn rally(&mut self, view: &View<'_>, stack: usize, orders: &mut Vec<Order>) {
        let it = self.scout.survey.stacks[stack];
        let strong = 2 * view.rules.production.fleet;
        let enough = if self.mood.bold { strong / 4 } else { strong };
        if it.strength >= enough
            && let Some(target) = self.scout.fields.towards_front(it.system, RALLY_HOPS)
        {
            self.scout.send(view, stack, target, Amount::All, orders);
        }
    }
}
