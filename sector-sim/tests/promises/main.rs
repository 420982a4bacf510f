//! Promises of the engine, checked for any rules, seeds, sizes and order logs.
//!
//! One test per promise. `PROPTEST_CASES` sets the number of cases.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod any;
mod arithmetic;
mod hostile;
mod runs;
mod state;
mod strength;

use std::collections::BTreeSet;
use std::sync::Arc;

use any::any_run;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use sector_sim::replay::journal::{Header, Record};
use sector_sim::replay::verify;
use sector_sim::step::Phase;
use sector_sim::world::Size;
use sector_sim::{Game, Rules, Snapshot, Universe, World, strategy};

fn snapshot(world: &World) -> Snapshot {
    let universe =
        Universe { id: "u-test".into(), tick_delay_ms: 300, rules: world.rules().name.clone() };
    Snapshot::of(&universe, world.map(), world.board(), world.digest())
}

/// Serializes a document to JSON and parses it again.
fn through_json<T: serde::Serialize + serde::de::DeserializeOwned>(document: &T) -> T {
    serde_json::from_str(&serde_json::to_string(document).unwrap()).unwrap()
}

fn game_of(rules: Rules, seed: u64, size: Size, name: &'static str) -> Game {
    let world = World::with_size(Arc::new(rules.clone()), seed, size).unwrap();
    Game::new(
        world,
        Box::new(move |_, faction| {
            strategy::by_name(name, rules.personality(faction.index())).unwrap()
        }),
    )
}

/// The generated runs cover everything: every kind of event and refusal occurs, under all kinds of
/// rules.
#[test]
fn any_run_reaches_every_kind_of_event_and_refusal() {
    let mut runner = TestRunner::deterministic();
    let (mut kinds, mut refusals, mut ticks) = (BTreeSet::new(), BTreeSet::new(), 0);
    for _ in 0..150 {
        let run = any_run(60).new_tree(&mut runner).unwrap().current();
        run.play(|world, orders| {
            world.step(orders);
            ticks += 1;
            for event in world.board().events() {
                let value = serde_json::to_value(event).unwrap();
                kinds.insert(value["type"].as_str().unwrap().to_owned());
                refusals.extend(value["code"].as_str().map(ToOwned::to_owned));
            }
        });
    }
    insta::assert_json_snapshot!((kinds, refusals));
    assert!(ticks > 2_000, "only {ticks} ticks were played");
}

#[test]
fn random_players_reach_every_kind_of_event_and_every_run_ends() {
    let mut kinds = BTreeSet::new();
    for seed in 0..12 {
        let mut game = game_of(Rules::classic(), seed, Size { systems: 30, factions: 5 }, "random");
        while game.world().board().result().is_none() {
            game.step();
            for event in game.world().board().events() {
                let value = serde_json::to_value(event).unwrap();
                kinds.insert(value["type"].as_str().unwrap().to_owned());
            }
        }
        state::check(game.world(), Phase::Close);
        assert!(game.world().tick() <= 2_000);
    }
    insta::assert_json_snapshot!(kinds);
}

#[test]
fn a_replay_verifies_and_a_changed_one_does_not() {
    let mut game = game_of(Rules::classic(), 11, Size { systems: 12, factions: 3 }, "random");
    let mut lines = vec![serde_json::to_string(&Header::of("u-1", game.world())).unwrap()];
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
    assert!(error.starts_with(&format!("the run diverges at tick {with_orders}:")), "{error}");
}
