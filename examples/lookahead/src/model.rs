//! The forward model: what a plan leads to, some ticks ahead, told by the engine.
//!
//! Everyone moves in it, by plans as simple as the bot's own: if only the others moved, the bot would fear
//! everything, and if nobody moved, nothing.

use sector_sim::draw::Draw;
use sector_sim::rules::Personality;
use sector_sim::units::{ratio, scale};
use sector_sim::{FactionId, Order, Strategy, SystemId, Turn, View, World, strategy};

/// How many ticks ahead it looks: long enough for a war to be won or lost, so that what a plan is worth is seen.
const HORIZON_TICKS: u64 = 40;
/// In how many futures each plan is tried. In a single one the best plan would be the one that counts on its dice.
const FUTURES: usize = 4;
/// How many rivals move in it, the strongest; the others sit still.
const RIVALS: usize = 3;
/// By which plan they do.
const RIVALS_PLAN: &str = "classic";
/// What a system counts for beside fleets, per mille of its yield: it pays that much strength in some 300 ticks.
const SYSTEM_WORTH: i64 = 1_500;
/// The worth of all factions together.
const WHOLE: i64 = 1_000_000;

/// Somebody who plays by a plan: a strategy of the engine, with traits that lean to nothing.
pub(crate) fn player(plan: &str) -> Box<dyn Strategy> {
    let even = Personality { aggression: 500, expansionism: 500, greed: 500, caution: 500 };
    strategy::by_name(plan, even).unwrap_or_else(|_| Box::new(sector_sim::strategy::Idle))
}

/// The sector as it is now, to be played on from again and again.
#[derive(Debug)]
pub struct Model {
    /// With one future's dice, and with another's.
    starts: Vec<World>,
    me: FactionId,
    rivals: Vec<FactionId>,
}

impl Model {
    /// A model of what is seen. Its dice are others than those of the sector: a player who forks with the true seed
    /// ([`View::fork`]) foresees every battle, and that is no skill.
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

    /// What part of everything the faction has at the horizon if it plays by this plan, in millionths. The futures are
    /// the same for every plan: none is compared with another's luck.
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
    fn it_tells_what_the_same_plan_leads_to_the_same_way_each_time() {
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
