//! The forward model: the value of a plan after some simulated ticks.
//!
//! All factions move, with plans as simple as the bot's own. If only the others moved, every plan
//! would look dangerous; if nobody moved, none would.

use sector_sim::draw::Draw;
use sector_sim::rules::Personality;
use sector_sim::units::{ratio, scale};
use sector_sim::{FactionId, Order, Strategy, SystemId, Turn, View, World, strategy};

/// Number of simulated ticks: long enough to win or lose a war, so that the value of a plan shows.
const HORIZON_TICKS: u64 = 40;
/// Number of futures per plan. With a single one, the best plan would be the luckiest.
const FUTURES: usize = 4;
/// Number of rivals that move, strongest first; the others stay idle.
const RIVALS: usize = 3;
/// Plan of the rivals.
const RIVALS_PLAN: &str = "classic";
/// Value of a system, per mille of its yield: about the strength that it produces in 300 ticks.
const SYSTEM_WORTH: i64 = 1_500;
/// Value of all factions together.
const WHOLE: i64 = 1_000_000;

/// The strategy of a plan, with a neutral personality.
pub(crate) fn player(plan: &str) -> Box<dyn Strategy> {
    let even = Personality { aggression: 500, expansionism: 500, greed: 500, caution: 500 };
    strategy::by_name(plan, even).unwrap_or_else(|_| Box::new(sector_sim::strategy::Idle))
}

/// The current sector, as the start of simulations.
#[derive(Debug)]
pub struct Model {
    /// One start per future, each with its own dice.
    starts: Vec<World>,
    me: FactionId,
    rivals: Vec<FactionId>,
}

impl Model {
    /// A model of the view, with dice other than those of the sector: with the true seed
    /// ([`View::fork`]), a player could foresee every battle.
    #[must_use]
    pub fn of(view: &View<'_>, luck: &mut Draw) -> Model {
        let others =
            view.board.factions().iter().filter(|faction| faction.alive && faction.id != view.me);
        let mut others: Vec<_> = others.collect();
        others.sort_by_key(|faction| (std::cmp::Reverse(faction.strength), faction.id));
        let rivals = others.iter().take(RIVALS).map(|faction| faction.id).collect();
        let starts = (0..FUTURES).map(|_| view.fork_with_luck(luck.bits())).collect();
        Model { starts, me: view.me, rivals }
    }

    /// Share of the whole that the faction has at the end if it follows this plan, in millionths.
    /// All plans use the same futures, so that they are comparable.
    #[must_use]
    pub fn worth(&self, plan: &str) -> i64 {
        self.starts.iter().map(|start| self.imagine(start.clone(), plan)).sum::<i64>()
            / FUTURES as i64
    }

    fn imagine(&self, mut world: World, plan: &str) -> i64 {
        let rivals = self.rivals.iter().map(|&rival| (rival, player(RIVALS_PLAN)));
        let mut players: Vec<_> = rivals.chain([(self.me, player(plan))]).collect();
        for _ in 0..HORIZON_TICKS {
            let turn = Turn { tick: world.tick(), missed: 0 };
            let orders = |(id, player): &mut (FactionId, Box<dyn Strategy>)| {
                player.orders(&world.view(*id), &turn)
            };
            let orders: Vec<Order> = players.iter_mut().flat_map(orders).collect();
            world.step(&orders);
            if let Some(outcome) = world.board().result() {
                return if outcome.winner == Some(self.me) { WHOLE } else { 0 };
            }
        }
        self.share(&world)
    }

    fn share(&self, world: &World) -> i64 {
        let view = world.view(self.me);
        let (mut mine, mut all) = (0i64, 1i64);
        let mut count = |owner, worth| {
            all += worth;
            mine += if owner == self.me { worth } else { 0 };
        };
        for fleet in world.board().fleets().iter() {
            count(fleet.owner, fleet.strength);
        }
        for (id, system) in (0..).map(SystemId).zip(world.board().systems()) {
            if let Some(owner) = system.owner {
                count(owner, scale(view.yields(id), SYSTEM_WORTH));
            }
        }
        ratio(mine, WHOLE, all)
    }
}

#[cfg(test)]
mod tests {
    use sector_sim::Rules;
    use sector_sim::draw::Purpose;

    use super::*;

    #[test]
    fn the_value_of_a_plan_is_reproducible() {
        let world = World::new(Rules::classic().into(), 7).unwrap();
        let view = world.view(world.board().factions()[0].id);
        let model = Model::of(&view, &mut Draw::new(7, 0, Purpose::Strategy, 0));
        let worth = |plan| {
            assert_eq!(model.worth(plan), model.worth(plan));
            model.worth(plan)
        };
        assert!(worth("greedy") > worth("idle"), "an idle player falls behind");
    }
}
