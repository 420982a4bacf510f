//! Generators for arbitrary rules, sectors and orders.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::Config;
use sector_sim::draw::MAX_SEED;
use sector_sim::order::{Amount, Focus};
use sector_sim::strategy::Random;
use sector_sim::world::Size;
use sector_sim::{Command, FactionId, FleetId, Order, Rules, Strategy as _, SystemId, Turn, World};

/// Number of cases: `usual`, or `PROPTEST_CASES` if set.
pub(crate) fn cases(usual: u32) -> Config {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    Config { cases: cases.unwrap_or(usual), ..Config::default() }
}

/// A change of a rule value.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    key: usize,
    how: u8,
    bits: u64,
}

impl Change {
    fn apply(&self, rules: &mut Rules) {
        let range = Rules::ranges().nth(self.key % Rules::ranges().count()).unwrap();
        let width = (range.most - range.least) as u64 + 1;
        let usual = rules.get(range.key).unwrap();
        let value = match self.how % 8 {
            0 => range.least,
            1 => range.most,
            2 => range.least + (self.bits % width) as i64,
            // Every order of magnitude.
            3 | 4 => range.least + ((self.bits >> (self.bits % 64)) % width) as i64,
            _ => usual / 4 + (self.bits % (usual as u64 * 2 + 4)) as i64,
        };
        rules.set(range.key, value.clamp(range.least, range.most)).unwrap();
    }
}

/// A valid rule set, made from the standard one by these changes. Map attempts are limited, and a
/// run ends within `tick_limit`.
fn changed(changes: &[Change], tick_limit: i64) -> Rules {
    let mut rules = Rules::classic();
    for change in changes {
        change.apply(&mut rules);
    }
    rules.name = "any".to_owned();
    rules.map.home_attempts = rules.map.home_attempts.min(8);
    rules.victory.tick_limit = rules.victory.tick_limit.min(tick_limit);
    let Rules { map, battle, start, recovery, .. } = &mut rules;
    for (low, high) in [
        (&mut map.least_value, &mut map.most_value),
        (&mut battle.least_odds, &mut battle.most_odds),
        (&mut map.factions, &mut map.systems),
        (&mut start.home_maturity, &mut recovery.maturity_most),
        (&mut start.home_garrison, &mut recovery.garrison_most),
    ] {
        *low = (*low).min(*high);
    }
    assert_eq!(rules.check(), Ok(()));
    rules
}

/// Any valid rule set: close to the standard one, far from it, or at the limits of its ranges.
pub(crate) fn any_rules(tick_limit: i64) -> impl Strategy<Value = Rules> {
    let change = (any::<usize>(), any::<u8>(), any::<u64>()).prop_map(|(key, how, bits)| Change {
        key,
        how,
        bits,
    });
    let few = proptest::collection::vec(change.clone(), 0..12);
    let many = proptest::collection::vec(change, 12..160);
    prop_oneof![few, many].prop_map(move |changes| changed(&changes, tick_limit))
}

/// Any small size.
pub(crate) fn any_size() -> impl Strategy<Value = Size> {
    (2..40u32, 2..9u8)
        .prop_map(|(systems, factions)| Size { systems, factions: factions.min(systems as u8) })
}

/// An order to be made, depending on the state of the world.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// Whether it is plausible: for an existing fleet and system of the faction.
    sensible: bool,
    kind: u8,
    faction: u8,
    first: u32,
    second: u32,
    fleet: Option<u32>,
    amount: i64,
    client_id: Option<u8>,
}

pub(crate) fn any_wish() -> impl Strategy<Value = Wish> {
    let amount = prop_oneof![
        3 => Just(0),
        1 => Just(-1),
        3 => 1..30_000i64,
        1 => prop_oneof![Just(1), Just(999), Just(1_000), Just(i64::MAX), Just(i64::MAX - 1)],
    ];
    let number = || prop_oneof![9 => 0..64u32, 1 => Just(u32::MAX), 1 => any::<u32>()];
    let whose = (any::<bool>(), any::<u8>(), any::<u8>(), proptest::option::weighted(0.2, 0..3u8));
    (whose, number(), number(), proptest::option::of(number()), amount).prop_map(
        |((sensible, kind, faction, client_id), first, second, fleet, amount)| Wish {
            sensible,
            kind,
            faction,
            first,
            second,
            fleet,
            amount,
            client_id,
        },
    )
}

