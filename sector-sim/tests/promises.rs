//! The promises of the engine, held over many seeds, sizes and order logs.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use proptest::prelude::*;
use sector_sim::{
    Amount, Command, Delta, Event, FactionId, FleetId, Focus, Game, MAX_SEED, Mirror, Order, Record, Rules, Size,
    Snapshot, SystemId, Universe, World, digest_of, economy, output, strategy, verify,
};

fn universe() -> Universe {
    Universe { id: "u-test".into(), tick_delay_ms: 300, rules: "classic".into() }
}

fn snapshot(world: &World) -> Snapshot {
    Snapshot::of(&universe(), world.map(), world.board(), world.digest())
}

fn game(seed: u64, size: Size, name: &'static str) -> Game {
    let rules = Rules::classic();
    let world = World::with_size(Arc::new(rules.clone()), seed, size).unwrap();
    Game::new(world, Box::new(move |_, faction| strategy(name, rules.personality(faction.index())).unwrap()))
}

/// Any order at all, sensible or hostile, within and beyond what exists.
fn any_order() -> impl Strategy<Value = Order> {
    let faction = (0..8u8, any::<bool>()).prop_map(|(number, starter)| {
        if starter { FactionId::starter(number % 6).unwrap() } else { FactionId::splinter(number % 3).unwrap() }
    });
    let system = || (0..34u32).prop_map(SystemId);
    let fleet = || (0..40u32).prop_map(FleetId);
    let amount = prop_oneof![
        Just(Amount::Fleet),
        Just(Amount::All),
        (1..20_000i64).prop_map(Amount::Part),
        Just(Amount::Part(i64::MAX)),
    ];
    let command = prop_oneof![
        6 => (system(), system(), proptest::option::of(fleet()), amount)
            .prop_map(|(origin, target, fleet, amount)| Command::Move { origin, target, fleet, amount }),
        1 => fleet().prop_map(|fleet| Command::Cancel { fleet }),
        1 => system().prop_map(|target| Command::Muster { target }),
        1 => (system(), 0..4usize).prop_map(|(system, focus)| Command::Focus {
            system,
            focus: [Focus::Balanced, Focus::Industry, Focus::Garrison, Focus::Order][focus],
        }),
    ];
    (faction, command).prop_map(|(faction, command)| Order::new(faction, command))
}

fn check_consistency(world: &World) {
    let board = world.board();
    assert_eq!(digest_of(world.map(), board), world.digest(), "the kept digest is the computed one");
    for faction in board.factions() {
        let fleets: Vec<_> = board.fleets().iter().filter(|fleet| fleet.owner == faction.id).collect();
        assert_eq!(faction.fleets, fleets.len() as i64);
        assert_eq!(faction.strength, fleets.iter().map(|fleet| fleet.strength).sum::<i64>());
        let owned =
            board.systems().iter().zip(world.map().sites()).filter(|(state, _)| state.owner == Some(faction.id));
        let values: Vec<i64> = owned.map(|(_, site)| i64::from(site.value)).collect();
        assert_eq!((faction.systems, faction.value), (values.len() as i64, values.iter().sum()));
        let yields =
            board.systems().iter().zip(world.map().sites()).filter(|(state, _)| state.owner == Some(faction.id));
        let outputs = yields.map(|(state, site)| output(world.rules(), state, site.kind, i64::from(site.value))).sum();
        if faction.alive {
            assert_eq!(faction.economy, economy(&world.rules().production, faction.systems, outputs));
            assert!(faction.systems > 0 || faction.fleets > 0);
        }
    }
    for fleet in board.fleets().iter() {
        assert!(fleet.strength > 0 && fleet.strength <= fleet.max_strength, "{fleet:?}");
        assert!(fleet.at().is_none() || fleet.is_idle(), "no fleet with a route waits at the end of a tick: {fleet:?}");
    }
    for (index, state) in board.systems().iter().enumerate() {
        assert!((0..=1000).contains(&state.stability) && (0..=1000).contains(&state.unrest));
        assert!(state.garrison >= 0 && (0..=3000).contains(&state.heat));
        assert!(state.owner.is_none() || state.occupation_faction != state.owner);
        let mut owners: Vec<_> = board.fleets().at(SystemId(index as u32)).map(|fleet| fleet.owner).collect();
        let all = owners.len();
        owners.dedup();
        assert_eq!(owners.len(), all, "idle fleets of one owner at one system have merged");
    }
}

