//! The bot in memory, over a pipe, and in a live sector.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

use proving::live::Sector;
use proving::{memory, pipe};
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
fn both_sets_of_rules_beat_those_who_do_not_think() {
    for path in [SETTLER, FORTRESS] {
        for opponent in ["idle", "random"] {
            let duels = memory::duels(1..3, opponent, |_| Box::new(Scripted::new(rules(path))));
            assert_eq!(duels.won, 4, "{path} against {opponent}: {duels}");
            assert!(duels.refused * 50 <= duels.orders, "{path} against {opponent}: {duels}");
        }
    }
}

#[test]
fn over_the_pipe_it_plays_by_the_file_that_is_named() {
    let mut twin = Scripted::new(rules(FORTRESS));
    let mut named = program(&["stdio"]);
    named.env("SCRIPTED_RULES", FORTRESS);
    let played = pipe::play(named, 7, "classic", 120, Some(&mut twin));
    assert!(played.orders > 0, "{played:?}");
    // Without a file it is the settler.
    let played = pipe::play(program(&["stdio"]), 7, "classic", 60, Some(&mut Scripted::new(rules(SETTLER))));
    assert!(played.orders > 0, "{played:?}");
}

#[test]
fn a_bad_file_is_refused_before_anything_is_played() {
    let bad = std::env::temp_dir().join(format!("scripted-bot-{}.toml", std::process::id()));
    std::fs::write(&bad, "[[fleet]]\nthen = \"hold\"\nwen = {}\n").unwrap();
    let output = program(&["stdio"]).env("SCRIPTED_RULES", &bad).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    std::fs::remove_file(&bad).unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    assert!(said.contains(&format!("{}:3: unknown field `wen`", bad.display())), "{said}");
    let output = program(&["stdio"]).env("SCRIPTED_RULES", "/nowhere/rules.toml").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("/nowhere/rules.toml cannot be read: No such file"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_plays_a_live_sector() {
    let sector = Sector::start().await;
    let said = sector.play(program(&["live", &sector.url(), "--faction", "F2"]), "F2", 3).await;
    assert!(said.contains("orders accepted"), "{said}");
}
