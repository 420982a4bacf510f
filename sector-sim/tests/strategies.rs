//! Promises of computer players: valid orders, the same orders for the same view, and runs that
//! end.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::sync::Arc;

use sector_sim::event::Cause;
use sector_sim::order::OrderKind;
use sector_sim::strategy::{Classic, STRATEGIES};
use sector_sim::world::Size;
use sector_sim::{
    Command, Delta, Event, FactionId, Game, Mirror, Order, Rules, Snapshot, Strategy, Turn,
    Universe, World, strategy,
};

fn game(seed: u64, size: Size, names: &'static [&'static str]) -> Game {
    let rules = Rules::classic();
    let world = World::with_size(Arc::new(rules.clone()), seed, size).unwrap();
    let seat = move |_: &World, faction: FactionId| {
        let seat = faction.index();
        strategy::by_name(names[seat % names.len()], rules.personality(seat)).unwrap()
    };
    Game::new(world, Box::new(seat))
}

const STANDARD: Size = Size { systems: 30, factions: 5 };

#[test]
fn every_name_leads_to_a_strategy_of_that_name() {
    let rules = Rules::classic();
    for name in STRATEGIES {
        assert_eq!(strategy::by_name(name, rules.personality(0)).unwrap().name(), name);
    }
    let error = strategy::by_name("classy", rules.personality(0)).err().unwrap().to_string();
    assert_eq!(
        error,
        "unknown strategy \"classy\"; allowed are classic, greedy, turtle, raider, lookahead, random, idle"
    );
}

/// Twenty runs as seen by the players: few orders are refused, and most runs are decided long
/// before the limit, by different winners.
#[test]
fn classic_players_give_orders_that_are_obeyed_and_bring_runs_to_an_end() {
    let (mut given, mut refused, mut decided) = (0usize, 0usize, 0);
    let mut winners = BTreeSet::new();
    let mut kinds = BTreeSet::new();
    for seed in 100..120 {
        let mut game = game(seed, STANDARD, &["classic"]);
        while game.world().board().result().is_none() {
            game.step();
            given += game.orders().len();
            let events = game.world().board().events();
            refused +=
                events.iter().filter(|event| matches!(event, Event::OrderRefused { .. })).count();
            kinds.extend(game.orders().iter().map(|order: &Order| order.command.kind()));
        }
        let outcome = game.world().board().result().unwrap();
        decided += usize::from(outcome.tick < 1_500 && outcome.cause != Cause::TickLimit);
        winners.insert(outcome.winner.unwrap());
    }
    assert!(given > 2_000, "only {given} orders were given");
    assert!(refused * 100 < given, "{refused} of {given} orders were refused");
    assert!(decided >= 17, "only {decided} of 20 runs were decided in time");
    assert!(winners.len() >= 3, "{winners:?}");
    assert_eq!(kinds, BTreeSet::from([OrderKind::Move, OrderKind::Muster, OrderKind::Focus]));
}

#[test]
fn a_classic_player_beats_a_random_and_an_idle_one() {
    let mut wins = [0; 3];
    for seed in 0..9 {
        let mut game =
            game(seed, Size { systems: 18, factions: 3 }, &["classic", "random", "idle"]);
        let winner = game.play(2_000).unwrap().winner.unwrap();
        if let Some(seat) = wins.get_mut(winner.index()) {
            *seat += 1;
        }
    }
    assert!(wins[0] >= 8, "{wins:?}");
}

/// A player that follows deltas gives the same orders as one next to the world.
#[test]
fn a_mirror_shows_enough_to_play_by() {
    let rules = Rules::classic();
    let mut game = game(6, STANDARD, &["classic"]);
    let universe = Universe { id: "u-1".into(), tick_delay_ms: 300, rules: "classic".into() };
    let world = game.world();
    let snapshot = Snapshot::of(&universe, world.map(), world.board(), world.digest());
    let mut mirror = Mirror::new(&snapshot).unwrap();
    let me = FactionId::starter(2).unwrap();
    let mut player = Classic::new(rules.personality(me.index()));
    let mut given = 0;
    for tick in 0..300 {
        let turn = Turn { tick, missed: 0 };
        let orders = player.orders(&mirror.view(&rules, me), &turn);
        game.step();
        let beside: Vec<_> =
            game.orders().iter().filter(|order| order.faction == me).cloned().collect();
        assert_eq!(orders, beside, "tick {tick}");
        given += orders.len();
        mirror.apply(&Delta::of("u-1", game.world())).unwrap();
    }
    assert!(given > 20);
}

