//! The strategy: a rollout. A simple policy says what it would order; each of its orders is then exchanged for others,
//! and an exchange that leads to a better sector in the model stays. So it plays the policy, but for its blunders.
//!
//! What it may spend is counted in evaluations, never in time: a budget in milliseconds would give other orders on a
//! slower machine, and no game could be played again.

use std::cmp::Reverse;

use sector_sim::{
    Amount, Command, Draw, Greedy, Order, Purpose, Reach, Reached, Scout, Strategy, SystemId, Turn, View, ratio,
};

use crate::model::Model;

/// Sets of orders that are tried in a turn.
const EVALUATIONS: usize = 40;
/// Stacks that are thought about in a turn, the strongest first.
const STACKS: usize = 6;
/// Where each of them might go.
const TARGETS: usize = 6;
/// Odds below which an attack is not even tried in the model, per mille.
const LEAST_ODDS: i64 = 750;
/// How much better a set of orders must be to be worth an exchange, in millionths of everything.
const LEAST_GAIN: i64 = 4_000;

/// Tries its orders out in forks of the sector.
#[derive(Clone, Debug)]
pub struct Lookahead {
    evaluations: usize,
    policy: Greedy,
    scout: Scout,
    reach: Reach,
}

impl Default for Lookahead {
    fn default() -> Lookahead {
        Lookahead::with_budget(EVALUATIONS)
    }
}

/// Something else that the stacks at a system might do. To stay is no choice: in the model the policy would only move
/// them a tick later, so staying looks as good as going, again and again.
#[derive(Clone, Copy, Debug)]
struct Exchange {
    origin: SystemId,
    target: SystemId,
    amount: Amount,
}

impl Exchange {
    /// These orders, with the exchange made.
    fn made(&self, view: &View<'_>, orders: &[Order]) -> Vec<Order> {
        let is_other = |order: &&Order| !matches!(order.command, Command::Move { origin, .. } if origin == self.origin);
        let mut made: Vec<Order> = orders.iter().filter(is_other).cloned().collect();
        let &Exchange { origin, target, amount } = self;
        made.push(Order::new(view.me, Command::Move { origin, target, fleet: None, amount }));
        made
    }
}

impl Lookahead {
    /// A player who may try so many sets of orders in a turn, at least one.
    #[must_use]
    pub fn with_budget(evaluations: usize) -> Lookahead {
        let (policy, scout, reach) = (Greedy::default(), Scout::default(), Reach::default());
        Lookahead { evaluations: evaluations.max(1), policy, scout, reach }
    }

    /// What else might be done, the most promising first: with a small budget the rest is not looked at.
    fn exchanges(&mut self, view: &View<'_>) -> Vec<Exchange> {
        let least = view.rules.orders.least_detachment;
        let mut ranked = Vec::new();
        for stack in self.scout.stacks().iter().take(STACKS) {
            let mut add =
                |rank, (target, amount)| ranked.push((rank, Exchange { origin: stack.system, target, amount }));
            let around = self.reach.around(view, stack.system, TARGETS * 2, |system| view.owns(system));
            let is_fair = |reached: &&Reached| {
                let resistance = view.resistance(reached.system, reached.ticks + 1);
                !view.owns(reached.system) && resistance.odds(view, stack.strength) >= LEAST_ODDS
            };
            let mut targets: Vec<_> = around.iter().filter(is_fair).collect();
            // Only to decide who is looked at first; what it is worth the model will tell.
            let promise = |target: SystemId, ticks| ratio(view.yields(target), 1_000, ticks + 2);
            targets.sort_by_key(|reached| (Reverse(promise(reached.system, reached.ticks)), reached.system));
            for (rank, reached) in targets.iter().take(TARGETS).enumerate() {
                let enough = view.resistance(reached.system, reached.ticks + 1).to_occupy(view).max(least);
                add(rank, (reached.system, Amount::All));
                if stack.strength - enough >= least {
                    add(rank, (reached.system, Amount::Part(enough)));
                }
            }
        }
        // Everybody's best first, then everybody's second best. The sort is stable.
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.into_iter().map(|(_, exchange)| exchange).collect()
    }

    /// Lets the scout know what was ordered, so that it leaves these stacks alone while the orders are on their way.
    fn remember(&mut self, view: &View<'_>, orders: &[Order]) {
        for order in orders {
            let Command::Move { origin, target, amount, .. } = order.command else { continue };
            if let Some(index) = self.scout.stacks().iter().position(|stack| stack.system == origin) {
                self.scout.send(view, index, target, amount, &mut Vec::new());
            }
        }
    }
}

impl Strategy for Lookahead {
    fn name(&self) -> &'static str {
        "lookahead-bot"
    }

    fn orders(&mut self, view: &View<'_>, turn: &Turn) -> Vec<Order> {
        self.scout.look(view, turn);
        let mut orders = self.policy.orders(view, turn);
        let exchanges = self.exchanges(view);
        if !exchanges.is_empty() {
            let mut draw = Draw::new(view.board.seed(), turn.tick, Purpose::Strategy, view.me.index() as u64);
            let model = Model::of(view, self.policy.clone(), &mut draw);
            let mut best = model.worth(&orders);
            for exchange in exchanges.into_iter().take(self.evaluations - 1) {
                let tried = exchange.made(view, &orders);
                let worth = model.worth(&tried);
                if worth >= best + LEAST_GAIN {
                    (best, orders) = (worth, tried);
                }
            }
        }
        self.remember(view, &orders);
        orders
    }
}
