//! A defensive player: garrisons at the border, industry inland, and no risky attacks.
//!
//! It takes unowned and barely defended systems, counterattacks weakened enemies, and keeps the
//! rest of its strength where its neighbours are strongest.

use super::{Scout, Strategy, Turn};
use crate::ids::SystemId;
use crate::order::{Amount, Command, Focus, Order};
use crate::units::{ratio, scale};
use crate::view::View;

/// Ticks between two reviews of the systems.
const PERIOD_TICKS: u64 = 5;
/// Stability below which a system gets the focus `order`, per mille.
const RESTLESS: i64 = 400;
/// Strength an attack needs, per mille of the defence.
const OVERWHELMING: i64 = 2_500;
/// Strength an attack needs right after a battle, per mille of the defence.
const COUNTER: i64 = 1_300;
/// Strength an attack on a garrison without a fleet needs, per mille of the requirement.
const AMPLE: i64 = 1_200;
/// Strength kept at the border, per mille of the threat.
const ENOUGH: i64 = 1_200;

/// Fortifies, and attacks only where it will surely win.
#[derive(Clone, Debug, Default)]
pub struct Turtle {
    scout: Scout,
}

impl Strategy for Turtle {
    fn name(&self) -> &'static str {
        "turtle"
    }

    fn orders(&mut self, view: &View<'_>, turn: &Turn) -> Vec<Order> {
        let mut orders = Vec::new();
        self.scout.look(view, turn);
        let post = self.weakest_post(view);
        for stack in 0..self.scout.stacks().len() {
            let it = self.scout.stacks()[stack];
            // Hold besieged systems, and finish captures.
            let stays = if view.owns(it.system) {
                self.scout.threat(it.system) > 0
            } else {
                view.resistance(it.system, 0).left(view, it.strength) > 0
            };
            if stays {
                continue;
            }
            if let Some((target, amount)) = self.sure_thing(view, stack) {
                self.scout.send(view, stack, target, amount, &mut orders);
            } else if let Some(post) =
                post.filter(|&post| post != it.system && !self.scout.is_front(it.system))
            {
                self.scout.send(view, stack, post, Amount::All, &mut orders);
            }
        }
        if (turn.tick + view.me.index() as u64).is_multiple_of(PERIOD_TICKS) {
            self.fortify(view, post, &mut orders);
        }
        orders
    }
}

impl Turtle {
    /// A safe target next to a stack, and how much of the stack to send.
    fn sure_thing(&self, view: &View<'_>, stack: usize) -> Option<(SystemId, Amount)> {
        let it = self.scout.stacks()[stack];
        let least = view.rules.orders.least_detachment;
        let mut best: Option<(i64, SystemId, Amount)> = None;
        for neighbour in view.map.neighbours(it.system) {
            let system = neighbour.system;
            let resistance = view.resistance(system, i64::from(neighbour.ticks) + 1);
            let needed = scale(resistance.to_occupy(view), AMPLE);
            let weakened = view.board.system(system).is_some_and(|state| state.heat > 0);
            let wanted = match resistance.owner {
                None => needed.max(scale(resistance.defence, OVERWHELMING)),
                Some(_) => needed.max(scale(
                    resistance.defence.max(resistance.to_occupy(view)),
                    if weakened { COUNTER } else { OVERWHELMING },
                )),
            };
            if view.owns(system) || it.strength < wanted || self.scout.expected(system) >= wanted {
                continue;
            }
            let amount = if resistance.owner.is_none() && it.strength - wanted >= least {
                Amount::Part(wanted.max(least))
            } else {
                Amount::All
            };
            let score = ratio(
                view.yields(system),
                1000,
                i64::from(neighbour.ticks) + view.rules.capture.ticks,
            );
            if best.is_none_or(|(known, ..)| score > known) {
                best = Some((score, system, amount));
            }
        }
        best.map(|(_, system, amount)| (system, amount))
    }

    /// The border system with the least strength relative to what its neighbours could send.
    fn weakest_post(&self, view: &View<'_>) -> Option<SystemId> {
        let lack = |&system: &SystemId| {
            let danger = self.scout.threat(system).saturating_add(menace(view, system));
            let held = view.board.fleets().at(system).filter(|fleet| fleet.owner == view.me);
            let held = held
                .fold(self.scout.expected(system), |sum, fleet| sum.saturating_add(fleet.strength));
            (
                scale(danger, ENOUGH).saturating_sub(held),
                view.yields(system),
                std::cmp::Reverse(system),
            )
        };
        self.scout.front().iter().copied().max_by_key(lack)
    }

    /// Chooses the muster system, and the focus of each system.
    fn fortify(&self, view: &View<'_>, post: Option<SystemId>, orders: &mut Vec<Order>) {
        if let (Some(post), Some(faction)) = (post, view.faction())
            && self.scout.threat(post) == 0
            && faction.muster != Some(post)
        {
            orders.push(Order::new(view.me, Command::Muster { target: post }));
        }
        for system in self.scout.owned() {
            let Some(state) = view.board.system(system) else { continue };
            let hostile = view.map.neighbours(system).iter().any(|neighbour| {
                view.board
                    .system(neighbour.system)
                    .is_some_and(|state| state.owner.is_some_and(|owner| owner != view.me))
            });
            let focus = if state.stability < RESTLESS {
                Focus::Order
            } else if hostile {
                Focus::Garrison
            } else {
                Focus::Industry
            };
            if focus != state.focus {
                orders.push(Order::new(view.me, Command::Focus { system, focus }));
            }
        }
    }
}

/// Total strength of foreign fleets at the neighbours of a system.
fn menace(view: &View<'_>, system: SystemId) -> i64 {
    let around = view
        .map
        .neighbours(system)
        .iter()
        .flat_map(|neighbour| view.board.fleets().at(neighbour.system));
    around
        .filter(|fleet| fleet.owner != view.me)
        .fold(0, |sum, fleet| sum.saturating_add(fleet.strength))
}