/// A strategy that skips ticks still gives orders that refer to existing things.
#[test]
fn a_player_that_misses_ticks_still_gives_orders_that_can_be_obeyed() {
    let rules = Rules::classic();
    let mut given = 0;
    let mut refused = 0;
    for seed in 0..6 {
        let mut world = World::new(rules.clone().into(), seed).unwrap();
        let starters: Vec<FactionId> =
            world.board().factions().iter().map(|faction| faction.id).collect();
        let mut players: Vec<Classic> =
            starters.iter().map(|id| Classic::new(rules.personality(id.index()))).collect();
        for tick in 0..400u64 {
            let mut orders = Vec::new();
            for (&me, player) in starters.iter().zip(&mut players) {
                // The first one plays every seventh tick.
                let pace = if me == starters[0] { 7 } else { 1 };
                if tick % pace == 0 {
                    let missed = if tick == 0 { 0 } else { pace - 1 };
                    let turn = Turn { tick, missed };
                    orders.extend(player.orders(&world.view(me), &turn));
                }
            }
            given += orders.iter().filter(|order| order.faction == starters[0]).count();
            world.step(&orders);
            let mine = |event: &&Event| matches!(event, Event::OrderRefused { faction, .. } if *faction == starters[0]);
            refused += world.board().events().iter().filter(mine).count();
        }
    }
    assert!(given > 50, "only {given} orders were given");
    assert!(refused * 50 < given, "{refused} of {given} orders were refused");
}

/// A player can move to another sector, or back in time, as if it were new.
#[test]
fn a_player_forgets_the_sector_it_leaves() {
    let rules = Arc::new(Rules::classic());
    let me = FactionId::starter(1).unwrap();
    let mut old = Classic::new(rules.personality(1));
    let mut first = game(1, STANDARD, &["classic"]);
    for tick in 0..60 {
        old.orders(&first.world().view(me), &Turn { tick, missed: 0 });
        first.step();
    }
    for systems in [30, 50] {
        let world = World::with_size(rules.clone(), 9, Size { systems, factions: 5 }).unwrap();
        let mut new = Classic::new(rules.personality(1));
        let turn = Turn::default();
        assert_eq!(old.orders(&world.view(me), &turn), new.orders(&world.view(me), &turn));
        old.orders(&first.world().view(me), &Turn { tick: 60, missed: 0 });
    }
}

#[test]
fn colonists_take_what_it_takes_and_no_more() {
    let rules = Arc::new(Rules::classic());
    for seed in 0..20 {
        let world = World::new(rules.clone(), seed).unwrap();
        for faction in world.board().factions() {
            let mut player = Classic::new(rules.personality(faction.id.index()));
            let orders = player.orders(&world.view(faction.id), &Turn::default());
            let moves: Vec<_> = orders
                .iter()
                .filter_map(|order| match order.command {
                    Command::Move { origin, target, amount, .. } => Some((origin, target, amount)),
                    _ => None,
                })
                .collect();
            assert!(!moves.is_empty(), "somebody leaves the home in the first tick");
            for (origin, target, amount) in moves {
                assert_eq!(Some(origin), faction.home);
                let needed =
                    world.board().system(target).unwrap().garrison + rules.capture.strength;
                assert!(
                    matches!(amount, sector_sim::order::Amount::Part(part) if part == needed),
                    "{amount:?}"
                );
            }
        }
    }
}

#[test]
fn large_and_odd_sectors_are_played_too() {
    for (systems, factions) in [(2, 2), (3, 3), (200, 12), (600, 64)] {
        let mut game = game(4, Size { systems, factions }, &["classic"]);
        game.play(150);
        assert!(game.world().tick() > 0);
    }
}
