//! Recorded runs, continued from any of their ticks.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use sector_sim::game::{Fork, ForkError};
use sector_sim::replay::{Header, Replay, Seat, Writer};
use sector_sim::world::Size;
use sector_sim::{FactionId, Game, Rules, World, strategy};

fn faction(text: &str) -> FactionId {
    text.parse().unwrap()
}

/// A recorded match; `players` are assigned to the factions in turn, including the League and
/// splinters.
fn record(seed: u64, size: Size, players: &[&str], ticks: u64) -> Replay {
    let rules = Rules::classic();
    let world = World::with_size(rules.clone().into(), seed, size).unwrap();
    let mut header = Header::of("recorded", &world);
    for faction in Fork::seats_of(&header).unwrap() {
        let player = players[faction.index() % players.len()].to_owned();
        header.seats.push(Seat {
            faction,
            player,
            personality: rules.personality(faction.index()),
        });
    }
    let seats = header.seats.clone();
    let mut writer = Writer::new(&header, &world).unwrap();
    let mut game = Game::new(
        world,
        Box::new(move |_, faction| {
            let seat = seats.iter().find(|seat| seat.faction == faction).unwrap();
            strategy::by_name(&seat.player, seat.personality.clone()).unwrap()
        }),
    );
    while game.world().tick() < ticks && game.world().board().result().is_none() {
        game.step();
        writer.tick(game.world(), game.orders()).unwrap();
    }
    writer.finish(game.world()).unwrap();
    Replay::parse(&writer.take()).unwrap()
}

const STANDARD: Size = Size { systems: 30, factions: 5 };

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 8, ..ProptestConfig::default() })]

    /// Without changes a fork repeats the record, digest by digest and order by order, wherever it
    /// starts.
    #[test]
    fn a_fork_with_no_seat_changed_is_the_record(
        seed in 0..=sector_sim::draw::MAX_SEED,
        systems in 6_u32..60,
        factions in 2_u8..6,
        players in prop::collection::vec(prop::sample::select(vec!["classic", "random", "idle"]), 1..6),
        ticks in 1_u64..300,
        part in 0_u64..=1000,
    ) {
        let replay = record(seed, Size { systems, factions }, &players, ticks);
        let last = replay.ticks().len() as u64;
        let mut game = Fork::at(&replay, last * part / 1000).unwrap().play().unwrap();
        while let Some(tick) = replay.tick(game.world().tick() + 1) {
            game.step();
            prop_assert_eq!(game.world().digest(), tick.digest, "tick {}", tick.tick);
            prop_assert_eq!(game.orders(), tick.orders.as_slice());
        }
        prop_assert_eq!(game.world().tick(), last);
    }
}

#[test]
fn a_changed_seat_changes_what_follows_and_nothing_before() {
    let replay = record(7, STANDARD, &["classic"], 200);
    let f2 = faction("F2");
    let mut game = Fork::at(&replay, 80).unwrap().seat(f2, "idle").unwrap().play().unwrap();
    assert_eq!(game.world().digest(), replay.tick(80).unwrap().digest);
    game.play(120);
    assert_eq!(game.world().tick(), 200);
    assert_ne!(game.world().digest(), replay.tick(200).unwrap().digest);
    assert!(game.orders().iter().all(|order| order.faction != f2));
}

#[test]
fn other_draws_are_other_luck_and_the_same_draws_the_same() {
    let replay = record(7, STANDARD, &["classic"], 300);
    let play = |draws| {
        let mut game = Fork::at(&replay, 60).unwrap().draws(draws).play().unwrap();
        game.play(240);
        game.world().digest()
    };
    assert_eq!(play(7), replay.tick(300).unwrap().digest);
    assert_eq!(play(1), play(1));
    assert_ne!(play(1), play(2));
}

#[test]
fn a_player_that_is_no_strategy_has_to_be_replaced() {
    let mut replay = record(7, STANDARD, &["classic"], 50);
    // As a live run with a human player would be recorded.
    let mut header = replay.header().clone();
    header.seats.retain(|seat| seat.faction != faction("F3"));
    header.seats[0].player = "Ann".to_owned();
    let world = header.world().unwrap();
    let mut writer = Writer::new(&header, &world).unwrap();
    let mut playback = replay.play().unwrap();
    while let Some(tick) = playback.next_orders() {
        let orders = tick.orders.clone();
        writer.tick(playback.next_tick().unwrap().unwrap(), &orders).unwrap();
    }
    writer.finish(playback.world()).unwrap();
    replay = Replay::parse(&writer.take()).unwrap();

    let fork = Fork::at(&replay, 20).unwrap();
    let error = fork.play().unwrap_err();
    assert!(
        matches!(error, ForkError::Player { faction, .. } if faction.to_string() == "F1"),
        "{error}"
    );
    let fork = fork.seat(faction("F1"), "random").unwrap();
    assert!(
        matches!(fork.play().unwrap_err(), ForkError::Unseated { faction } if faction.to_string() == "F3")
    );
    let mut game = fork.others("idle").unwrap().play().unwrap();
    game.play(10);
    assert_eq!(game.world().tick(), 30);
}

#[test]
fn impossible_forks_are_refused_by_name() {
    let replay = record(7, STANDARD, &["idle"], 5);
    let fork = || Fork::at(&replay, 3).unwrap();
    let errors = [
        Fork::at(&replay, 6).unwrap_err(),
        fork().seat(faction("F6"), "classic").unwrap_err(),
        fork().seat(faction("S7"), "classic").unwrap_err(),
        fork().seat(faction("F1"), "clasic").unwrap_err(),
        fork().others("nobody").unwrap_err(),
        fork().draws(u64::MAX).play().unwrap_err(),
    ];
    let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert!(errors[0].contains('6') && errors[0].contains('5'), "{}", errors[0]);
    assert_eq!(errors[1], "no seat for F6 in this run: allowed are F1 to F5, L1 and S1 to S6");
    assert!(errors[2].contains("S7"), "{}", errors[2]);
    assert!(
        errors[3].contains("F1") && errors[3].contains("clasic") && errors[3].contains("classic"),
        "{}",
        errors[3]
    );
    assert!(errors[4].contains("nobody"), "{}", errors[4]);
    assert!(errors[5].contains("18446744073709551615"), "{}", errors[5]);
}
