//! Promises of every computer player on any sector, and the differences between their styles.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use sector_sim::draw::{Draw, Purpose};
use sector_sim::order::{Focus, OrderForm, OrderKind};
use sector_sim::strategy::STRATEGIES;
use sector_sim::world::Size;
use sector_sim::{
    Command, Delta, Event, FactionId, Game, Mirror, Rules, Snapshot, Turn, Universe, World,
    strategy,
};

/// Player of a faction: the names in turn, starting with `first`.
fn seat(names: &[&'static str], first: usize, faction: FactionId) -> &'static str {
    names[(faction.index() + names.len() - first % names.len()) % names.len()]
}

fn game(seed: u64, size: Size, names: &'static [&'static str], first: usize) -> Game {
    let rules = Rules::classic();
    let world = World::with_size(Arc::new(rules.clone()), seed, size).unwrap();
    Game::new(
        world,
        Box::new(move |_, faction| {
            strategy::by_name(seat(names, first, faction), rules.personality(faction.index()))
                .unwrap()
        }),
    )
}

/// Whole matches of all against all, including the League and splinters: every order is well formed
/// and from the player's own faction, and at most three in a hundred are refused.
#[test]
fn orders_are_well_formed_and_obeyed() {
    let mut given: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (systems, factions, ticks) in
        [(2, 2, 200), (3, 3, 200), (18, 3, 200), (30, 5, 250), (60, 7, 200)]
    {
        for first in 0..STRATEGIES.len() {
            let mut game = game(40 + first as u64, Size { systems, factions }, &STRATEGIES, first);
            for _ in 0..ticks {
                if game.world().board().result().is_some() {
                    break;
                }
                game.step();
                for (order, outcome) in game.orders().iter().zip(&game.world().report().outcomes) {
                    assert_eq!(OrderForm::from(order.clone()).check().as_ref(), Ok(order));
                    let (all, refused) =
                        given.entry(seat(&STRATEGIES, first, order.faction)).or_default();
                    *all += 1;
                    *refused += usize::from(outcome.is_err());
                }
            }
        }
    }
    for name in STRATEGIES.into_iter().filter(|&name| name != "idle") {
        let (all, refused) = given[name];
        assert!(all > 300, "{name} gave {all} orders");
        assert!(refused * 100 <= all * 3, "{refused} of {all} orders of {name} were refused");
    }
    assert!(!given.contains_key("idle"));
}

/// Any seat, existing or not, any tick, any gap, and different sectors in turn: no panic, and no
/// order for another faction.
#[test]
fn no_view_is_too_odd() {
    let rules = Rules::classic();
    let sizes = [(2, 2), (30, 5), (7, 7), (1_500, 64), (30, 2)];
    let mut worlds: Vec<World> = Vec::new();
    for (systems, factions) in sizes {
        let mut game =
            game(u64::from(systems), Size { systems, factions }, &["classic", "random"], 0);
        game.play(if systems > 100 { 20 } else { 120 });
        worlds.push(game.world().clone());
    }
    for name in STRATEGIES {
        let mut player = strategy::by_name(name, rules.personality(1)).unwrap();
        let mut draw = Draw::new(7, 0, Purpose::Strategy, 0);
        for _ in 0..150 {
            // The large sector is used less often than the others.
            let world =
                &worlds[if draw.chance(50) { 3 } else { [0, 1, 2, 4][draw.below(4) as usize] }];
            let me = match draw.below(4) {
                0 => FactionId::LEAGUE,
                1 => FactionId::splinter(draw.below(6) as u8).unwrap(),
                _ => FactionId::starter(draw.below(8) as u8).unwrap(),
            };
            let tick = [0, world.tick(), draw.below(1_000), u64::MAX / 2][draw.below(4) as usize];
            let missed = [0, 1, 1_000, u64::MAX][draw.below(4) as usize];
            let orders = player.orders(&world.view(me), &Turn { tick, missed });
            assert!(orders.iter().all(|order| order.faction == me), "{name}");
        }
    }
}

/// The same match twice, with a second set of players that only see deltas: both give the same
/// orders.
#[test]
fn whoever_sees_the_same_gives_the_same_orders() {
    let rules = Rules::classic();
    let universe = Universe { id: "u-1".into(), tick_delay_ms: 300, rules: "classic".into() };
    let me = FactionId::starter(1).unwrap();
    for (index, name) in STRATEGIES.into_iter().enumerate() {
        let mut game = game(8, Size { systems: 30, factions: 5 }, &STRATEGIES, 8 - index);
        assert_eq!(seat(&STRATEGIES, 8 - index, me), name);
        let world = game.world();
        let mut mirror =
            Mirror::new(&Snapshot::of(&universe, world.map(), world.board(), world.digest()))
                .unwrap();
        let mut player = strategy::by_name(name, rules.personality(1)).unwrap();
        for tick in 0..120 {
            let orders = player.orders(&mirror.view(&rules, me), &Turn { tick, missed: 0 });
            game.step();
            let beside: Vec<_> =
                game.orders().iter().filter(|order| order.faction == me).cloned().collect();
            assert_eq!(orders, beside, "{name} in tick {tick}");
            mirror.apply(&Delta::of("u-1", game.world())).unwrap();
        }
    }
}

/// Statistics of a style, summed over many matches.
#[derive(Debug, Default)]
struct Style {
    /// Ticks that its factions lived, and systems owned in these ticks.
    ticks: i64,
    systems: i64,
    /// Owned systems with the focus `garrison`, and with `industry`.
    garrison: i64,
    industry: i64,
    moves: i64,
    /// Orders other than moves.
    others: i64,
    /// Systems captured from others, captured unowned, and lost to others.
    conquered: i64,
    colonised: i64,
    lost: i64,
    /// Battles as attacker.
    attacks: i64,
}

const STYLES: [&str; 4] = ["classic", "greedy", "turtle", "raider"];

fn styles() -> BTreeMap<&'static str, Style> {
    let mut styles: BTreeMap<&str, Style> = BTreeMap::new();
    for first in 0..24 {
        let mut game =
            game(500 + first as u64 / 4, Size { systems: 28, factions: 4 }, &STYLES, first);
        while game.world().board().result().is_none() && game.world().tick() < 400 {
            game.step();
            let board = game.world().board();
            let mut of = |faction: FactionId, add: &mut dyn FnMut(&mut Style)| {
                if faction.index() < STYLES.len() {
                    add(styles.entry(seat(&STYLES, first, faction)).or_default());
                }
            };
            for faction in board.factions().iter().filter(|faction| faction.alive) {
                of(faction.id, &mut |style| style.ticks += 1);
            }
            for system in board.systems() {
                let Some(owner) = system.owner else { continue };
                of(owner, &mut |style| {
                    style.systems += 1;
                    style.garrison += i64::from(system.focus == Focus::Garrison);
                    style.industry += i64::from(system.focus == Focus::Industry);
                });
            }
            for order in game.orders() {
                of(order.faction, &mut |style| match order.command {
                    Command::Move { .. } => style.moves += 1,
                    _ => style.others += 1,
                });
            }
            for event in board.events() {
                match event {
                    Event::Captured { faction, from: Some(from), .. } => {
                        of(*faction, &mut |style| style.conquered += 1);
                        of(*from, &mut |style| style.lost += 1);
                    }
                    Event::Captured { faction, from: None, .. } => {
                        of(*faction, &mut |style| style.colonised += 1);
                    }
                    Event::Battle { attacker, .. } => {
                        of(*attacker, &mut |style| style.attacks += 1);
                    }
                    _ => {}
                }
            }
        }
    }
    styles
}

