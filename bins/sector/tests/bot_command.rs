//! `sector bot` as its users run it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use sector_sim::strategy::Idle;
use sector_sim::{Event, FactionId, Game, Rules, World};
use serde_json::Value;

#[path = "../src/bot/template/lib.rs.txt"]
#[expect(unreachable_pub, reason = "it is a crate of its own for its users")]
mod template;

/// Longest the test waits for a bot that has been built to be seen moving a fleet.
const FIRST_MOVE: Duration = Duration::from_secs(60);

fn sector(arguments: &[&str], here: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sector"));
    command.args(arguments).current_dir(here);
    command
}

fn output(arguments: &[&str], here: &Path) -> (i32, String, String) {
    let Output { status, stdout, stderr } = sector(arguments, here).output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn clone() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn misbehave(what: &str) -> String {
    let bot = Path::new(env!("CARGO_BIN_EXE_sector")).parent().unwrap().join("examples/misbehave");
    format!("exec:{} {what}", bot.display())
}

#[test]
fn a_new_bot_is_a_whole_crate() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let clone = clone();
    let (code, stdout, stderr) =
        output(&["bot", "new", "my-bot", "--sector", clone.to_str().unwrap()], here);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(stdout.starts_with("my-bot is ready.\n\n  cd my-bot\n"), "{stdout}");
    let read = |file: &str| fs::read_to_string(here.join("my-bot").join(file)).unwrap();
    let manifest = read("Cargo.toml");
    assert!(
        manifest
            .contains(&format!("sector-client = {{ path = \"{}/sector-client\"", clone.display())),
        "{manifest}"
    );
    assert!(
        read("src/main.rs").contains("use my_bot::Mind;")
            && read("tests/plays.rs").contains("use my_bot::Mind;")
    );
    assert!(read("src/lib.rs").contains("\"my-bot\""));
    assert!(
        read(".cargo/config.toml")
            .contains(&format!("target-dir = \"{}/target\"", clone.display()))
    );
    assert_eq!(read("Cargo.lock"), fs::read_to_string(clone.join("Cargo.lock")).unwrap());
    for file in [
        "Cargo.toml",
        "src/main.rs",
        "src/lib.rs",
        "tests/plays.rs",
        "README.md",
        ".cargo/config.toml",
    ] {
        assert!(!read(file).contains("{{"), "{file}");
    }
    // Nothing is left beside it, and it is not written over.
    assert_eq!(fs::read_dir(here).unwrap().count(), 1);
    for (arguments, told) in [
        (
            vec!["bot", "new", "my-bot", "--sector", clone.to_str().unwrap()],
            "my-bot exists already",
        ),
        (vec!["bot", "new", "../up"], "invalid bot name \"../up\""),
        (vec!["bot", "new", "other", "--sector", "/nowhere"], "--sector /nowhere: No such file"),
        (vec!["bot", "new", "other", "--sector", "."], "--sector .: not a clone of Sector"),
        (vec!["bot", "run", "nowhere"], "there is no Cargo.toml in nowhere"),
        (vec!["bot", "check", "exec:./nothing"], "there is no program ./nothing"),
    ] {
        let (code, _, stderr) = output(&arguments, here);
        assert!(code == 1 && stderr.contains(told), "{arguments:?}: {stderr}");
    }
}

#[test]
fn the_strategy_of_a_new_bot_takes_systems_and_gives_good_orders() {
    let world = World::new(Rules::classic().into(), 7).unwrap();
    let me = FactionId::starter(0).unwrap();
    let mut game = Game::new(
        world,
        Box::new(move |_, faction| match faction == me {
            true => Box::new(template::Mind::default()),
            false => Box::new(Idle),
        }),
    );
    for _ in 0..200 {
        game.step();
        let refused = |event: &&Event| matches!(event, Event::OrderRefused { .. });
        assert_eq!(
            game.world().board().events().iter().find(refused),
            None,
            "tick {}",
            game.world().tick()
        );
    }
    assert!(game.world().board().faction(me).unwrap().systems > 1);
}

