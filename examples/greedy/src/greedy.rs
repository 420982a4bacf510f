//! The strategy: an auction. Every stack bids for every prize in its reach, and the best bids are carried out first,
//! regardless of the stack; a strategy that serves one stack after another would let the first spoil it for the rest.

use std::cmp::Reverse;

use sector_sim::order::Amount;
use sector_sim::strategy::{Reach, Scout};
use sector_sim::{Order, Strategy, Turn, View};

use crate::bid::Bid;

/// How many systems around a stack it bids for. With a bound, a turn costs the same for each stack on any map.
const PRIZES: usize = 16;

/// Takes what brings most for what it costs, again and again. It defends nothing.
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
        // The best first; among equals the order must not be left to chance, or no game could be played again.
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
            // What it is about to take, it takes first.
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

    /// Whether a better bid has not taken the stack, or the prize, in the meantime.
    fn still_holds(&self, view: &View<'_>, bid: &Bid) -> bool {
        let stack = self.scout.stacks()[bid.stack];
        let least = view.rules.orders.least_detachment;
        let stack_is_there = match bid.amount {
            Amount::Part(strength) => stack.strength - strength >= least,
            Amount::Fleet | Amount::All => !stack.sent,
        };
        // What is on its way there is enough.
        let needed = view.resistance(bid.target, 1).to_occupy(view);
        stack_is_there && self.scout.expected(bid.target) < needed
    }

    /// Stacks without a target in reach go where there are more.
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
