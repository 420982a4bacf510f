//! The strategy: follows the last advice, as far as its orders are still possible.

use std::time::Duration;

use sector_sim::order::Amount;
use sector_sim::strategy::Scout;
use sector_sim::{Command, Order, Strategy, Turn, View};

use crate::advisor::Advisor;
use crate::answer;
use crate::describe::describe;
use crate::settings::Settings;

/// Number of ticks to follow an advice; then it is stale.
const ADVICE_TICKS: u64 = 40;

/// Follows the advice of a model, as far as it is possible.
#[derive(Debug)]
pub struct Llm {
    advisor: Advisor,
    /// How long a turn waits for an answer.
    wait: Duration,
    scout: Scout,
    /// Advised orders that have not been given yet.
    plan: Vec<Order>,
    /// Tick of the advice.
    advised: u64,
}

impl Llm {
    /// A strategy that asks the model in the settings.
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
        tracing::debug!(tick, orders = self.plan.len(), "advice received");
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
        // `abs_diff`, because a new game starts with an earlier tick.
        if turn.tick.abs_diff(self.advised) > ADVICE_TICKS {
            self.plan.clear();
        }
        // Keep impossible orders for later, since the fleet may be moving. Remove those that are
        // given.
        let mut orders: Vec<Order> = Vec::new();
        self.plan.retain(|order| {
            let now = is_possible(view, &order.command)
                && !orders.iter().any(|given| same_origin(given, order));
            if now {
                orders.push(order.clone());
            }
            !now
        });
        orders
    }
}

/// Whether the next tick would apply the order, as far as known.
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

/// Whether both move from the same system: one must wait, because the other may move everything.
fn same_origin(one: &Order, other: &Order) -> bool {
    match (&one.command, &other.command) {
        (Command::Move { origin: one, .. }, Command::Move { origin: other, .. }) => one == other,
        _ => false,
    }
}
