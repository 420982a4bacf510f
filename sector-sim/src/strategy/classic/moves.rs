//! Moves of idle stacks: attack, colonise, gather near the goal, or move up from the hinterland.

use super::Classic;
use crate::ids::SystemId;
use crate::order::{Amount, Order};
use crate::units::{ratio, scale};
use crate::view::View;

/// Maximum distance of a move from the hinterland, in hops.
const RALLY_HOPS: u32 = 6;
/// Maximum distance from which stacks gather near the goal, in hops.
const GATHER_HOPS: u32 = 10;
/// Maximum number of detachments a stack sends per turn.
const PARTIES: usize = 3;

/// A possible target of a stack, and the strength to send.
#[derive(Clone, Copy, Debug)]
struct Prospect {
    score: i64,
    system: SystemId,
    amount: Amount,
}

impl Classic {
    /// Handles the idle stacks without orders, strongest first.
    pub(super) fn command(&mut self, view: &View<'_>, orders: &mut Vec<Order>) {
        for stack in 0..self.scout.survey.stacks.len() {
            let system = self.scout.survey.stacks[stack].system;
            if self.scout.survey.stacks[stack].sent {
                continue;
            }
            if !view.owns(system) {
                self.stay_or_leave(view, stack, orders);
            } else if self.scout.survey.threat(system) > 0 {
                // Hold the besieged system.
            } else if self.scout.fields.is_front(system) {
                if !self.strike(view, stack, orders) {
                    self.gather(view, stack, orders);
                }
            } else {
                self.rally(view, stack, orders);
            }
        }
    }

    /// A stack at a foreign system occupies it if it can; otherwise it moves on.
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

    /// Attacks and colonises from a system. Returns whether anything was sent.
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
        // Leave a reserve when attacking where enemies are near.
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
            // After a detachment has left, the rest can no longer be sent as a whole.
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

    /// Increases the worth of the goal and of systems on the way to it.
    fn pulled(&self, from: SystemId, to: SystemId, worth: i64) -> i64 {
        match (self.hops_to_goal(from), self.hops_to_goal(to)) {
            (_, 0) => scale(worth, 2000),
            (before, after) if after < before => scale(worth, 1300),
            _ => worth,
        }
    }

    /// Sends a stack at the border that is too weak to attack to where others gather.
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

    /// Sends strong stacks from the hinterland to the border; a bold faction also sends smaller
    /// ones.
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
