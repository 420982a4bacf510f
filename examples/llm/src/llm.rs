//! The strategy: plays on with the last advice, order by order as far as they can still be carried out.

use std::time::Duration;

use sector_sim::order::Amount;
use sector_sim::strategy::Scout;
use sector_sim::{Command, Order, Strategy, Turn, View};

use crate::advisor::Advisor;
use crate::answer;
use crate::describe::describe;
use crate::settings::Settings;

/// For how many ticks advice is followed: the sector that it was given for is no more.
const ADVICE_TICKS: u64 = 40;

/// Does what a model says, as far as it makes sense.
#[derive(Debug)]
pub struct Llm {
    advisor: Advisor,
    /// How long a turn may wait for an answer.
    wait: Duration,
    scout: Scout,
    /// What was advised and has not been ordered yet, and the tick that the advice was for.
    plan: Vec<Order>,
    advised: u64,
}

impl Llm {
    /// A player who asks the model that the settings name.
    #[must_use]
    pub fn new(settings: Settings) -> Llm {
        let wait = settings.wait;
        Llm {
            advisor: Advisor::start(settings),
            wait,
            scout: Scout::default(),
            plan: Vec::new(),
            advised: 0,
        }
    }

    fn listen(&mut self, view: &View<'_>) {
        let Some((tick, text)) = self.advisor.answer(self.wait) else { return };
        self.plan = answer::orders(&text, view.me);
        self.advised = tick;
        tracing::debug!(tick, orders = self.plan.len(), "advice");
    }
}

impl Strategy for Llm {
    fn name(&self) -> &'static str {
        "llm-bot"
    }

    fn orders(&mut self, view: &View<'_>, turn: &Turn) -> Vec<Order> {
        self.scout.look(view, turn);
        if self.wait.is_zero() {
            self.listen(view);
        }
        if self.advisor.is_free() {
            self.advisor.ask(turn.tick, describe(view, &self.scout));
        }
        if !self.wait.is_zero() {
            self.listen(view);
        }
        // Another game, or the same one told anew, begins with an earlier tick.
        if turn.tick.abs_diff(self.advised) > ADVICE_TICKS {
            self.plan.clear();
        }
        // What cannot be done yet stays: the fleet may be on its way. What is done is not done again.
        let mut orders: Vec<Order> = Vec::new();
        self.plan.retain(|order| {
            let now = is_possible(view, &order.command)
                && !orders.iter().any(|given| same_fleet(given, order));
            if now {
                orders.push(order.clone());
            }
            !now
        });
        orders
    }
}

/// Whether the next tick would carry the order out, as far as can be seen.
fn is_possible(view: &View<'_>, command: &Command) -> bool {
    match *command {
        Command::Move { origin, target, fleet, amount } => {
            let least = view.rules.orders.least_detachment;
            let own = view
                .board
                .fleets()
                .at(origin)
                .filter(|idle| idle.owner == view.me && idle.is_idle());
            let mut idle = own.filter(|idle| fleet.is_none_or(|fleet| fleet == idle.id));
            let is_enough = |strength: i64| match amount {
                Amount::Part(part) => part >= least && strength - part >= least,
                Amount::Fleet | Amount::All => true,
            };
            origin != target
                && view.map.site(target).is_some()
                && idle.any(|idle| is_enough(idle.strength))
        }
        Command::Cancel { fleet } => {
            view.fleets().any(|own| own.id == fleet && own.route().len() > 0)
        }
        Command::Muster { target } => {
            view.owns(target)
                && view.faction().is_some_and(|faction| faction.muster != Some(target))
        }
        Command::Focus { system, focus } => {
            view.owns(system) && view.board.system(system).is_some_and(|state| state.focus != focus)
        }
    }
}

/// Whether both would move from the same place: one of them has to wait, for the other may take all that is there.
fn same_fleet(one: &Order, other: &Order) -> bool {
    match (&one.command, &other.command) {
        (Command::Move { origin: one, .. }, Command::Move { origin: other, .. }) => one == other,
        _ => false,
    }
}
