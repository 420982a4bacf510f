//! The strategy: simulates each plan every few turns, and follows the best one until it plans
//! again.
//!
//! The budget is a number of simulated ticks, not a time: a budget in milliseconds would give
//! different orders on a slower machine, and games would not be reproducible.

use sector_sim::draw::{Draw, Purpose};
use sector_sim::{Order, Strategy, Turn, View};

use crate::model::{Model, player};

/// The plans, the first of which is followed at the beginning: strategies of the engine with
/// different strengths.
const PLANS: [&str; 4] = ["greedy", "classic", "turtle", "raider"];
/// Number of turns it follows a plan before it plans again. Changing plans every turn would follow
/// none.
const TURNS_OF_A_PLAN: u64 = 4;
/// Smallest improvement for which to change the plan, in millionths.
const LEAST_GAIN: i64 = 2_000;

/// Follows the plan with the best result in forks of the sector.
pub struct Lookahead {
    /// Strategy of each plan, with the tick after its last call.
    players: Vec<(Box<dyn Strategy>, u64)>,
    /// Index of the current plan.
    chosen: usize,
    /// Tick in which to plan again.
    thinks: u64,
}

impl std::fmt::Debug for Lookahead {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plan = PLANS[self.chosen];
        formatter
            .debug_struct("Lookahead")
            .field("plan", &plan)
            .field("thinks", &self.thinks)
            .finish_non_exhaustive()
    }
}

impl Default for Lookahead {
    fn default() -> Lookahead {
        Lookahead { players: PLANS.map(|plan| (player(plan), 0)).into(), chosen: 0, thinks: 0 }
    }
}

impl Lookahead {
    fn think(&mut self, view: &View<'_>, tick: u64) {
        let mut draw =
            Draw::new(view.board.seed(), tick, Purpose::Strategy, view.me.index() as u64);
        let model = Model::of(view, &mut draw);
        let worths = PLANS.map(|plan| model.worth(plan));
        let best = (0..PLANS.len()).rev().max_by_key(|&plan| worths[plan]).unwrap_or(self.chosen);
        if worths[best] >= worths[self.chosen] + LEAST_GAIN {
            self.chosen = best;
        }
    }
}

impl Strategy for Lookahead {
    fn name(&self) -> &'static str {
        "lookahead-bot"
    }

    fn orders(&mut self, view: &View<'_>, turn: &Turn) -> Vec<Order> {
        if turn.tick >= self.thinks {
            self.think(view, turn.tick);
            self.thinks = turn.tick + TURNS_OF_A_PLAN;
        }
        // After a gap in turns, its memory of its stacks is stale.
        let (player, next) = &mut self.players[self.chosen];
        let missed = turn.missed.max(turn.tick.saturating_sub(*next));
        *next = turn.tick + 1;
        player.orders(view, &Turn { tick: turn.tick, missed })
    }
}
