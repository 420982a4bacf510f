//! `sector replay fork` as its users run it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn sector(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sector"));
    let Output { status, stdout, stderr } =
        command.current_dir(folder).args(arguments).output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn recorded() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["sim", "--seed", "7", "--ticks", "250", "--record", "run.replay"];
    let (code, _, stderr) = sector(folder.path(), &arguments);
    assert_eq!(code, 0, "{stderr}");
    folder
}

fn fork(folder: &Path, more: &[&str]) -> (i32, String, String) {
    sector(folder, &[&["replay", "fork", "run.replay"], more].concat())
}

fn json(folder: &Path, more: &[&str]) -> Value {
    let (code, line, stderr) = fork(folder, &[more, &["--json"]].concat());
    assert_eq!(code, 0, "{stderr}");
    serde_json::from_str(&line).unwrap()
}

#[test]
fn a_fork_with_nothing_changed_is_the_record() {
    let folder = recorded();
    let answer = json(folder.path(), &["--tick", "90", "--ticks", "160"]);
    assert_eq!(answer["parted_tick"], Value::Null);
    assert_eq!(answer["fork"], answer["recorded"]);
    assert_eq!(answer["fork"]["ticks"], 250);
}

#[test]
fn a_fork_can_be_recorded_verified_and_compared() {
    let folder = recorded();
    let changes = ["--tick", "90", "--seat", "F2=idle", "--ticks", "100"];
    let answer = json(folder.path(), &changes);
    assert!(answer["parted_tick"].as_u64().unwrap() > 90, "{answer}");
    let (code, text, stderr) =
        fork(folder.path(), &[&changes[..], &["--record", "other.replay"]].concat());
    assert_eq!(code, 0, "{stderr}");
    assert!(text.contains("F2=idle") && text.contains("part in tick"), "{text}");
    let (code, text, stderr) = sector(folder.path(), &["replay", "verify", "other.replay"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(text.contains(answer["fork"]["digest"].as_str().unwrap()), "{text}");

    // A fork of the fork reports that the seat changed hands, and asks who plays it.
    let again = ["replay", "fork", "other.replay", "--tick", "150", "--ticks", "10"];
    let (code, _, stderr) = sector(folder.path(), &again);
    assert_eq!(code, 1);
    assert!(stderr.contains("F2") && stderr.contains("then idle"), "{stderr}");
    assert_eq!(sector(folder.path(), &[&again[..], &["--seat", "F2=classic"]].concat()).0, 0);
}

#[test]
fn replicates_do_not_depend_on_jobs() {
    let folder = recorded();
    let play = |jobs: &str| {
        let change =
            ["--tick", "90", "--seat", "F2=random", "--ticks", "60", "--replicates", "5", "--json"];
        let (code, lines, stderr) = fork(folder.path(), &[&change[..], &["--jobs", jobs]].concat());
        assert_eq!(code, 0, "{stderr}");
        lines
    };
    let lines = play("1");
    assert_eq!(lines, play("3"));
    let matches: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(matches.len(), 10);
    for pair in matches.chunks(2) {
        assert_eq!((&pair[0]["arm"], &pair[1]["arm"]), (&"recorded".into(), &"changed".into()));
        assert_eq!(pair[0]["draws"], pair[1]["draws"]);
        assert_ne!(pair[0]["digest"], pair[1]["digest"]);
    }
    assert_ne!(matches[0]["digest"], matches[2]["digest"]);
    let (code, table, _) = fork(folder.path(), &["--tick", "90", "--replicates", "3"]);
    assert_eq!(code, 0);
    assert!(table.contains("nothing changed") && table.contains("95 %"), "{table}");
}

#[test]
fn impossible_forks_are_refused() {
    let folder = recorded();
    for (arguments, code, words) in [
        (&["--tick", "251"][..], 1, "250"),
        (&["--tick", "9", "--seat", "F2=nobody"], 1, "classic"),
        (&["--tick", "9", "--seat", "F9=classic"], 1, "F1 to F5"),
        (&["--tick", "9", "--seat", "F2"], 2, "F2=greedy"),
        (&["--tick", "9", "--seat", "X2=classic"], 2, "F1 to F64"),
        (&["--tick", "9", "--record", "x.replay", "--draws", "5"], 2, "--draws"),
        (&[], 2, "--tick"),
    ] {
        let (found, _, stderr) = fork(folder.path(), arguments);
        assert_eq!(found, code, "{arguments:?}: {stderr}");
        assert!(stderr.contains(words), "{arguments:?}: {stderr}");
    }
    let (code, _, stderr) =
        fork(folder.path(), &["--tick", "9", "--record", "no/such/place.replay"]);
    assert_eq!((code, stderr.contains("no/such/place.replay")), (1, true), "{stderr}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
