//! Golden replays of each format version: today's engine still reads them, and plays them digest by
//! digest as long as the rules version is the same.
//!
//! `UPDATE_GOLDEN=1 cargo test -p sector-sim --test replay_golden` rewrites the digests and records
//! missing replays of the current version. Recorded replays are never replaced.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use sector_sim::game::Fork;
use sector_sim::replay::{Header, Replay, Seat, Writer, verify};
use sector_sim::rules::RULES_VERSION;
use sector_sim::world::Size;
use sector_sim::{FactionId, Game, Rules, World, strategy};

fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "data", "replays", name].iter().collect()
}

fn update() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

/// All recorded digests, one line per tick.
fn digests(replay: &Replay) -> String {
    let mut text = format!("0 {}\n", replay.header().digest);
    for tick in replay.ticks() {
        writeln!(text, "{} {}", tick.tick, tick.digest).unwrap();
    }
    text
}

/// Reads a replay, compares its digests with the golden file and plays it if the rules version is
/// the same.
fn check(name: &str, version: u32, ticks: usize, orders: u64) -> Replay {
    let bytes = fs::read(path(name)).unwrap();
    let replay = Replay::parse(&bytes).unwrap();
    assert_eq!((replay.header().version, replay.truncated_at()), (version, None));
    assert_eq!((replay.ticks().len(), replay.orders()), (ticks, orders));
    let on_file = path(name).with_extension("digests");
    if update() {
        fs::write(&on_file, digests(&replay)).unwrap();
    }
    assert_eq!(fs::read_to_string(on_file).unwrap(), digests(&replay), "{name}");
    let verified = verify(&bytes);
    if replay.header().rules_version == RULES_VERSION {
        let verified = verified.unwrap();
        assert_eq!(
            (verified.ticks, verified.orders, verified.chain),
            (ticks as u64, orders, replay.chain())
        );
        assert!(verified.complete);
    } else {
        let error = verified.unwrap_err().to_string();
        let told = format!("recorded under rules version {}", replay.header().rules_version);
        assert!(error.contains(&told), "{error}");
    }
    replay
}

/// Records a run of these players, unless the file exists.
fn record(name: &str, seed: u64, size: Size, players: &'static [&'static str], ticks: u64) {
    if !update() || path(name).exists() {
        return;
    }
    let rules = Rules::classic();
    let world = World::with_size(rules.clone().into(), seed, size).unwrap();
    let mut header = Header {
        started_ms: Some(1_795_345_045_000),
        ..Header::of(&format!("sim-{seed}"), &world)
    };
    let player = |faction: FactionId| players[faction.index() % players.len()];
    let seats = Fork::seats_of(&header).unwrap().into_iter();
    let seat = |faction: FactionId| Seat {
        faction,
        player: player(faction).to_owned(),
        personality: rules.personality(faction.index()),
    };
    header.seats = seats.map(seat).collect();
    let mut writer = Writer::new(&header, &world).unwrap();
    let personalities = rules.clone();
    let mut game = Game::new(
        world,
        Box::new(move |_, faction| {
            strategy::by_name(player(faction), personalities.personality(faction.index())).unwrap()
        }),
    );
    while game.world().tick() < ticks && game.world().board().result().is_none() {
        game.step();
        writer.tick(game.world(), game.orders()).unwrap();
    }
    writer.finish(game.world()).unwrap();
    fs::write(path(name), writer.take()).unwrap();
}

#[test]
fn version_1_is_read() {
    let small = check("v1-small.jsonl", 1, 80, 86);
    assert_eq!((small.header().seed, small.header().rules_version), (11, 1));
    assert!(small.keyframes().is_empty() && small.footer().is_none() && small.chain().is_none());
    let standard = check("v1-standard.jsonl", 1, 300, 247);
    assert_eq!((standard.header().seed, standard.header().systems), (7, 30));
}

#[test]
fn version_2_is_read_and_played() {
    record("v2-small.replay", 11, Size { systems: 12, factions: 3 }, &["classic", "random"], 120);
    record("v2-standard.replay", 7, Size::standard(&Rules::classic()), &["classic"], 2_000);
    let small = check("v2-small.replay", 2, 120, 55);
    assert_eq!(small.header().seat(FactionId::LEAGUE).unwrap().player, "classic");
    assert_eq!(
        small.keyframes().iter().map(|keyframe| keyframe.tick).collect::<Vec<_>>(),
        [0, 100]
    );
    let standard = check("v2-standard.replay", 2, 1_151, 679);
    assert!(standard.footer().unwrap().result.is_some());
}