#[test]
fn a_check_tells_what_is_wrong_and_fails_for_it() {
    let here = tempfile::tempdir().unwrap();
    let check = |what: &str, more: &[&str]| {
        let player = misbehave(what);
        let mut arguments =
            vec!["bot", "check", &player, "--games", "1", "--ticks", "60", "--turn-ms", "60000"];
        arguments.extend(more);
        output(&arguments, here.path())
    };
    let (code, stdout, stderr) = check("well", &["--json"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    let findings: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&findings["turns"], &findings["passed"]), (&120.into(), &true.into()));
    assert!(
        findings["time_us"]["p50"].as_u64().unwrap() > 0
            && findings["orders"].as_u64().unwrap() > 0
    );
    for (what, told) in [
        (
            "panics 5",
            "faults       the bot (F1) crashed in tick 5: it ended with exit code 101: thread 'main'",
        ),
        ("orders-others", "malformed    "),
        ("wavers 20", "differences  seed 1: other orders in tick "),
    ] {
        let (code, stdout, stderr) = check(what, &[]);
        assert_eq!((code, stderr.as_str()), (1, "sector: the bot did not pass\n"), "{stdout}");
        assert!(stdout.contains(told) && stdout.ends_with("not passed\n"), "{stdout}");
    }
}

#[test]
fn a_bot_plays_against_others_and_can_be_watched() {
    let here = tempfile::tempdir().unwrap();
    let player = misbehave("well");
    let arguments = [
        "bot",
        "play",
        &player,
        "--against",
        "idle",
        "--games",
        "2",
        "--systems",
        "8",
        "--ticks",
        "60",
        "--turn-ms",
        "60000",
    ];
    let (code, stdout, stderr) =
        output(&[&arguments[..], &["--film", "--out", "games"]].concat(), here.path());
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(stdout.contains("\nbot   ") && stdout.contains("\nidle  "), "{stdout}");
    // Where there is no terminal, the last tick of the game is shown.
    assert!(stdout.contains("Sector arena-"), "{stdout}");
    assert!(here.path().join("games/games/000001.replay").is_file());
    // So it is where there is no screen to open a browser on.
    if !cfg!(target_os = "macos") {
        let mut command = sector(&[&arguments[..], &["--watch"]].concat(), here.path());
        let output = command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").output().unwrap();
        assert!(
            output.status.success()
                && String::from_utf8(output.stdout).unwrap().contains("Sector arena-")
        );
    }
}

/// A running sector, ended when dropped.
struct Up {
    child: Child,
    api: String,
}

