//! A player who lives off the hinterland of others: strikes what is valuable and badly guarded, and moves on.
//!
//! It keeps out of the way of fleets, holds nothing that is not guarded by itself and lets no fleet rest for long.

use super::{Reach, Scout, Strategy, Turn};
use crate::draw::{Draw, Purpose};
use crate::ids::{FactionId, SystemId};
use crate::order::{Amount, Order};
use crate::units::{ratio, scale};
use crate::view::View;

/// How many systems around a stack are looked at.
const REACH: usize = 40;
/// How many parties a stack sends out in a turn.
const PARTIES: usize = 3;
/// What a party has beyond what it needs, per mille of that.
const SPARE: i64 = 250;
/// How much more a system is worth for every neighbour of the same owner, per mille: it is so much deeper in a realm.
const DEPTH: i64 = 300;
/// How much more a system that somebody owns is worth than one that nobody owns, per mille.
const PREY: i64 = 1_600;
/// How often a fleet that has found nothing goes somewhere else, per mille.
const ROAM: i64 = 300;

/// Strikes unguarded systems behind the borders of others.
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
    /// Whether a stack stands at a foreign system that will be its own shortly.
    fn is_taking(&self, view: &View<'_>, system: SystemId, strength: i64) -> bool {
        !view.owns(system) && view.resistance(system, 0).left(view, strength) > 0
    }

    /// The most worthwhile unguarded system around a stack, and how much of it to send.
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
            // What was sent already leaves no whole stack to send.
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

    /// A neighbour without foreign fleets, any of them.
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

/// How many neighbours of a system have the same owner.
fn depth(view: &View<'_>, system: SystemId, owner: FactionId) -> i64 {
    let kin = |id: SystemId| view.board.system(id).is_some_and(|state| state.owner == Some(owner));
    view.map.neighbours(system).iter().filter(|neighbour| kin(neighbour.system)).count() as i64
}