/// The battles of a tick never add strength.
fn check_battles(events: &[Event]) {
    for event in events {
        if let Event::Battle {
            attack,
            defence,
            attacker_loss,
            defender_loss,
            garrison_loss,
            odds,
            winner,
            attacker,
            ..
        } = event
        {
            assert!(*attacker_loss >= 0 && *defender_loss >= 0 && *garrison_loss >= 0);
            assert!(attacker_loss <= attack && defender_loss + garrison_loss <= *defence);
            assert!(*odds == 0 || *odds == 1000 || (200..=800).contains(odds));
            if winner == attacker {
                assert_eq!(defender_loss + garrison_loss, *defence);
            } else {
                assert_eq!(attacker_loss, attack);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever is ordered: the same history again, from the beginning and from a snapshot in the middle; the mirror
    /// shows what the world is; sums agree; battles lose strength; a refused order changes nothing.
    #[test]
    fn any_orders_keep_every_promise(
        seed in 0..=MAX_SEED,
        log in proptest::collection::vec(proptest::collection::vec(any_order(), 0..6), 1..60),
        cut in 0..60usize,
    ) {
        let rules = Arc::new(Rules::classic());
        let mut world = World::new(rules.clone(), seed).unwrap();
        let mut again = World::new(rules.clone(), seed).unwrap();
        let mut mirror = Mirror::new(&snapshot(&world)).unwrap();
        for (tick, orders) in log.iter().enumerate() {
            if tick == cut {
                let json = serde_json::to_string(&snapshot(&again)).unwrap();
                again = World::restore(rules.clone(), &serde_json::from_str(&json).unwrap()).unwrap();
            }
            let outcomes = world.step(orders).outcomes.clone();
            prop_assert_eq!(outcomes.len(), orders.len());
            let applied: Vec<_> = orders.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_ok()).map(|(order, _)| order.clone()).collect();
            again.step(&applied);
            prop_assert_eq!(world.digest(), again.digest(), "tick {}", tick + 1);
            check_consistency(&world);
            check_battles(world.board().events());
            let delta = Delta::of("u-test", &world).narrated(world.map(), world.board());
            let json = serde_json::to_string(&delta).unwrap();
            mirror.apply(&serde_json::from_str(&json).unwrap()).unwrap();
            prop_assert_eq!(mirror.snapshot(), snapshot(&world));
            prop_assert!(mirror.is_exact());
        }
    }

    #[test]
    fn sizes_of_all_kinds_live(seed in 0..1000u64, systems in 2..120u32, factions in 2..20u8) {
        prop_assume!(u32::from(factions) <= systems);
        let mut game = game(seed, Size { systems, factions }, "random");
        for _ in 0..40 {
            game.step();
            check_consistency(game.world());
        }
    }
}

#[test]
fn random_players_reach_every_kind_of_event_and_every_run_ends() {
    let mut kinds = std::collections::BTreeSet::new();
    for seed in 0..12 {
        let mut game = game(seed, Size { systems: 30, factions: 5 }, "random");
        while game.world().board().result().is_none() {
            game.step();
            check_battles(game.world().board().events());
            for event in game.world().board().events() {
                let value = serde_json::to_value(event).unwrap();
                kinds.insert(value["type"].as_str().unwrap().to_owned());
            }
        }
        check_consistency(game.world());
        assert!(game.world().tick() <= 2_000);
    }
    insta::assert_json_snapshot!(kinds);
}

#[test]
fn a_replay_verifies_and_a_changed_one_does_not() {
    let mut game = game(11, Size { systems: 12, factions: 3 }, "random");
    let mut lines = vec![serde_json::to_string(&sector_sim::replay::journal::Header::of("u-1", game.world())).unwrap()];
    for _ in 0..80 {
        game.step();
        lines.push(serde_json::to_string(&Record::of(game.world(), game.orders())).unwrap());
    }
    let verified = verify(lines.join("\n").as_bytes()).unwrap();
    assert_eq!((verified.ticks, verified.digest), (80, game.world().digest()));
    assert!(verified.orders > 0);

    let with_orders = lines.iter().rposition(|line| line.contains("origin_id")).unwrap();
    let mut record: Record = serde_json::from_str(&lines[with_orders]).unwrap();
    record.orders.clear();
    lines[with_orders] = serde_json::to_string(&record).unwrap();
    let error = verify(lines.join("\n").as_bytes()).unwrap_err().to_string();
    assert!(error.starts_with(&format!("the history differs from tick {with_orders} on")), "{error}");
}
