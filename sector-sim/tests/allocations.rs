//! Heap allocations of a tick: none, once its lists have grown to the size of the war.
//!
//! The counting allocator of this test only counts allocations of the measuring thread.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use allocation_counter::measure;
use sector_sim::order::Amount;
use sector_sim::snapshot::{FleetForm, SnapshotError};
use sector_sim::world::{Size, WorldError};
use sector_sim::{Command, FactionId, FleetId, Order, Rules, Snapshot, SystemId, Universe, World};

fn rules() -> Arc<Rules> {
    let mut rules = Rules::classic();
    rules.victory.domination_value = 1000;
    rules.victory.tick_limit = 10_000_000;
    Arc::new(rules)
}

fn world(systems: u32) -> World {
    World::with_size(rules(), 7, Size { systems, factions: 5 }).unwrap()
}

fn fleet(id: u32, owner: u8, system: SystemId, strength: i64) -> FleetForm {
    FleetForm {
        id: FleetId(id),
        owner: FactionId::starter(owner).unwrap(),
        system_id: Some(system),
        strength,
        max_strength: strength,
        enroute_from: None,
        enroute_to: None,
        departed: None,
        eta: None,
        route: Vec::new(),
    }
}

#[test]
fn a_quiet_tick_takes_nothing_at_any_size() {
    for systems in [30, 300, 3_000, 30_000] {
        let mut world = world(systems);
        // Everything recovers, stocks grow, and every list reaches its maximum length.
        for _ in 0..4_000 {
            world.step(&[]);
        }
        let taken = measure(|| {
            for _ in 0..400 {
                world.step(&[]);
            }
        });
        assert_eq!(world.tick(), 4_400);
        assert_eq!(taken.count_total, 0, "{systems} systems");
    }
}

/// Five factions that march through each other's systems forever: launches, arrivals, battles,
/// sieges, captures, and fleets that are built, merge and die.
fn marching(systems: u32) -> World {
    let world = world(systems);
    let universe = Universe { id: "u-test".into(), tick_delay_ms: 300, rules: "classic".into() };
    let mut start = Snapshot::of(&universe, world.map(), world.board(), world.digest());
    start.fleets.clear();
    for number in 0..systems {
        let mut marcher = fleet(
            number + 1,
            (number % 5) as u8,
            SystemId(number),
            5_000 + i64::from(number % 7) * 500,
        );
        let mut here = SystemId(number);
        for hop in 0..400 {
            let neighbours = world.map().neighbours(here);
            here = neighbours[(number as usize + hop * 7) % neighbours.len()].system;
            marcher.route.push(here);
        }
        start.fleets.push(marcher);
    }
    start.next_fleet_id = FleetId(systems + 1);
    if let Err(WorldError::Snapshot(SnapshotError::Digest { found, .. })) =
        World::restore(rules(), &start)
    {
        start.digest = found;
    }
    World::restore(rules(), &start).unwrap()
}

#[test]
fn a_tick_of_war_without_orders_takes_nothing_once_warm() {
    for systems in [30, 300] {
        let mut warm = marching(systems);
        let mut busy = 0;
        for _ in 0..300 {
            warm.step(&[]);
            busy += warm.report().fleets.len();
        }
        assert!(busy > 300, "{busy} fleets changed");
        let (mut events, mut taken) = (0, 0);
        for _ in 0..100 {
            taken += measure(|| {
                warm.step(&[]);
            })
            .count_total;
            events += warm.board().events().len();
        }
        assert!(events > 100, "{events} events in {systems} systems");
        assert_eq!(taken, 0, "{systems} systems");
    }
}

/// Remaining allocations: routes longer than any before, and client ids, once for the event and
/// once for the set that detects duplicates. An order without an id to a neighbour takes a few
/// blocks at most.
#[test]
fn an_order_takes_little() {
    let mut world = world(30);
    let faction = FactionId::starter(0).unwrap();
    let home = world.map().homes()[0];
    let target = world.map().neighbours(home)[0].system;
    let order = Order::new(
        faction,
        Command::Move { origin: home, target, fleet: None, amount: Amount::Part(1_000) },
    );
    let mut taken = Vec::new();
    for _ in 0..200 {
        let ours = world
            .board()
            .fleets()
            .at(home)
            .any(|fleet| fleet.owner == faction && fleet.strength >= 2_000);
        let given: &[Order] = if ours { std::slice::from_ref(&order) } else { &[] };
        let count = measure(|| {
            world.step(given);
        })
        .count_total;
        if ours {
            taken.push(count);
        }
    }
    assert!(taken.len() > 10, "{} orders", taken.len());
    // Lists double from time to time; the average is below one block per order.
    assert!(taken.iter().all(|&count| count <= 12), "{taken:?}");
    let focus = Order {
        client_id: Some("an-id".into()),
        ..Order::new(faction, Command::Muster { target: home })
    };
    world.step(std::slice::from_ref(&focus));
    let count = measure(|| {
        world.step(std::slice::from_ref(&focus));
    })
    .count_total;
    assert_eq!(count, 2, "one for the set of ids, one for the event");
}
