//! `sector arena --ladder` as its users run it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// A call on a small ladder: its exit code, and what it prints.
fn ladder(directory: &Path, more: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sector"));
    command
        .args([
            "arena",
            "--ladder",
            directory.to_str().unwrap(),
            "--systems",
            "10",
            "--ticks",
            "200",
        ])
        .args(more);
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn done(directory: &Path, more: &[&str]) -> String {
    let (code, stdout, stderr) = ladder(directory, more);
    assert_eq!((code, stderr.as_str()), (0, ""), "{more:?}");
    stdout
}

fn games(directory: &Path) -> String {
    fs::read_to_string(directory.join("games.jsonl")).unwrap()
}

/// Rating and the ends of its interval, by name.
fn standing(directory: &Path) -> BTreeMap<String, (f64, f64, f64)> {
    let ranks: Value =
        serde_json::from_str(&fs::read_to_string(directory.join("standing.json")).unwrap())
            .unwrap();
    let number = |rank: &Value, field: &str| rank[field].as_f64().unwrap();
    let rank = |rank: &Value| {
        let rating = (number(rank, "rating"), number(rank, "low"), number(rank, "high"));
        (rank["name"].as_str().unwrap().to_owned(), rating)
    };
    ranks.as_array().unwrap().iter().map(rank).collect()
}

#[test]
fn a_ladder_is_climbed_by_newcomers_and_is_the_same_for_any_number_of_jobs() {
    let directory = tempfile::tempdir().unwrap();
    let climb = |jobs: &str| {
        let path = directory.path().join(jobs);
        let text =
            done(&path, &["--players", "classic,random,idle", "--games", "60", "--jobs", jobs]);
        assert!(text.ends_with("games   60\n"), "{text}");
        let before = games(&path);
        // Nobody new: the same go on. A newcomer plays first.
        done(&path, &["--games", "16", "--jobs", jobs]);
        done(&path, &["--players", "greedy", "--games", "16", "--jobs", jobs]);
        let after = games(&path);
        assert!(after.starts_with(&before));
        let newest: Vec<&str> = after.lines().skip(76).collect();
        assert_eq!(newest.len(), 16);
        assert!(newest.iter().filter(|game| game.contains("greedy")).count() >= 14, "{newest:?}");
        (after, fs::read_to_string(path.join("standing.json")).unwrap())
    };
    let alone = climb("1");
    assert_eq!(alone, climb("5"));
    let standing = standing(&directory.path().join("1"));
    assert!(
        standing["classic"].1 > standing["random"].0 && standing["random"].0 > standing["idle"].2,
        "{standing:?}"
    );
    for game in alone
        .0
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .collect::<Vec<_>>()
        .chunks(2)
    {
        // Each meeting is a map with the seats exchanged.
        assert_eq!(
            (&game[0]["seed"], &game[0]["rotation"], &game[1]["rotation"]),
            (&game[1]["seed"], &0.into(), &1.into())
        );
        assert_eq!(
            (&game[0]["players"][0], &game[0]["players"][1]),
            (&game[1]["players"][1], &game[1]["players"][0])
        );
    }
}

#[test]
fn a_ladder_goes_on_where_it_was_killed() {
    let directory = tempfile::tempdir().unwrap();
    let (whole, torn) = (directory.path().join("whole"), directory.path().join("torn"));
    for path in [&whole, &torn] {
        done(path, &["--players", "classic,greedy,idle", "--games", "16"]);
    }
    done(&whole, &["--games", "16"]);
    // A meeting of which one game and a half were written.
    let next: Vec<String> = games(&whole).lines().skip(16).map(str::to_owned).collect();
    let mut file = OpenOptions::new().append(true).open(torn.join("games.jsonl")).unwrap();
    write!(file, "{}\n{}", next[0], &next[1][..40]).unwrap();
    drop(file);
    done(&torn, &["--games", "16"]);
    assert_eq!(games(&torn), games(&whole));
}

#[test]
fn what_does_not_belong_together_is_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ladder");
    let refused = |more: &[&str], told: &str| {
        let (code, stdout, stderr) = ladder(&path, more);
        assert!(code != 0 && stdout.is_empty() && stderr.contains(told), "{more:?}: {stderr}");
    };
    refused(&["--players", "clasic,idle"], "unknown strategy \"clasic\"");
    assert!(!path.exists());
    refused(
        &["--players", "classic"],
        "a ladder has 2 to 64 players (got 1); add some with --players",
    );
    done(&path, &["--players", "mine=exec:sh -c 'exit 3',idle", "--games", "2"]);
    let text = games(&path);
    assert_eq!(text.matches("\"kind\":\"crashed\"").count(), 2, "{text}");
    refused(
        &["--players", "mine=exec:sh"],
        "\"mine\" is on the ladder already, as \"mine=exec:sh -c 'exit 3'\"",
    );
    refused(&["--seed", "9"], "is a ladder with other parameters (seed is 1, not 9)");
    refused(&["--out", "other"], "cannot be used with");
}
