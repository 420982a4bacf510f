//! The forward model: what a set of orders leads to, some ticks ahead, told by the engine.
//!
//! After these orders everybody plays on by a simple policy, the bot as well: whoever let the others alone move on would
//! fear everything, and whoever let nobody move would fear nothing.

use sector_sim::{Draw, FactionId, Greedy, Order, Strategy, SystemId, Turn, View, World, ratio, scale};

/// How many ticks ahead it looks: long enough to travel a few lanes, take a system and be thrown out again.
const HORIZON_TICKS: u64 = 16;
/// In how many futures each set of orders is tried. In a single one the best orders would be those that count on its
/// dice: attacks that happen to succeed there.
const FUTURES: usize = 8;
/// How many rivals move in it, the strongest; the others sit still.
const RIVALS: usize = 3;
/// What a system counts for beside fleets, per mille of its yield: it pays that much strength in some 300 ticks.
const SYSTEM_WORTH: i64 = 1_500;
/// The worth of all factions together.
pub(crate) const WHOLE: i64 = 1_000_000;

/// The sector as it is now, to be played on from again and again.
#[derive(Debug)]
pub struct Model {
    /// With one future's dice, and with another's.
    starts: Vec<World>,
    me: FactionId,
    policy: Greedy,
    rivals: Vec<FactionId>,
}

impl Model {
    /// A model of what is seen, in which the bot plays on by this policy. Its dice are others than those of the sector: a player who forks with the true seed
    /// ([`View::fork`]) foresees every battle, and that is no skill.
    #[must_use]
    pub fn of(view: &View<'_>, policy: Greedy, luck: &mut Draw) -> Model {
        let others = view.board.factions().iter().filter(|faction| faction.alive && faction.id != view.me);
        let mut others: Vec<_> = others.collect();
        others.sort_by_key(|faction| (std::cmp::Reverse(faction.strength), faction.id));
        let rivals = others.iter().take(RIVALS).map(|faction| faction.id).collect();
        let starts = (0..FUTURES).map(|_| view.fork_with_luck(luck.bits())).collect();
        Model { starts, me: view.me, policy, rivals }
    }

    /// What part of everything the faction has at the horizon if it gives these orders now, in millionths.
    #[must_use]
    pub fn worth(&self, orders: &[Order]) -> i64 {
        self.starts.iter().map(|start| self.imagine(start.clone(), orders)).sum::<i64>() / FUTURES as i64
    }

    fn imagine(&self, mut world: World, orders: &[Order]) -> i64 {
        let mut rivals: Vec<_> = self.rivals.iter().map(|&id| (id, Greedy::default())).collect();
        let mut policy = self.policy.clone();
        let mut now = orders.to_vec();
        for ahead in 0..HORIZON_TICKS {
            let turn = Turn { tick: world.tick(), missed: 0 };
            for (id, player) in &mut rivals {
                now.append(&mut player.orders(&world.view(*id), &turn));
            }
            if ahead > 0 {
                now.append(&mut policy.orders(&world.view(self.me), &turn));
            }
            world.step(&now);
            now.clear();
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
    use sector_sim::{Amount, Command, Purpose, Rules};

    use super::*;

    #[test]
    fn it_tells_what_the_same_orders_lead_to_the_same_way_each_time() {
        let world = World::new(Rules::classic().into(), 7).unwrap();
        let me = world.board().factions()[0].id;
        let view = world.view(me);
        let model = Model::of(&view, Greedy::default(), &mut Draw::new(7, 0, Purpose::Strategy, 0));
        let home = world.map().homes()[0];
        let worths: Vec<i64> = (world.map().neighbours(home).iter())
            .map(|to| {
                let command = Command::Move { origin: home, target: to.system, fleet: None, amount: Amount::All };
                let orders = [Order::new(me, command)];
                assert_eq!(model.worth(&orders), model.worth(&orders));
                model.worth(&orders)
            })
            .collect();
        assert!(worths.iter().any(|worth| *worth != worths[0]), "where the fleet goes makes a difference: {worths:?}");
    }
}