impl Wish {
    pub(crate) fn order(&self, world: &World) -> Order {
        let command = if self.sensible { self.fitting(world) } else { None };
        let (faction, command) = command.unwrap_or_else(|| (self.anybody(), self.anything()));
        let client_id = self.client_id.map(|id| format!("c{id}").into());
        Order { client_id, ..Order::new(faction, command) }
    }

    fn anybody(&self) -> FactionId {
        match self.faction {
            0..200 => FactionId::starter(self.faction % 10).unwrap(),
            200..220 => FactionId::LEAGUE,
            _ => FactionId::splinter(self.faction % 32).unwrap(),
        }
    }

    fn amount(&self) -> Amount {
        match self.amount {
            0 => Amount::Fleet,
            -1 => Amount::All,
            part => Amount::Part(part),
        }
    }

    fn focus(&self) -> Focus {
        [Focus::Balanced, Focus::Industry, Focus::Garrison, Focus::Order][self.second as usize % 4]
    }

    fn anything(&self) -> Command {
        let (first, second) = (SystemId(self.first), SystemId(self.second));
        match self.kind % 8 {
            0 => Command::Cancel { fleet: FleetId(self.fleet.unwrap_or(self.first)) },
            1 => Command::Muster { target: first },
            2 => Command::Focus { system: first, focus: self.focus() },
            _ => {
                let fleet = self.fleet.map(FleetId);
                Command::Move { origin: first, target: second, fleet, amount: self.amount() }
            }
        }
    }

    fn fitting(&self, world: &World) -> Option<(FactionId, Command)> {
        let board = world.board();
        let count = world.map().len();
        let fleet = board.fleets().iter().nth(self.first as usize % board.fleets().len().max(1));
        let owned = (0..count as u32)
            .map(|system| SystemId((system + self.first % count as u32) % count as u32))
            .find_map(|system| Some((system, board.system(system)?.owner?)));
        match self.kind % 8 {
            0 => fleet.map(|fleet| (fleet.owner, Command::Cancel { fleet: fleet.id })),
            1 => owned.map(|(target, owner)| (owner, Command::Muster { target })),
            2 => {
                owned.map(|(system, owner)| (owner, Command::Focus { system, focus: self.focus() }))
            }
            _ => {
                let fleet = fleet?;
                let origin = fleet.at()?;
                // A neighbour as often as any system.
                let neighbours = world.map().neighbours(origin);
                let target = match neighbours.get(self.second as usize % neighbours.len().max(1)) {
                    Some(neighbour) if self.kind.is_multiple_of(2) => neighbour.system,
                    _ => SystemId(self.second % count as u32),
                };
                let id = self.fleet.map(|_| fleet.id);
                Some((
                    fleet.owner,
                    Command::Move { origin, target, fleet: id, amount: self.amount() },
                ))
            }
        }
    }
}

/// A run to be played: a sector, and the orders of each tick.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) rules: Arc<Rules>,
    pub(crate) seed: u64,
    pub(crate) size: Size,
    /// Whether random players move as well.
    pub(crate) played: bool,
    pub(crate) log: Vec<Vec<Wish>>,
}

pub(crate) fn any_run(ticks: usize) -> impl Strategy<Value = Run> {
    let log = proptest::collection::vec(proptest::collection::vec(any_wish(), 0..6), 1..ticks);
    (any_rules(10_000_000), 0..=MAX_SEED, any_size(), any::<bool>(), log).prop_map(
        |(rules, seed, size, played, log)| Run { rules: Arc::new(rules), seed, size, played, log },
    )
}

impl Run {
    pub(crate) fn world(&self) -> World {
        World::with_size(self.rules.clone(), self.seed, self.size).unwrap()
    }

    /// Orders for the next tick of this world; `None` at the end of the log.
    pub(crate) fn orders(&self, world: &World) -> Option<Vec<Order>> {
        let wishes = self.log.get(world.tick() as usize)?;
        let mut orders = Vec::new();
        if self.played {
            for faction in world.board().factions().iter().filter(|faction| faction.alive) {
                orders.extend(
                    Random.orders(&world.view(faction.id), &Turn { tick: world.tick(), missed: 0 }),
                );
            }
        }
        orders.extend(wishes.iter().map(|wish| wish.order(world)));
        Some(orders)
    }

    /// Plays the run. `tick` must step the world with the given orders.
    pub(crate) fn play(&self, mut tick: impl FnMut(&mut World, &[Order])) {
        let mut world = self.world();
        while world.board().result().is_none() {
            let Some(orders) = self.orders(&world) else { break };
            let before = world.tick();
            tick(&mut world, &orders);
            assert_eq!(world.tick(), before + 1);
        }
    }
}