impl Up {
    fn start(mut command: Command) -> Up {
        let mut up =
            Up { child: command.stdout(Stdio::piped()).spawn().unwrap(), api: String::new() };
        for line in BufReader::new(up.child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if let Some(url) =
                line.trim().strip_prefix("API ").and_then(|line| line.split_whitespace().next())
            {
                up.api = url.strip_suffix("/health").unwrap().to_owned();
                return up;
            }
        }
        panic!("the sector ended before it said where to look");
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// In so small a sector a run takes few ticks, and the pause is long: a bot most likely arrives in
/// between.
#[test]
fn a_bot_that_comes_between_two_universes_waits_for_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let ports = ["up", "--api-port", "0", "--frontend-port", "0", "--minter-port", "0"];
    let small =
        ["--systems", "2", "--factions", "2", "--tick-ms", "20", "--universe-pause-ms", "3s"];
    let up = Up::start(sector(&[&ports[..], &small].concat(), here));
    let bot = misbehave("well");
    let mut told_to_wait = false;
    // A bot that arrives during a run joins it, and returns for the next.
    while !told_to_wait {
        let mut running = Up {
            child: sector(&["bot", "run", &bot, "--url", &up.api], here)
                .stderr(Stdio::piped())
                .spawn()
                .unwrap(),
            api: String::new(),
        };
        let lines =
            BufReader::new(running.child.stderr.take().unwrap()).lines().map(|line| line.unwrap());
        let mut lines =
            lines.inspect(|line| told_to_wait |= line.contains("waiting for the next universe"));
        assert!(lines.any(|line| line.contains("playing, stop with Ctrl-C")), "the bot leaves");
    }
}

/// The commands of a document, between its lines `<!-- name -->` and `<!-- /name -->`.
fn commands(document: &str, name: &str) -> Vec<String> {
    let text = fs::read_to_string(clone().join(document)).unwrap();
    let (_, after) = text.split_once(&format!("<!-- {name} -->")).unwrap();
    let (block, _) = after.split_once(&format!("<!-- /{name} -->")).unwrap();
    let lines = block.lines().filter(|line| line.starts_with("cargo "));
    lines.map(|line| line.split('#').next().unwrap().trim().to_owned()).collect()
}

/// The arguments that a documented command gives to `sector`.
fn arguments(command: &str) -> Vec<&str> {
    let given = command.strip_prefix("cargo run --release").unwrap().trim_start();
    given.strip_prefix("-- ").unwrap_or(given).split_whitespace().collect()
}

async fn get(url: &str) -> Value {
    reqwest::get(url).await.unwrap().json().await.unwrap()
}

/// Runs the commands of docs/tutorials/bot.md, with the tested binary and without optimizations.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "builds the new bot, which takes a minute or more; run by cargo xtask test --full"]
async fn the_documented_commands_lead_to_a_fleet_that_moves_in_a_live_sector() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let documented = commands("docs/tutorials/bot.md", "first bot");
    let [up, new, run] = <[String; 3]>::try_from(documented).unwrap();
    let target = Path::new(env!("CARGO_BIN_EXE_sector")).ancestors().nth(2).unwrap();
    let clone = clone();

    let ports = ["up", "--api-port", "0", "--frontend-port", "0", "--minter-port", "0"];
    assert_eq!(arguments(&up), [""; 0]);
    let up = Up::start(sector(&ports, here));
    let (code, _, stderr) =
        output(&[&arguments(&new)[..], &["--sector", clone.to_str().unwrap()]].concat(), here);
    assert_eq!((code, stderr.as_str()), (0, ""));
    // The first build, and its own test.
    let bot = here.join("my-bot");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.args(["test", "--offline"]).current_dir(&bot).env("CARGO_TARGET_DIR", target);
    assert!(cargo.status().unwrap().success());

    // A change, which has to be built, and from there to the first move.
    let started = Instant::now();
    let lib = bot.join("src/lib.rs");
    fs::write(&lib, fs::read_to_string(&lib).unwrap().replace("Change this.", "Changed.")).unwrap();
    let run = [&arguments(&run)[..], &["--dev", "--url", &up.api]].concat();
    let mut running = Up {
        child: sector(&run, here)
            .env("CARGO_TARGET_DIR", target)
            .env("CARGO_NET_OFFLINE", "true")
            .spawn()
            .unwrap(),
        api: String::new(),
    };
    loop {
        assert!(started.elapsed() < FIRST_MOVE && running.child.try_wait().unwrap().is_none());
        let factions = get(&format!("{}/factions", up.api)).await;
        let held = factions["factions"]
            .as_array()
            .unwrap()
            .iter()
            .find(|faction| faction["claimed"] == true);
        if let Some(held) = held {
            let snapshot = get(&format!("{}/snapshot", up.api)).await;
            let mut fleets = snapshot["fleets"].as_array().unwrap().iter();
            if fleets.any(|fleet| fleet["owner"] == held["id"] && !fleet["enroute_to"].is_null()) {
                break;
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!("from a change to a fleet that moves: {:?}", started.elapsed());
}
