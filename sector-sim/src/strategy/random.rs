//! A player that sends idle fleets to random neighbours: the weakest opponent that moves, and a
//! fuzzer for the rules.

use super::{Strategy, Turn};
use crate::draw::{Draw, Purpose};
use crate::order::{Amount, Command, Focus, Order};
use crate::view::View;

/// Moves each idle fleet with a chance of one in four, whole or half, to a random neighbour, and
/// sometimes changes the focus of the fleet's system.
#[derive(Clone, Copy, Debug, Default)]
pub struct Random;

impl Strategy for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn orders(&mut self, view: &View<'_>, turn: &Turn) -> Vec<Order> {
        let mut draw =
            Draw::new(view.board.seed(), turn.tick, Purpose::Strategy, view.me.index() as u64);
        let mut orders = Vec::new();
        for fleet in view.fleets().filter(|fleet| fleet.is_idle()) {
            let Some(origin) = fleet.at() else { continue };
            let neighbours = view.map.neighbours(origin);
            if !draw.chance(250) || neighbours.is_empty() {
                continue;
            }
            let target = neighbours[draw.below(neighbours.len() as u64) as usize].system;
            let half = fleet.strength / 2;
            let divide = draw.chance(500) && half >= view.rules.orders.least_detachment;
            let amount = if divide { Amount::Part(half) } else { Amount::Fleet };
            orders.push(Order::new(
                view.me,
                Command::Move { origin, target, fleet: Some(fleet.id), amount },
            ));
            if draw.chance(50) && view.owns(origin) {
                let focus = [Focus::Balanced, Focus::Industry, Focus::Garrison, Focus::Order]
                    [draw.below(4) as usize];
                orders.push(Order::new(view.me, Command::Focus { system: origin, focus }));
            }
        }
        orders
    }
}
