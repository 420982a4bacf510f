//! A player that takes the best yield per tick of travel.
//!
//! It does not defend, gather or plan, and only considers foreign systems near its own.

use super::{Reach, Scout, Strategy, Turn};
use crate::ids::SystemId;
use crate::order::{Amount, Order};
use crate::units::ratio;
use crate::view::View;

/// Number of systems considered around a stack.
const REACH: usize = 24;
/// Maximum number of detachments a stack sends per turn.
const PARTIES: usize = 3;
/// Odds that count as a safe win, per mille.
const SURE: i64 = 600;

/// Takes the best yield per tick of travel that a stack can win.
#[derive(Clone, Debug, Default)]
pub struct Greedy {
    scout: Scout,
    reach: Reach,
}

impl Strategy for Greedy {
    fn name(&self) -> &'static str {
        "greedy"
    }

    fn orders(&mut self, view: &View<'_>, turn: &Turn) -> Vec<Order> {
        let mut orders = Vec::new();
        self.scout.look(view, turn);
        for stack in 0..self.scout.stacks().len() {
            for _ in 0..PARTIES {
                let Some((target, amount)) = self.best(view, stack) else { break };
                self.scout.send(view, stack, target, amount, &mut orders);
                if amount == Amount::All {
                    break;
                }
            }
            let it = self.scout.stacks()[stack];
            if !it.sent
                && let Some(target) = self.scout.towards_front(it.system, u32::MAX)
            {
                self.scout.send(view, stack, target, Amount::All, &mut orders);
            }
        }
        orders
    }
}

impl Greedy {
    /// The best target for the rest of a stack, and how much of it to send.
    fn best(&mut self, view: &View<'_>, stack: usize) -> Option<(SystemId, Amount)> {
        let it = self.scout.stacks()[stack];
        // Finish captures in progress first.
        if !view.owns(it.system) && view.resistance(it.system, 0).left(view, it.strength) > 0 {
            return None;
        }
        let mut best: Option<(i64, SystemId, Amount)> = None;
        for reached in self.reach.around(view, it.system, REACH, |system| view.owns(system)) {
            if view.owns(reached.system) {
                continue;
            }
            let resistance = view.resistance(reached.system, reached.ticks + 1);
            let needed = resistance.to_occupy(view);
            if resistance.odds(view, it.strength) < SURE
                || resistance.left(view, it.strength) == 0
                || self.scout.expected(reached.system) >= needed.max(resistance.defence)
            {
                continue;
            }
            let rest = it.strength - needed;
            let amount = if resistance.defence == 0 && rest >= view.rules.orders.least_detachment {
                Amount::Part(needed.max(view.rules.orders.least_detachment))
            } else {
                Amount::All
            };
            // After a detachment has left, the rest can no longer be sent as a whole.
            if amount == Amount::All && it.sent {
                continue;
            }
            let score =
                ratio(view.yields(reached.system), 1000, reached.ticks + view.rules.capture.ticks);
            if best.is_none_or(|(known, ..)| score > known) {
                best = Some((score, reached.system, amount));
            }
        }
        best.map(|(_, system, amount)| (system, amount))
    }
}
