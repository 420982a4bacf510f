//! Tampered documents are refused with a message or are valid; they never cause a panic.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use sector_sim::check::{Checker, Plan};
use sector_sim::snapshot::SnapshotError;
use sector_sim::strategy::Random;
use sector_sim::world::{Size, WorldError};
use sector_sim::{Delta, Mirror, Rules, Snapshot, Strategy as _, Turn, World};
use serde_json::Value;

use crate::any::cases;
use crate::{snapshot, through_json};

/// A world in the middle of its war.
static WORLD: LazyLock<World> = LazyLock::new(|| {
    let mut world =
        World::with_size(Arc::new(Rules::classic()), 7, Size { systems: 12, factions: 3 }).unwrap();
    for _ in 0..80 {
        step(&mut world);
    }
    world
});

fn step(world: &mut World) {
    let turn = Turn { tick: world.tick(), missed: 0 };
    let living: Vec<_> = world.board().factions().iter().filter(|faction| faction.alive).collect();
    let orders: Vec<_> =
        living.iter().flat_map(|faction| Random.orders(&world.view(faction.id), &turn)).collect();
    world.step(&orders);
}

/// A change somewhere in a document.
#[derive(Clone, Debug)]
enum Tamper {
    Number(usize, i64),
    Text(usize, usize),
    Drop(usize),
    Repeat(usize),
    Turn(usize),
}

fn any_tamper() -> impl Strategy<Value = Tamper> {
    let number = prop_oneof![
        Just(0),
        Just(-1),
        Just(1),
        -5..40i64,
        Just(1001),
        Just(i64::from(u32::MAX)),
        Just(1 << 53),
        Just(999_999_999_999_999_999),
        Just(i64::MAX),
        Just(i64::MIN),
    ];
    prop_oneof![
        6 => (any::<usize>(), number).prop_map(|(at, number)| Tamper::Number(at, number)),
        2 => (any::<usize>(), any::<usize>()).prop_map(|(at, text)| Tamper::Text(at, text)),
        1 => any::<usize>().prop_map(Tamper::Drop),
        1 => any::<usize>().prop_map(Tamper::Repeat),
        1 => any::<usize>().prop_map(Tamper::Turn),
    ]
}

