//! Fairness: faction ids do not affect the history.
//!
//! Two worlds run side by side that only differ in the ids of the starters: each starter has
//! another id in the second world, with the same home, systems and fleets, and gives the same
//! orders. Apart from these ids they must stay equal, tick by tick.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use proptest::prelude::*;
use sector_sim::draw::MAX_SEED;
use sector_sim::ids::FactionKind;
use sector_sim::order::{Amount, Focus};
use sector_sim::snapshot::{FleetForm, SnapshotError};
use sector_sim::strategy::Classic;
use sector_sim::world::{Size, WorldError};
use sector_sim::{
    Command, FactionId, FleetId, Order, Rules, Snapshot, Strategy as _, SystemId, Turn, Universe,
    World,
};
use serde_json::Value;

const FACTIONS: u8 = 5;

fn snapshot(world: &World) -> Snapshot {
    let universe =
        Universe { id: "u-test".into(), tick_delay_ms: 300, rules: world.rules().name.clone() };
    Snapshot::of(&universe, world.map(), world.board(), world.digest())
}

/// World restored from a modified snapshot.
fn restored(rules: &Arc<Rules>, mut snapshot: Snapshot) -> World {
    if let Err(WorldError::Snapshot(SnapshotError::Digest { found, .. })) =
        World::restore(rules.clone(), &snapshot)
    {
        snapshot.digest = found;
    }
    World::restore(rules.clone(), &snapshot).unwrap()
}

/// A permutation of the starters' ids.
#[derive(Clone, Debug)]
struct Names(Vec<u8>);

impl Names {
    fn of(&self, id: FactionId) -> FactionId {
        match id.kind() {
            FactionKind::Starter => {
                self.0.get(id.index()).map_or(id, |&index| FactionId::starter(index).unwrap())
            }
            _ => id,
        }
    }

    /// The document with all faction ids replaced, and lists that are ordered by them sorted again.
    fn document(&self, snapshot: &Snapshot) -> Value {
        fn rename(names: &Names, value: &mut Value) {
            match value {
                Value::String(text) => {
                    if let Ok(id) = text.parse::<FactionId>() {
                        *text = names.of(id).to_string();
                    }
                }
                Value::Array(items) => items.iter_mut().for_each(|item| rename(names, item)),
                Value::Object(fields) => fields.values_mut().for_each(|field| rename(names, field)),
                _ => {}
            }
        }
        let mut document = serde_json::to_value(snapshot).unwrap();
        rename(self, &mut document);
        let factions = document["factions"].as_array_mut().unwrap();
        factions
            .sort_by_key(|faction| faction["id"].as_str().unwrap().parse::<FactionId>().unwrap());
        document
    }

    fn snapshot(&self, snapshot: &Snapshot) -> Snapshot {
        serde_json::from_value(self.document(snapshot)).unwrap()
    }

    fn order(&self, order: &Order) -> Order {
        Order { faction: self.of(order.faction), ..order.clone() }
    }
}

/// The document without everything that depends on faction ids: digest, colours and sentences.
fn nameless(mut document: Value) -> Value {
    document["digest"] = Value::Null;
    for faction in document["factions"].as_array_mut().unwrap() {
        faction["color"] = Value::Null;
    }
    document
}

fn assert_alike(names: &Names, one: &World, other: &World) {
    let renamed = names.document(&snapshot(one));
    let expected = nameless(serde_json::to_value(snapshot(other)).unwrap());
    assert_eq!(nameless(renamed), expected, "tick {}", one.tick());
}

fn any_order() -> impl Strategy<Value = Order> {
    let system = || (0..30u32).prop_map(SystemId);
    let amount = prop_oneof![
        Just(Amount::Fleet),
        Just(Amount::All),
        (1_000..9_000i64).prop_map(Amount::Part)
    ];
    let command = prop_oneof![
        8 => (system(), system(), amount)
            .prop_map(|(origin, target, amount)| Command::Move { origin, target, fleet: None, amount }),
        1 => (1..40u32).prop_map(|fleet| Command::Cancel { fleet: FleetId(fleet) }),
        1 => system().prop_map(|target| Command::Muster { target }),
        1 => (system(), 0..4usize).prop_map(|(system, focus)| Command::Focus {
            system,
            focus: [Focus::Balanced, Focus::Industry, Focus::Garrison, Focus::Order][focus],
        }),
    ];
    (0..FACTIONS, command)
        .prop_map(|(number, command)| Order::new(FactionId::starter(number).unwrap(), command))
}

/// Many fleets of few different strengths at few systems, so that there are ties of every kind.
fn crowded(rules: &Arc<Rules>, seed: u64, crowd: &[(u8, u32, i64)]) -> World {
    let world = World::new(rules.clone(), seed).unwrap();
    let mut start = snapshot(&world);
    let mut stands = std::collections::BTreeSet::new();
    for &(number, system, strength) in crowd {
        // Idle fleets of one owner at one system would have merged.
        let occupied = start.fleets.iter().any(|fleet| {
            fleet.system_id == Some(SystemId(system)) && fleet.owner.index() == usize::from(number)
        });
        if occupied || !stands.insert((number, system)) {
            continue;
        }
        start.fleets.push(FleetForm {
            id: start.next_fleet_id,
            owner: FactionId::starter(number).unwrap(),
            system_id: Some(SystemId(system)),
            strength,
            max_strength: strength,
            enroute_from: None,
            enroute_to: None,
            departed: None,
            eta: None,
            route: Vec::new(),
        });
        start.next_fleet_id = FleetId(start.next_fleet_id.0 + 1);
    }
    restored(rules, start)
}

