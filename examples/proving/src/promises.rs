//! Checks for every example: it plays, and plays the same everywhere.

use std::ops::Range;
use std::process::Command;

use sector_sim::replay::{Header, Writer};
use sector_sim::{Game, Strategy, strategy};
use serde_json::Value;

use crate::live::Sector;
use crate::memory::{self, SMALL, seat, world};
use crate::pipe;

/// One of this many orders may be refused by a tick, because the view of a bot is a tick old.
const REFUSED_AT_MOST: u64 = 50;
/// Number of ticks of a recorded run.
const RECORDED_TICKS: u64 = 60;

/// In memory, the bot wins both duels on each map against each opponent.
///
/// # Panics
/// If it does not, or if too many of its orders are refused.
pub fn beats(opponents: &[&'static str], seeds: Range<u64>, bot: impl Fn() -> Box<dyn Strategy>) {
    for opponent in opponents {
        let duels = memory::duels(seeds.clone(), opponent, |_| bot());
        assert_eq!(
            u64::from(duels.won),
            2 * (seeds.end - seeds.start),
            "against {opponent}: {duels}"
        );
        assert!(duels.refused * REFUSED_AT_MOST <= duels.orders, "against {opponent}: {duels}");
    }
}

/// In another process, the bot wins a duel on each map against each opponent.
///
/// # Panics
/// If it does not, if too many of its orders are refused, and as [`pipe::play`].
pub fn beats_over_a_pipe(
    opponents: &[&'static str],
    seeds: Range<u64>,
    program: impl Fn() -> Command,
) {
    for opponent in opponents {
        let (mut orders, mut refused) = (0, 0);
        for seed in seeds.clone() {
            let played = pipe::play(program(), seed, opponent, 2_000, None);
            let winner = played.outcome.and_then(|outcome| outcome.winner);
            assert_eq!(winner, Some(seat(0)), "against {opponent} on map {seed}: {played:?}");
            orders += played.orders;
            refused += played.refused;
        }
        assert!(
            refused * REFUSED_AT_MOST <= orders,
            "against {opponent}: {refused} of {orders} orders refused"
        );
    }
}

/// In another process, the bot gives the same orders as its twin in memory, for `ticks` ticks.
///
/// # Panics
/// If it does not, or gives no orders, and as [`pipe::play`].
pub fn plays_alike_over_a_pipe(program: Command, ticks: u64, twin: &mut dyn Strategy) {
    let played = pipe::play(program, 7, "classic", ticks, Some(twin));
    assert!(played.orders > 0, "{played:?}");
}

/// The program joins a running sector, its orders are applied, and it stops on an interrupt.
///
/// # Panics
/// If it does not.
pub async fn plays_live(program: impl Fn(&[&str]) -> Command) {
    let sector = Sector::start().await;
    let said = sector.play(program(&["live", &sector.url(), "--faction", "F2"]), "F2", 3).await;
    assert!(said.contains("orders accepted"), "{said}");
}

/// The program prints its orders for every tick of a recorded run; the same as those of the run, if
/// that was played by the same strategy.
///
/// # Panics
/// If it does not, or gives no orders.
pub fn plays_over_a_replay(
    program: impl Fn(&[&str]) -> Command,
    player: Box<dyn Strategy>,
    is_the_same: bool,
) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("war.replay");
    std::fs::write(&path, record(player)).unwrap();
    let output =
        program(&["replay", path.to_str().unwrap(), "--faction", "F1", "--json"]).output().unwrap();
    let (said, told) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{told}");
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ticks: Vec<u64> = lines.iter().map(|line| line["tick"].as_u64().unwrap()).collect();
    assert_eq!(ticks, (0..RECORDED_TICKS).collect::<Vec<_>>(), "{told}");
    assert!(lines.iter().any(|line| line["would"] != Value::Array(Vec::new())), "{told}");
    if is_the_same {
        let other = lines.iter().find(|line| line["would"] != line["was"]);
        assert!(other.is_none(), "other orders: {other:?}");
    }
}

/// A run in which `player` has the first seat, and `classic` the others.
fn record(player: Box<dyn Strategy>) -> Vec<u8> {
    let world = world(7, SMALL);
    let mut writer = Writer::new(&Header::of("proving", &world), &world).unwrap();
    let traits = world.rules().clone();
    let mut game = Game::new(
        world,
        Box::new(move |_, faction| {
            strategy::by_name("classic", traits.personality(faction.index())).unwrap()
        }),
    );
    game.seat(seat(0), player);
    for _ in 0..RECORDED_TICKS {
        game.step();
        writer.tick(game.world(), game.orders()).unwrap();
    }
    writer.finish(game.world()).unwrap();
    writer.take()
}
