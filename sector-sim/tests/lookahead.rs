//! Forks of a sector, and the `lookahead` player that uses them.
//!
//! Duels are played in pairs: the same seed twice, with swapped seats. `PROPTEST_CASES` sets their
//! number.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use sector_sim::rules::Personality;
use sector_sim::strategy::{Classic, Lookahead};
use sector_sim::world::Size;
use sector_sim::{
    Delta, FactionId, Game, Mirror, Rules, Snapshot, Strategy, Turn, Universe, World, strategy,
};

fn five(seed: u64) -> Game {
    let rules = Rules::classic();
    let world = World::new(Arc::new(rules.clone()), seed).unwrap();
    Game::new(
        world,
        Box::new(move |_, faction| {
            strategy::by_name("classic", rules.personality(faction.index())).unwrap()
        }),
    )
}

/// Forked at any time, from the world or from a mirror of it, a sector continues like the original:
/// with the same report and events for every step.
#[test]
fn a_fork_goes_on_like_the_original() {
    let universe = Universe { id: "u-1".into(), tick_delay_ms: 300, rules: "classic".into() };
    let rules = Rules::classic();
    let mut battles = 0;
    for seed in 0..6 {
        let mut game = five(seed);
        let world = game.world();
        let mut mirror =
            Mirror::new(&Snapshot::of(&universe, world.map(), world.board(), world.digest()))
                .unwrap();
        let mut forks: Vec<World> = Vec::new();
        for tick in 0..360u64 {
            if tick % 45 == 0 {
                let me = FactionId::starter((tick % 5) as u8).unwrap_or(FactionId::LEAGUE);
                forks = vec![game.world().view(me).fork(), mirror.view(&rules, me).fork()];
                assert!(Arc::ptr_eq(forks[0].map(), game.world().map()));
                for fork in &forks {
                    assert_eq!(fork.digest(), game.world().digest());
                    assert_eq!(fork.board().events(), game.world().board().events());
                }
            }
            if game.world().board().result().is_some() {
                break;
            }
            game.step();
            for fork in &mut forks {
                assert_eq!(
                    fork.step(game.orders()),
                    game.world().report(),
                    "seed {seed}, tick {tick}"
                );
                assert_eq!(fork.board().events(), game.world().board().events());
            }
            let events = game.world().board().events();
            battles += events
                .iter()
                .filter(|event| matches!(event, sector_sim::Event::Battle { .. }))
                .count();
            mirror.apply(&Delta::of("u-1", game.world())).unwrap();
        }
    }
    assert!(battles > 100, "{battles}");
}

/// Another seed changes only what is drawn.
#[test]
fn other_luck_changes_only_what_is_drawn() {
    let me = FactionId::starter(0).unwrap();
    let mut parted = 0;
    for seed in 0..6 {
        let mut game = five(seed);
        game.play(80);
        let mut fork = game.world().view(me).fork_with_luck(12_345);
        let same =
            |fork: &World, game: &Game| fork.board().systems() == game.world().board().systems();
        assert!(same(&fork, &game));
        for _ in 0..60 {
            game.step();
            fork.step(game.orders());
        }
        parted += usize::from(!same(&fork, &game));
    }
    assert!(parted >= 3, "{parted}");
}

/// Number of duels that the first player wins.
fn wins(
    duels: u64,
    one: impl Fn(Personality) -> Box<dyn Strategy>,
    two: impl Fn(Personality) -> Box<dyn Strategy>,
) -> u64 {
    let rules = Rules::classic();
    let size = Size { systems: 30, factions: 2 };
    let mut wins = 0;
    for duel in 0..duels {
        let mut world = World::with_size(Arc::new(rules.clone()), 9_000 + duel / 2, size).unwrap();
        let mut players = [one(rules.personality(0)), two(rules.personality(1))];
        let mut seats = [FactionId::starter(0).unwrap(), FactionId::starter(1).unwrap()];
        if duel % 2 == 1 {
            seats.reverse();
            players = [one(rules.personality(1)), two(rules.personality(0))];
        }
        while world.board().result().is_none() {
            let turn = Turn { tick: world.tick(), missed: 0 };
            let mut orders = Vec::new();
            for (seat, player) in seats.iter().zip(&mut players) {
                orders.append(&mut player.orders(&world.view(*seat), &turn));
            }
            world.step(&orders);
        }
        wins += u64::from(world.board().result().unwrap().winner == Some(seats[0]));
    }
    wins
}

/// Number of duels: `ordinary`, or a tenth of `PROPTEST_CASES`; always even.
fn duels(ordinary: u64) -> u64 {
    let cases: Option<u64> =
        std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    cases.map_or(ordinary, |cases| (cases / 10).max(ordinary)).next_multiple_of(2)
}

fn lookahead(budget: u32) -> impl Fn(Personality) -> Box<dyn Strategy> {
    move |personality| Box::new(Lookahead::with_budget(personality, budget))
}

#[test]
fn thinking_ahead_beats_classic_in_three_duels_of_five() {
    let duels = duels(12);
    let wins = wins(duels, lookahead(100), |personality| Box::new(Classic::new(personality)));
    assert!(wins * 10 >= duels * 6, "{wins} of {duels}");
}

/// A player with twenty times the budget wins at least as often as it loses.
#[test]
fn more_thought_is_not_worse() {
    let duels = duels(12);
    let wins = wins(duels, lookahead(200), lookahead(10));
    assert!(wins * 2 >= duels, "{wins} of {duels}");
}

/// The player resets its state when the sector changes, including that of simulations.
#[test]
fn a_player_that_begins_anew_plays_like_a_new_one() {
    let rules = Rules::classic();
    let me = FactionId::starter(1).unwrap();
    let mut old = Lookahead::new(rules.personality(1));
    for (seed, systems) in [(1, 30), (2, 30), (3, 45)] {
        let world =
            World::with_size(Arc::new(rules.clone()), seed, Size { systems, factions: 4 }).unwrap();
        let seats = rules.clone();
        let seating = move |_: &World, faction: FactionId| {
            strategy::by_name("classic", seats.personality(faction.index())).unwrap()
        };
        let mut game = Game::new(world, Box::new(seating));
        let mut new = Lookahead::new(rules.personality(1));
        for tick in 0..50 {
            let turn = Turn { tick, missed: 0 };
            let view = game.world().view(me);
            assert_eq!(
                old.orders(&view, &turn),
                new.orders(&view, &turn),
                "seed {seed}, tick {tick}"
            );
            game.step();
        }
    }
}
