//! The strategy: an interpreter for the rules.

use std::cmp::Reverse;

use sector_sim::order::Amount;
use sector_sim::strategy::{Reach, Reached, Scout, Stack};
use sector_sim::units::ratio;
use sector_sim::{Command, Order, Strategy, SystemId, Turn, View};

use crate::rulebook::{
    FleetThen, FleetWhen, Place, Post, Prefer, Rulebook, Send, SystemThen, SystemWhen, Take, Whose,
};

/// Number of systems around a stack that rules consider.
const HORIZON: usize = 24;
/// Longest name of a rule in the history, in characters; the limit of orders is 120.
const REASON_CHARACTERS: usize = 100;

/// Plays by rules.
#[derive(Clone, Debug)]
pub struct Scripted {
    rules: Rulebook,
    scout: Scout,
    reach: Reach,
}

impl Scripted {
    /// A strategy with these rules.
    #[must_use]
    pub fn new(rules: Rulebook) -> Scripted {
        Scripted { rules, scout: Scout::default(), reach: Reach::default() }
    }

    fn holds(&self, view: &View<'_>, turn: &Turn, stack: &Stack, when: &FleetWhen) -> bool {
        let own = view.owns(stack.system);
        let front = self.scout.is_front(stack.system);
        let is_at = |place| match place {
            Place::Own => own,
            Place::Front => own && front,
            Place::Inland => own && !front,
            Place::Foreign => !own,
        };
        let taking = !own && view.resistance(stack.system, 0).left(view, stack.strength) > 0;
        let tick = i64::try_from(turn.tick).unwrap_or(i64::MAX);
        when.place.is_none_or(is_at)
            && when.menaced.is_none_or(|menaced| menaced == (self.scout.threat(stack.system) > 0))
            && when.taking.is_none_or(|wanted| wanted == taking)
            && when.strength_from.is_none_or(|least| stack.strength >= least.0)
            && when.strength_below.is_none_or(|limit| stack.strength < limit.0)
            && when.tick_from.is_none_or(|first| tick >= first.0)
            && when.tick_below.is_none_or(|limit| tick < limit.0)
    }

    /// Target and amount of a stack's action; `None` if the action is not possible.
    fn goal(
        &mut self,
        view: &View<'_>,
        stack: &Stack,
        then: FleetThen,
    ) -> Option<(SystemId, Amount)> {
        match then {
            FleetThen::Hold => None,
            FleetThen::Take(take) => self.target(view, stack, take),
            FleetThen::Go(Post::Front) => {
                self.scout.towards_front(stack.system, u32::MAX).map(|front| (front, Amount::All))
            }
            FleetThen::Go(Post::Menaced) => {
                let menaced = self.scout.menaced();
                let around =
                    self.reach.around(view, stack.system, HORIZON, |system| view.owns(system));
                let nearest = around.iter().find(|reached| menaced.contains(&reached.system));
                nearest.map(|reached| (reached.system, Amount::All))
            }
        }
    }

    fn target(&mut self, view: &View<'_>, stack: &Stack, take: Take) -> Option<(SystemId, Amount)> {
        let least = view.rules.orders.least_detachment;
        let scout = &self.scout;
        let around =
            self.reach.around(view, stack.system, HORIZON, |system| view.owns(system)).iter();
        let near = around
            .filter(|reached| reached.ticks <= take.within_ticks.0 && !view.owns(reached.system));
        let targets = near.filter_map(|&Reached { system, ticks }| {
            let resistance = view.resistance(system, ticks + 1);
            let fits = match take.whose {
                Whose::Nobodys => resistance.owner.is_none(),
                Whose::Somebodys => resistance.owner.is_some(),
                Whose::Anybodys => true,
            };
            let needed = resistance.to_occupy(view).max(least);
            let is_enough = resistance.odds(view, stack.strength) >= take.odds.0
                && resistance.left(view, stack.strength) > 0
                && scout.expected(system) < needed;
            let part = take.send == Send::Enough
                && resistance.defence == 0
                && stack.strength - needed >= least;
            let worth = match take.prefer {
                Prefer::Rich => ratio(view.yields(system), 1_000, ticks + 2),
                Prefer::Near => -ticks,
            };
            let amount = if part { Amount::Part(needed) } else { Amount::All };
            (fits && is_enough).then_some((worth, Reverse(system), amount))
        });
        targets
            .max_by_key(|&(worth, system, _)| (worth, system))
            .map(|(_, Reverse(system), amount)| (system, amount))
    }

    fn order_stacks(&mut self, view: &View<'_>, turn: &Turn, orders: &mut Vec<Order>) {
        // Moved out temporarily, so that the scout can be changed while iterating.
        let rules = std::mem::take(&mut self.rules.fleet);
        for index in 0..self.scout.stacks().len() {
            let stack = self.scout.stacks()[index];
            for rule in &rules {
                if !self.holds(view, turn, &stack, &rule.when) {
                    continue;
                }
                if matches!(rule.then, FleetThen::Hold) {
                    break;
                }
                if let Some((target, amount)) = self.goal(view, &stack, rule.then) {
                    self.scout.send(view, index, target, amount, orders);
                    give_reason(orders, rule.name.as_deref());
                    break;
                }
            }
        }
        self.rules.fleet = rules;
    }

    fn order_systems(&self, view: &View<'_>, orders: &mut Vec<Order>) {
        for system in self.scout.owned() {
            let Some(state) = view.board.system(system) else { continue };
            let holds = |when: &SystemWhen| {
                when.front.is_none_or(|front| front == self.scout.is_front(system))
                    && when.menaced.is_none_or(|menaced| menaced == (self.scout.threat(system) > 0))
                    && when.stability_below.is_none_or(|limit| state.stability < limit.0)
            };
            if let Some(rule) = self.rules.system.iter().find(|rule| holds(&rule.when)) {
                let SystemThen::Focus(focus) = rule.then;
                if focus != state.focus {
                    orders.push(Order::new(view.me, Command::Focus { system, focus }));
                    give_reason(orders, rule.name.as_deref());
                }
            }
        }
    }
}

fn give_reason(orders: &mut [Order], name: Option<&str>) {
    if let (Some(order), Some(name)) = (orders.last_mut(), name) {
        order.reason = Some(name.chars().take(REASON_CHARACTERS).collect());
    }
}

impl Strategy for Scripted {
    fn name(&self) -> &'static str {
        "scripted-bot"
    }

    fn orders(&mut self, view: &View<'_>, turn: &Turn) -> Vec<Order> {
        let mut orders = Vec::new();
        self.scout.look(view, turn);
        self.order_stacks(view, turn, &mut orders);
        self.order_systems(view, &mut orders);
        orders
    }
}