#[test]
fn styles_differ_in_what_they_come_to() {
    let styles = styles();
    let [classic, greedy, turtle, raider] = STYLES.map(|name| &styles[name]);
    let table = format!("{styles:#?}");
    // Per tick lived, or per system owned, in ten-thousandths.
    let rate = |part: i64, whole: i64| part * 10_000 / whole.max(1);
    assert!(STYLES.iter().all(|name| styles[name].colonised > 50), "{table}");

    // The turtle relies on garrisons and captures little from others.
    assert!(
        rate(turtle.garrison, turtle.systems)
            > 2 * rate(classic.garrison, classic.systems).max(1_000),
        "{table}"
    );
    assert!(
        rate(turtle.conquered, turtle.ticks) * 5 < rate(classic.conquered, classic.ticks) * 4,
        "{table}"
    );
    assert!(rate(turtle.attacks, turtle.ticks) < rate(classic.attacks, classic.ticks), "{table}");

    // The raider moves most, and wins and loses most relative to what it owns.
    let taken = |style: &Style| rate(style.conquered + style.colonised, style.systems);
    for other in [classic, greedy, turtle] {
        assert!(rate(raider.moves, raider.ticks) > rate(other.moves, other.ticks), "{table}");
        assert!(taken(raider) > taken(other), "{table}");
        assert!(rate(raider.lost, raider.systems) > rate(other.lost, other.systems), "{table}");
    }
    // It avoids battles: fewer of its moves are attacks on fleets.
    assert!(rate(raider.attacks, raider.moves) < rate(classic.attacks, classic.moves), "{table}");

    // The greedy player only captures.
    assert_eq!((greedy.others, greedy.garrison, greedy.industry), (0, 0, 0));
    assert!(
        rate(classic.others, classic.ticks) > 0 && rate(turtle.others, turtle.ticks) > 0,
        "{table}"
    );
}

/// From its home, the greedy player sends its first detachment to the best yield per tick.
#[test]
fn the_greedy_player_takes_the_best_rate_first() {
    let rules = Arc::new(Rules::classic());
    for seed in 0..30 {
        let world = World::new(rules.clone(), seed).unwrap();
        for faction in world.board().factions() {
            let view = world.view(faction.id);
            let orders = strategy::by_name("greedy", rules.personality(0))
                .unwrap()
                .orders(&view, &Turn::default());
            let Command::Move { origin, target, .. } = orders[0].command else {
                panic!("{:?}", orders[0])
            };
            assert_eq!(Some(origin), faction.home);
            let rate = |system, ticks: u16| {
                view.yields(system) * 1000 / (i64::from(ticks) + rules.capture.ticks)
            };
            let best =
                world.map().neighbours(origin).iter().map(|to| rate(to.system, to.ticks)).max();
            let ticks = world.map().lane_ticks(origin, target).unwrap();
            assert_eq!(Some(rate(target, ticks)), best, "seed {seed}, {}", faction.id);
            assert!(orders.iter().all(|order| order.command.kind() == OrderKind::Move));
        }
    }
}
