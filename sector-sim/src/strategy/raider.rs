//! A player that raids the hinterland of others: it strikes valuable, badly defended systems and
//! moves on.
//!
//! It avoids fleets, holds no system without a fleet in it, and keeps its fleets moving.

use super::{Reach, Scout, Strategy, Turn};
use crate::draw::{Draw, Purpose};
use crate::ids::{FactionId, SystemId};
use crate::order::{Amount, Order};
use crate::units::{ratio, scale};
use crate::view::View;

/// Number of systems considered around a stack.
const REACH: usize = 40;
/// Maximum number of detachments a stack sends per turn.
const PARTIES: usize = 3;
/// Strength added to what a detachment needs, per mille.
const SPARE: i64 = 250;
/// Bonus per neighbour with the same owner, per mille: such a system lies deeper in its owner's
/// territory.
const DEPTH: i64 = 300;
/// Worth of an owned system relative to an unowned one, per mille.
const PREY: i64 = 1_600;
/// Chance that a fleet without a target moves to a random neighbour, per mille.
const ROAM: i64 = 300;

/// Strikes undefended systems behind the borders of others.
#[derive(Clone, Debug, Default)]
pub struct Raider {
    scout: Scout,
    reach: Reach,
}

impl Strategy for Raider {
    fn name(&self) -> &'static str {
        "raider"
    }

    fn orders(&mut self, view: &View<'_>, turn: &Turn) -> Vec<Order> {
        let mut orders = Vec::new();
        self.scout.look(view, turn);
        let mut draw: Option<Draw> = None;
        for stack in 0..self.scout.stacks().len() {
            for _ in 0..PARTIES {
                let Some((target, amount)) = self.prey(view, stack) else { break };
                self.scout.send(view, stack, target, amount, &mut orders);
                if amount == Amount::All {
                    break;
                }
            }
            let it = self.scout.stacks()[stack];
            if it.sent || self.is_taking(view, it.system, it.strength) {
                continue;
            }
            let draw = draw.get_or_insert_with(|| {
                Draw::new(view.board.seed(), turn.tick, Purpose::Strategy, view.me.index() as u64)
            });
            let hunted = self.scout.threat(it.system) > it.strength;
            if (hunted || draw.chance(ROAM))
                && let Some(target) = self.elsewhere(view, it.system, draw)
            {
                self.scout.send(view, stack, target, Amount::All, &mut orders);
            }
        }
        orders
    }
}

impl Raider {
    /// Whether a stack is about to capture the foreign system it is at.
    fn is_taking(&self, view: &View<'_>, system: SystemId, strength: i64) -> bool {
        !view.owns(system) && view.resistance(system, 0).left(view, strength) > 0
    }

    /// The best undefended system around a stack, and how much of the stack to send.
    fn prey(&mut self, view: &View<'_>, stack: usize) -> Option<(SystemId, Amount)> {
        let it = self.scout.stacks()[stack];
        if self.is_taking(view, it.system, it.strength) {
            return None;
        }
        let least = view.rules.orders.least_detachment;
        let unguarded = |system| view.board.fleets().at(system).all(|fleet| fleet.owner == view.me);
        let mut best: Option<(i64, SystemId, Amount)> = None;
        for reached in self.reach.around(view, it.system, REACH, unguarded) {
            let resistance = view.resistance(reached.system, reached.ticks + 1);
            let needed = resistance.to_occupy(view);
            if view.owns(reached.system)
                || resistance.defence > 0
                || it.strength < needed
                || self.scout.expected(reached.system) >= needed
            {
                continue;
            }
            let party = (needed + scale(needed, SPARE)).max(least);
            let amount =
                if it.strength - party >= least { Amount::Part(party) } else { Amount::All };
            // After a detachment has left, the rest can no longer be sent as a whole.
            if amount == Amount::All && it.sent {
                continue;
            }
            let worth = match resistance.owner {
                Some(owner) => scale(
                    scale(view.yields(reached.system), PREY),
                    1000 + DEPTH * depth(view, reached.system, owner),
                ),
                None => view.yields(reached.system),
            };
            let score = ratio(worth, 1000, reached.ticks + view.rules.capture.ticks);
            if best.is_none_or(|(known, ..)| score > known) {
                best = Some((score, reached.system, amount));
            }
        }
        best.map(|(_, system, amount)| (system, amount))
    }

    /// A random neighbour without foreign fleets.
    fn elsewhere(&self, view: &View<'_>, from: SystemId, draw: &mut Draw) -> Option<SystemId> {
        let quiet = |system: &SystemId| {
            view.resistance(*system, 0).defence == 0 && self.scout.threat(*system) == 0
        };
        let neighbours =
            || view.map.neighbours(from).iter().map(|neighbour| neighbour.system).filter(quiet);
        let count = neighbours().count() as u64;
        neighbours().nth(draw.below(count) as usize)
    }
}

/// Number of neighbours with the same owner.
fn depth(view: &View<'_>, system: SystemId, owner: FactionId) -> i64 {
    let kin = |id: SystemId| view.board.system(id).is_some_and(|state| state.owner == Some(owner));
    view.map.neighbours(system).iter().filter(|neighbour| kin(neighbour.system)).count() as i64
}
