//! A player who takes what yields most for the time it takes to get there, and thinks of nothing else.
//!
//! It defends nothing, gathers nothing and has no plan; it never looks past the foreign systems around its own.

use super::{Reach, Scout, Strategy, Turn};
use crate::ids::SystemId;
use crate::order::{Amount, Order};
use crate::units::ratio;
use crate::view::View;

/// How many systems around a stack are looked at.
const REACH: usize = 24;
/// How many parties a stack sends out in a turn.
const PARTIES: usize = 3;
/// Odds that count as a sure thing, per mille.
const SURE: i64 = 600;

/// Takes the best yield per tick of travel that a stack can beat.
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
    /// The best prize for what is left of a stack, and how much of it to send.
    fn best(&mut self, view: &View<'_>, stack: usize) -> Option<(SystemId, Amount)> {
        let it = self.scout.stacks()[stack];
        // What it is about to take, it takes.
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
            // What was sent already leaves no whole stack to send.
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