fn rules(domination_value: i64, tick_limit: i64) -> Arc<Rules> {
    let mut rules = Rules::classic();
    rules.victory.domination_value = domination_value;
    rules.victory.domination_ticks = 3;
    rules.victory.tick_limit = tick_limit;
    // Unrest builds up fast, so that there are rebels within a few ticks.
    rules.rebellion.threshold = 600;
    rules.rebellion.secession = 500;
    Arc::new(rules)
}

fn permutation() -> impl Strategy<Value = Names> {
    Just((0..FACTIONS).collect::<Vec<_>>()).prop_shuffle().prop_map(Names)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.min(96), ..ProptestConfig::default() })]

    /// Ties in strength, random orders, several winners at once, and a tick limit with equal
    /// scores.
    #[test]
    fn other_names_for_the_starters_give_the_same_history(
        seed in 0..=MAX_SEED,
        names in permutation(),
        crowd in proptest::collection::vec((0..FACTIONS, 0..12u32, prop_oneof![Just(4_000i64), Just(8_000), Just(20_000)]), 0..30),
        log in proptest::collection::vec(proptest::collection::vec(any_order(), 0..4), 1..40),
        victory in prop_oneof![Just((750, 2_000)), Just((1, 2_000)), Just((1000, 20))],
    ) {
        let rules = rules(victory.0, victory.1);
        let mut one = crowded(&rules, seed, &crowd);
        let mut other = restored(&rules, names.snapshot(&snapshot(&one)));
        assert_alike(&names, &one, &other);
        for orders in &log {
            let renamed: Vec<Order> = orders.iter().map(|order| names.order(order)).collect();
            let outcomes = one.step(orders).outcomes.clone();
            prop_assert_eq!(&outcomes, &other.step(&renamed).outcomes);
            assert_alike(&names, &one, &other);
        }
        // The renamed state equals the other one, down to the digest.
        prop_assert_eq!(restored(&rules, names.snapshot(&snapshot(&one))).digest(), other.digest());
    }

    /// Orders of different factions can come in any order, as long as none splits a fleet: new
    /// fleets get their ids in execution order. Orders of one faction keep their order.
    #[test]
    fn the_order_in_which_factions_are_heard_does_not_matter(
        seed in 0..=MAX_SEED,
        log in proptest::collection::vec(proptest::collection::vec(any_order(), 0..12), 1..40),
        turns in proptest::collection::vec(Just((0..FACTIONS).collect::<Vec<_>>()).prop_shuffle(), 40),
    ) {
        let rules = rules(750, 2_000);
        let (mut one, mut other) = (World::new(rules.clone(), seed).unwrap(), World::new(rules, seed).unwrap());
        for (orders, turns) in log.iter().zip(&turns) {
            let whole = |order: &&Order| !matches!(order.command, Command::Move { amount: Amount::Part(_), .. });
            let orders: Vec<Order> = orders.iter().filter(whole).cloned().collect();
            let mut turned = orders.clone();
            turned.sort_by_key(|order| turns.iter().position(|&number| usize::from(number) == order.faction.index()));
            one.step(&orders);
            other.step(&turned);
            prop_assert_eq!(one.digest(), other.digest());
        }
    }
}

/// A whole match of the standard players; the orders of one world are given in the other with
/// renamed factions.
#[test]
fn a_whole_match_is_the_same_under_other_names() {
    for (seed, names) in
        [(7, vec![4, 3, 2, 1, 0]), (8, vec![1, 2, 3, 4, 0]), (9, vec![0, 1, 4, 3, 2])]
    {
        let (rules, names) = (Arc::new(Rules::classic()), Names(names));
        let mut one = World::with_size(rules.clone(), seed, Size::standard(&rules)).unwrap();
        let mut other = restored(&rules, names.snapshot(&snapshot(&one)));
        let mut players: Vec<Classic> =
            (0..usize::from(FACTIONS)).map(|seat| Classic::new(rules.personality(seat))).collect();
        let mut rebels = 0;
        while one.board().result().is_none() {
            let mut orders = Vec::new();
            for (number, player) in (0..FACTIONS).zip(&mut players) {
                let view = one.view(FactionId::starter(number).unwrap());
                orders.append(&mut player.orders(&view, &Turn { tick: one.tick(), missed: 0 }));
            }
            let renamed: Vec<Order> = orders.iter().map(|order| names.order(order)).collect();
            one.step(&orders);
            other.step(&renamed);
            rebels = rebels.max(one.board().factions().len());
            if one.tick().is_multiple_of(50) {
                assert_alike(&names, &one, &other);
            }
        }
        assert_alike(&names, &one, &other);
        assert_eq!(
            other.board().result().unwrap().winner,
            one.board().result().unwrap().winner.map(|id| names.of(id))
        );
        assert!(rebels > usize::from(FACTIONS), "somebody rebelled");
    }
}

/// The first fleets are numbered by system, so that no seat has the lowest id in every sector.
#[test]
fn no_seat_always_has_the_first_fleet() {
    let rules = Arc::new(Rules::classic());
    let first = |seed| {
        World::new(rules.clone(), seed).unwrap().board().fleets().iter().next().unwrap().owner
    };
    let mut seats: Vec<FactionId> = (0..40).map(first).collect();
    seats.sort_unstable();
    seats.dedup();
    assert_eq!(seats.len(), usize::from(FACTIONS));
}