/// Paths of all values in a document that match `fits`.
fn paths(value: &Value, fits: fn(&Value) -> bool) -> Vec<String> {
    fn walk(value: &Value, path: &str, fits: fn(&Value) -> bool, found: &mut Vec<String>) {
        if fits(value) {
            found.push(path.to_owned());
        }
        match value {
            Value::Array(items) => {
                items
                    .iter()
                    .enumerate()
                    .for_each(|(index, item)| walk(item, &format!("{path}/{index}"), fits, found));
            }
            Value::Object(fields) => {
                fields
                    .iter()
                    .for_each(|(name, field)| walk(field, &format!("{path}/{name}"), fits, found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(value, "", fits, &mut found);
    found
}

impl Tamper {
    fn apply(&self, document: &mut Value) {
        let pick = |document: &Value, at: usize, fits: fn(&Value) -> bool| {
            let paths = paths(document, fits);
            (!paths.is_empty()).then(|| paths[at % paths.len()].clone())
        };
        let list = |value: &Value| value.as_array().is_some_and(|items| !items.is_empty());
        match *self {
            Tamper::Number(at, number) => {
                let numbers = |value: &Value| value.is_number() || value.is_null();
                if let Some(path) = pick(document, at, numbers) {
                    *document.pointer_mut(&path).unwrap() = number.into();
                }
            }
            Tamper::Text(at, text) => {
                let text =
                    ["F1", "F3", "F64", "L1", "S1", "S32", "order", "u-test", "", "x"][text % 10];
                let texts = |value: &Value| value.is_string() || value.is_null();
                if let Some(path) = pick(document, at, texts) {
                    *document.pointer_mut(&path).unwrap() = text.into();
                }
            }
            Tamper::Drop(at) | Tamper::Repeat(at) | Tamper::Turn(at) => {
                let Some(path) = pick(document, at, list) else { return };
                let items = document.pointer_mut(&path).unwrap().as_array_mut().unwrap();
                let index = at / 7 % items.len();
                match self {
                    Tamper::Drop(_) => drop(items.remove(index)),
                    Tamper::Repeat(_) => items.push(items[index].clone()),
                    _ => items.rotate_left(1),
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn a_changed_snapshot_is_refused_or_lives(tampers in proptest::collection::vec(any_tamper(), 1..5)) {
        let mut document = serde_json::to_value(snapshot(&WORLD)).unwrap();
        tampers.iter().for_each(|tamper| tamper.apply(&mut document));
        let Ok(mut changed) = serde_json::from_value::<Snapshot>(document) else { return Ok(()) };
        let rules = Arc::clone(WORLD.rules());
        let mut restored = World::restore(rules.clone(), &changed);
        // Anyone who can change a state can compute its digest.
        if let Err(WorldError::Snapshot(SnapshotError::Digest { found, .. })) = restored {
            changed.digest = found;
            restored = World::restore(rules, &changed);
        }
        let Ok(mut world) = restored else { return Ok(()) };
        let mut checker = Checker::new(&world, Plan { restore_every: 4, clone_every: 3, recompute_every: 1 }).unwrap();
        for _ in 0..8 {
            world.step(&[]);
            checker.follow(&world, &[]).unwrap_or_else(|error| panic!("{error}"));
        }
    }

    #[test]
    fn a_changed_delta_is_refused_and_changes_nothing_or_is_taken(
        tampers in proptest::collection::vec(any_tamper(), 1..5),
        ticks in 1..12usize,
    ) {
        let mut world = WORLD.clone();
        let mut mirror = Mirror::new(&snapshot(&world)).unwrap();
        for _ in 1..ticks {
            step(&mut world);
            mirror.apply(&Delta::of("u-test", &world)).unwrap();
        }
        step(&mut world);
        let mut document = serde_json::to_value(Delta::of("u-test", &world)).unwrap();
        tampers.iter().for_each(|tamper| tamper.apply(&mut document));
        let Ok(delta) = serde_json::from_value::<Delta>(document) else { return Ok(()) };
        let before = mirror.snapshot();
        match mirror.apply(&delta) {
            Ok(()) => {
                prop_assert_eq!(mirror.board().tick(), before.tick + 1);
                let after = mirror.snapshot();
                if let Ok(again) = Mirror::new(&through_json(&after)) {
                    prop_assert_eq!(again.snapshot(), after);
                }
                if mirror.is_exact() && delta.digest == world.digest() {
                    prop_assert_eq!(mirror.snapshot().systems, snapshot(&world).systems);
                    prop_assert_eq!(mirror.snapshot().fleets, snapshot(&world).fleets);
                }
            }
            Err(error) => {
                prop_assert!(!error.to_string().is_empty());
                prop_assert_eq!(mirror.snapshot(), before);
            }
        }
    }
}

/// Every out-of-range number, applied to a state in its place, is refused by name.
#[test]
fn impossible_numbers_are_refused_by_name() {
    let refused = |path: &str, value: i64| {
        let mut document = serde_json::to_value(snapshot(&WORLD)).unwrap();
        *document.pointer_mut(path).unwrap() = value.into();
        let changed: Snapshot = serde_json::from_value(document).unwrap();
        World::restore(Arc::clone(WORLD.rules()), &changed).unwrap_err().to_string()
    };
    insta::assert_json_snapshot!([
        refused("/systems/3/garrison", -1),
        refused("/systems/3/garrison", i64::MAX),
        refused("/systems/3/stability", 1001),
        refused("/systems/3/heat", 1_000_001),
        refused("/fleets/0/max_strength", i64::MAX),
        refused("/factions/0/build_stock", -1),
        refused("/tick", 1 << 53),
        refused("/next_fleet_id", 0),
    ]);
}
