//! The bot in memory, over a pipe, in a live sector, and over a replay.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

use proving::promises;
use scripted_bot::{Rulebook, Scripted};

const FORTRESS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/fortress.toml");
const SETTLER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/settler.toml");

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scripted-bot"));
    command.args(arguments).env_remove("SCRIPTED_RULES");
    command
}

fn rules(path: &str) -> Rulebook {
    Rulebook::read(Path::new(path)).unwrap()
}

#[test]
fn both_samples_beat_idle_and_random() {
    for path in [SETTLER, FORTRESS] {
        promises::beats(&["idle", "random"], 1..3, || Box::new(Scripted::new(rules(path))));
    }
}

#[test]
fn it_plays_by_the_given_file_over_a_pipe() {
    let mut named = program(&["stdio"]);
    named.env("SCRIPTED_RULES", FORTRESS);
    promises::plays_alike_over_a_pipe(named, 120, &mut Scripted::new(rules(FORTRESS)));
    // The default is the settler.
    promises::plays_alike_over_a_pipe(program(&["stdio"]), 60, &mut Scripted::new(rules(SETTLER)));
}

#[test]
fn an_invalid_file_is_an_error_before_the_game() {
    let bad = std::env::temp_dir().join(format!("scripted-bot-{}.toml", std::process::id()));
    std::fs::write(&bad, "[[fleet]]\nthen = \"hold\"\nwen = {}\n").unwrap();
    let output = program(&["stdio"]).env("SCRIPTED_RULES", &bad).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    std::fs::remove_file(&bad).unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    assert!(said.contains(&format!("{}:3: unknown field `wen`", bad.display())), "{said}");
    let output = program(&["stdio"]).env("SCRIPTED_RULES", "/nowhere/rules.toml").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("cannot read /nowhere/rules.toml: No such file"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_plays_a_live_sector() {
    promises::plays_live(program).await;
}

#[test]
fn it_gives_the_same_orders_over_its_own_replay() {
    promises::plays_over_a_replay(program, Box::new(Scripted::new(rules(SETTLER))), true);
}
