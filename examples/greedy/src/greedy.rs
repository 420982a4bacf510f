//! The strategy: an auction. Every stack bids for every system in its reach, and the best bids are
//! carried out first, whichever stack they come from. Handling one stack after another would give
//! the first ones the best targets.

use std::cmp::Reverse;

use sector_sim::order::Amount;
use sector_sim::strategy::{Reach, Scout};
use sector_sim::{Order, Strategy, Turn, View};

use crate::bid::Bid;

/// Number of systems around a stack to bid for. The limit keeps the cost per stack independent of
/// the map.
const PRIZES: usize = 16;

/// Takes the systems with the best ratio of gain to cost. Defends nothing.
#[derive(Clone, Debug, Default)]
pub struct Greedy {
    scout: Scout,
    reach: Reach,
    bids: Vec<Bid>,
}

impl Strategy for Greedy {
    fn name(&self) -> &'static str {
        "greedy-bot"
    }

    fn orders(&mut self, view: &View<'_>, turn: &Turn) -> Vec<Order> {
        self.scout.look(view, turn);
        self.collect_bids(view);
        // Best first. Ties need a fixed order, so that games are reproducible.
        self.bids.sort_by_key(|bid| (Reverse(bid.score), bid.target, bid.stack));
        let mut orders = Vec::new();
        for bid in std::mem::take(&mut self.bids) {
            if self.still_holds(view, &bid) {
                self.scout.send(view, bid.stack, bid.target, bid.amount, &mut orders);
            }
        }
        self.walk_to_the_front(view, &mut orders);
        orders
    }
}

impl Greedy {
    fn collect_bids(&mut self, view: &View<'_>) {
        self.bids.clear();
        for (index, stack) in self.scout.stacks().iter().enumerate() {
            // Stay to finish a capture.
            if !view.owns(stack.system)
                && view.resistance(stack.system, 0).left(view, stack.strength) > 0
            {
                continue;
            }
            let prizes = self.reach.around(view, stack.system, PRIZES, |system| view.owns(system));
            let foreign = prizes.iter().filter(|prize| !view.owns(prize.system));
            self.bids
                .extend(foreign.filter_map(|&prize| Bid::of(view, index, stack.strength, prize)));
        }
    }

    /// Whether stack and target are still available after better bids.
    fn still_holds(&self, view: &View<'_>, bid: &Bid) -> bool {
        let stack = self.scout.stacks()[bid.stack];
        let least = view.rules.orders.least_detachment;
        let stack_is_there = match bid.amount {
            Amount::Part(strength) => stack.strength - strength >= least,
            Amount::Fleet | Amount::All => !stack.sent,
        };
        // Not needed if enough strength is on its way.
        let needed = view.resistance(bid.target, 1).to_occupy(view);
        stack_is_there && self.scout.expected(bid.target) < needed
    }

    /// Sends stacks without a target in reach to the front.
    fn walk_to_the_front(&mut self, view: &View<'_>, orders: &mut Vec<Order>) {
        for index in 0..self.scout.stacks().len() {
            let stack = self.scout.stacks()[index];
            if !stack.sent
                && let Some(front) = self.scout.towards_front(stack.system, u32::MAX)
            {
                self.scout.send(view, index, front, Amount::All, orders);
            }
        }
    }
}
