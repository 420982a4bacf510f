//! The hand-written JSON of snapshots and deltas equals that of serde_json, byte for byte.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use sector_sim::draw::MAX_SEED;
use sector_sim::order::Amount;
use sector_sim::world::Size;
use sector_sim::{
    Command, Delta, FactionId, FleetId, Game, Order, Rules, Snapshot, SystemId, Universe, World,
    strategy,
};

fn same<T: serde::Serialize>(value: &T, write: impl Fn(&T, &mut Vec<u8>)) {
    let mut written = b"before".to_vec();
    write(value, &mut written);
    let expected = format!("before{}", serde_json::to_string(value).unwrap());
    assert_eq!(String::from_utf8(written).unwrap(), expected);
}

fn snapshot(id: &str, world: &World) -> Snapshot {
    let universe =
        Universe { id: id.into(), tick_delay_ms: 300, rules: world.rules().name.clone() };
    Snapshot::of(&universe, world.map(), world.board(), world.digest())
}

/// Whole runs with all kinds of events.
#[test]
fn every_tick_of_a_run_is_written_as_it_is_serialized() {
    let mut ended = 0;
    for seed in 0..4 {
        let rules = Rules::classic();
        let size = Size { systems: 24, factions: 4 };
        let world = World::with_size(rules.clone().into(), seed, size).unwrap();
        let names = ["classic", "random"];
        let seat = move |faction: FactionId| names[faction.index() % names.len()];
        let mut game = Game::new(
            world,
            Box::new(move |_, faction| {
                strategy::by_name(seat(faction), rules.personality(faction.index())).unwrap()
            }),
        );
        while game.world().board().result().is_none() {
            game.step();
            let world = game.world();
            same(&Delta::of("u-1", world).narrated(world.map(), world.board()), Delta::write_json);
            if world.tick().is_multiple_of(16) {
                same(&snapshot("u-1", world), Snapshot::write_json);
            }
        }
        same(&snapshot("u-1", game.world()), Snapshot::write_json);
        ended += 1;
    }
    assert_eq!(ended, 4);
}

proptest! {
    /// Arbitrary texts, numbers at the limits of their ranges, and refused orders with ids.
    #[test]
    fn hostile_values_are_written_as_they_are_serialized(
        seed in 0..=MAX_SEED,
        texts in proptest::collection::vec(any::<String>(), 4),
        numbers in proptest::collection::vec(any::<i64>(), 8),
        fleet in any::<u32>(),
        client_id in proptest::option::of("[A-Za-z0-9._:-]{1,64}"),
    ) {
        let mut world = World::new(Rules::classic().into(), seed).unwrap();
        let faction = FactionId::starter(0).unwrap();
        let (origin, target) = (SystemId(fleet % 40), SystemId(fleet / 7 % 40));
        let command = Command::Move { origin, target, fleet: Some(FleetId(fleet)), amount: Amount::All };
        let mut order = Order::new(faction, command);
        order.client_id = client_id.map(String::into_boxed_str);
        world.step(&[order.clone(), order]);
        let mut snapshot = snapshot(&texts[0], &world);
        snapshot.rules = texts[1].clone();
        snapshot.systems[3].name = texts[2].as_str().into();
        snapshot.factions[1].name = texts[3].as_str().into();
        snapshot.tick = numbers[0].unsigned_abs();
        (snapshot.systems[0].garrison, snapshot.systems[1].heat) = (numbers[1], numbers[2]);
        (snapshot.systems[2].siege_strength, snapshot.systems[4].unrest) = (numbers[3] % 1_000, i64::MIN);
        (snapshot.fleets[0].strength, snapshot.fleets[1].max_strength) = (numbers[4], i64::MAX);
        snapshot.fleets[2].route = numbers.iter().map(|&number| SystemId(number as u32)).collect();
        snapshot.fleets[2].eta = Some(numbers[5].unsigned_abs());
        (snapshot.factions[0].economy, snapshot.factions[0].build_stock) = (numbers[6], numbers[7]);
        snapshot.factions[2].id = FactionId::splinter((fleet % 32) as u8).unwrap();
        snapshot.systems[5].owner = FactionId::starter((fleet % 64) as u8);
        snapshot.systems[6].owner = Some(FactionId::LEAGUE);
        same(&snapshot, Snapshot::write_json);
        let mut delta = Delta::of(&texts[0], &world);
        delta.texts = texts;
        same(&delta, Delta::write_json);
    }
}
