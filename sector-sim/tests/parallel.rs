//! The feature `parallel` does not change histories. These digests are pinned; run the same test
//! without the feature (`cargo test -p sector-sim --test parallel`) and with `--features parallel`.
//!
//! After a change of the rules, replace the digests with those found without the feature.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use sector_sim::digest::digest_of;
use sector_sim::order::Amount;
use sector_sim::snapshot::{FleetForm, SnapshotError};
use sector_sim::world::{Size, WorldError};
use sector_sim::{
    Command, Delta, FactionId, FleetId, Game, Order, Rules, Snapshot, SystemId, Universe, World,
    strategy,
};

fn players(world: World, name: &'static str) -> Game {
    let rules = world.rules().clone();
    Game::new(
        world,
        Box::new(move |_, faction| {
            strategy::by_name(name, rules.personality(faction.index())).unwrap()
        }),
    )
}

/// Compares found values with the pinned ones.
fn same(found: &[String], pinned: &[&str]) {
    assert_eq!(found, pinned, "with the feature parallel: {}", cfg!(feature = "parallel"));
}

#[test]
fn a_whole_match_is_the_same() {
    let mut game = players(World::new(Rules::classic().into(), 7).unwrap(), "classic");
    let outcome = game.play(10_000).unwrap();
    let found = [
        format!("{:?}", outcome.winner),
        outcome.tick.to_string(),
        game.world().digest().to_string(),
    ];
    same(&found, &["Some(F4)", "1151", "6bb2da22a9b0768b"]);
}

/// Five thousand systems, all owned, with a fleet at each: far more changes per tick than the
/// threshold for a second thread.
fn at_war() -> World {
    let mut rules = Rules::classic();
    rules.victory.domination_value = 1_000;
    let rules = Arc::new(rules);
    let world = World::with_size(rules.clone(), 7, Size { systems: 5_000, factions: 5 }).unwrap();
    let universe = Universe { id: "u-test".into(), tick_delay_ms: 300, rules: "classic".into() };
    let mut start = Snapshot::of(&universe, world.map(), world.board(), world.digest());
    start.fleets.clear();
    for form in &mut start.systems {
        let owner = FactionId::starter((form.id.0 / 50 % 5) as u8).unwrap();
        (form.owner, form.garrison, form.maturity) = (Some(owner), 1_000, 0);
        let strength = 5_000 + i64::from(form.id.0 * 7_919 % 10_000);
        start.fleets.push(FleetForm {
            id: FleetId(form.id.0 + 1),
            owner,
            system_id: Some(form.id),
            strength,
            max_strength: strength,
            enroute_from: None,
            enroute_to: None,
            departed: None,
            eta: None,
            route: Vec::new(),
        });
    }
    start.next_fleet_id = FleetId(5_001);
    if let Err(WorldError::Snapshot(SnapshotError::Digest { found, .. })) =
        World::restore(rules.clone(), &start)
    {
        start.digest = found;
    }
    World::restore(rules, &start).unwrap()
}

#[test]
fn a_large_war_is_the_same() {
    let mut game = players(at_war(), "classic");
    let (mut orders, mut most_systems, mut most_fleets, mut found) = (0, 0, 0, Vec::new());
    for tick in 1..=30 {
        game.step();
        orders += game.orders().len();
        let report = game.world().report();
        assert_eq!(report.outcomes.len(), game.orders().len());
        assert!(report.systems.is_sorted() && report.fleets.is_sorted());
        most_systems = most_systems.max(report.systems.len());
        most_fleets = most_fleets.max(report.fleets.len());
        if tick % 10 == 0 {
            let (world, digest) = (game.world(), game.world().digest());
            assert_eq!(digest, digest_of(world.map(), world.board()));
            found.push(digest.to_string());
        }
    }
    // Well above the thresholds for several threads.
    assert!(
        most_systems >= 4_096 && most_fleets >= 3_000,
        "{most_systems} systems, {most_fleets} fleets"
    );
    assert!(orders >= 1_000, "{orders} orders");
    found.push(orders.to_string());
    same(&found, &["46b4ecda80243f65", "3ffa9c02e32dd738", "04363d8db10c4439", "12813"]);
}

/// Orders that affect later ones of the same tick: split and merged fleets, duplicates, refused and
/// foreign orders, and fleets that can be sent only because an earlier order made them stay.
#[test]
fn orders_that_depend_on_each_other_are_the_same() {
    let mut world = at_war();
    let mut found = Vec::new();
    for tick in 0..8u32 {
        let mut given = Vec::new();
        for fleet in world.board().fleets().iter().filter(|fleet| (fleet.id.0 + tick) % 9 == 0) {
            let origin = fleet.destination();
            let target = SystemId((origin.0 * 31 + 17 * (tick + 1)) % 5_000);
            let to = |fleet, amount| Command::Move { origin, target, fleet, amount };
            let id = format!("{}-{tick}", fleet.id.0 / 2);
            let commands = [
                Command::Cancel { fleet: fleet.id },
                to(Some(fleet.id), Amount::Part(2_000)),
                to(None, Amount::Part(1_500)),
                to(None, Amount::All),
                to(Some(fleet.id), Amount::Fleet),
            ];
            for (number, command) in commands.into_iter().enumerate() {
                let mut order = Order::new(fleet.owner, command);
                if number == 2 {
                    order.client_id = Some(id.as_str().into());
                }
                given.push(order);
            }
            let stranger = FactionId::starter((fleet.owner.index() as u8 + 1) % 5).unwrap();
            given.push(Order::new(stranger, to(Some(fleet.id), Amount::Fleet)));
        }
        let report = world.step(&given);
        let obeyed = report.outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert!(obeyed >= 500 && obeyed + 500 <= given.len(), "{obeyed} of {}", given.len());
        found.push(obeyed.to_string());
        let delta = serde_json::to_string(&Delta::of("u-test", &world)).unwrap();
        assert!(delta.contains(&world.digest().to_string()));
    }
    found.push(world.digest().to_string());
    same(
        &found,
        &["2220", "2392", "2362", "2281", "2232", "2156", "1998", "1905", "80585c9ce6c78baf"],
    );
}
