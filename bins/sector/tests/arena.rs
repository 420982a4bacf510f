//! `sector arena` as its users run it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn arena(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sector"));
    command.arg("arena").args(arguments);
    command
}

fn output(arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = arena(arguments).output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn done(arguments: &[&str]) -> String {
    let (code, stdout, stderr) = output(arguments);
    assert_eq!((code, stderr.as_str()), (0, ""), "{arguments:?}");
    stdout
}

fn games(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn names(directory: &Path) -> BTreeSet<String> {
    fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// A small arena that takes a moment.
const SMALL: [&str; 6] = ["--players", "classic,random,idle", "--systems", "12", "--ticks", "300"];

fn small(more: &[&str]) -> Vec<&'static str> {
    // Leaked, a few words a test, so that arguments can be put together freely.
    SMALL
        .into_iter()
        .chain(more.iter().map(|word| -> &'static str { word.to_string().leak() }))
        .collect()
}

#[test]
fn results_are_the_same_for_any_number_of_jobs() {
    let directory = tempfile::tempdir().unwrap();
    let run = |jobs: &str| {
        let out = directory.path().join(jobs);
        let lines = done(&small(&[
            "--games",
            "20",
            "--json",
            "--jobs",
            jobs,
            "--out",
            out.to_str().unwrap(),
        ]));
        assert_eq!(fs::read_to_string(out.join("games.jsonl")).unwrap(), lines);
        let written = ["arena.json", "summary.json", "report.html"]
            .map(|name| fs::read(out.join(name)).unwrap());
        (lines, written)
    };
    let alone = run("1");
    assert!(alone == run("2") && alone == run("7"));
}

#[test]
fn every_player_sits_in_every_seat_of_every_map() {
    let games = games(&done(&small(&["--games", "12", "--seed", "40", "--json"])));
    assert_eq!(games.len(), 12);
    for (map, rotations) in games.chunks(3).enumerate() {
        assert!(rotations.iter().all(|game| game["seed"] == 40 + map));
        for seat in 0..3 {
            let here: BTreeSet<_> =
                rotations.iter().map(|game| game["players"][seat].as_str().unwrap()).collect();
            assert_eq!(here, BTreeSet::from(["classic", "random", "idle"]));
        }
    }
    // Copies of one player need no turns: each game has a map of its own.
    let copies =
        done(&["--players", "random", "--seats", "3", "--systems", "9", "--games", "4", "--json"]);
    let seeds: Vec<u64> =
        self::games(&copies).iter().map(|game| game["seed"].as_u64().unwrap()).collect();
    assert_eq!(seeds, [1, 2, 3, 4]);
}

#[test]
fn a_line_says_what_became_of_a_game() {
    let games = games(&done(&small(&["--games", "6", "--json"])));
    for (index, game) in games.iter().enumerate() {
        assert_eq!(game["game"], index);
        let players = game["players"].as_array().unwrap();
        let winner = game["winner"].as_str().unwrap();
        let seat = winner.strip_prefix('F').map(|number| number.parse::<usize>().unwrap() - 1);
        assert_eq!(game["winner_player"], seat.map_or(Value::Null, |seat| players[seat].clone()));
        assert!(seat.is_none_or(|seat| game["places"][seat] == 1), "{game}");
        let ticks = game["ticks"].as_u64().unwrap();
        assert!((1..=300).contains(&ticks));
        assert_eq!(game["cause"] == "tick_limit", ticks == 300, "{game}");
        let digest = game["digest"].as_str().unwrap();
        assert!(digest.len() == 16 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let samples = ticks.div_ceil(game["value_every"].as_u64().unwrap()) + 1;
        for seat in game["value_per_mille"].as_array().unwrap() {
            assert_eq!(seat.as_array().unwrap().len() as u64, samples, "{game}");
        }
    }
}

#[test]
fn a_game_is_the_one_that_sim_plays() {
    let game = &games(&done(&["--players", "classic", "--games", "1", "--seed", "5", "--json"]))[0];
    let sim = Command::new(env!("CARGO_BIN_EXE_sector"))
        .args(["sim", "--seed", "5", "--json"])
        .output()
        .unwrap();
    let sim: Value = serde_json::from_slice(&sim.stdout).unwrap();
    for field in ["seed", "winner", "cause", "ticks", "digest"] {
        assert_eq!(game[field], sim[field], "{field}");
    }
}

#[test]
fn an_arena_goes_on_where_it_was_killed() {
    let directory = tempfile::tempdir().unwrap();
    let whole = done(&small(&["--games", "400", "--json"]));
    let out = directory.path().join("cut");
    let with_out =
        |games: &str| small(&["--games", games, "--json", "--out", out.to_str().unwrap()]);

    let mut child = arena(&with_out("400")).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..5 {
        lines.next().unwrap().unwrap();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let path = out.join("games.jsonl");
    let kept = fs::read(&path).unwrap();
    assert!(kept.len() < whole.len() && whole.as_bytes().starts_with(&kept));
    assert!(!out.join("summary.json").exists());

    // What a kill in the middle of a line leaves.
    fs::write(&path, &whole.as_bytes()[..whole.len() / 2]).unwrap();
    assert_eq!(done(&with_out("400")), whole);
    assert_eq!(fs::read_to_string(&path).unwrap(), whole);
    let summary = fs::read(out.join("summary.json")).unwrap();

    // Again: nothing is left to do. With more games it goes on; with fewer it refuses.
    assert_eq!(done(&with_out("400")), whole);
    assert_eq!(fs::read(out.join("summary.json")).unwrap(), summary);
    assert!(done(&with_out("410")).starts_with(&whole));
    let (code, _, stderr) = output(&with_out("400"));
    assert!(code == 1 && stderr.contains("has 410 games already"), "{stderr}");
    assert_eq!(
        names(&out),
        ["arena.json", "games.jsonl", "report.html", "summary.json"].map(str::to_owned).into()
    );
}

#[test]
fn a_directory_of_another_arena_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().to_str().unwrap();
    let lines = done(&small(&["--games", "4", "--json", "--out", out]));
    let refused = |more: &[&str], told: &str| {
        let (code, stdout, stderr) =
            output(&small(&[&["--games", "4", "--out", out], more].concat()));
        assert!(code == 1 && stdout.is_empty() && stderr.contains(told), "{stderr}");
        assert_eq!(fs::read_to_string(directory.path().join("games.jsonl")).unwrap(), lines);
    };
    refused(&["--seed", "2"], "seed is 1, not 2");
    refused(&["--personalities", "equal"], "personalities is \"seats\", not");
    let path = directory.path().join("games.jsonl");
    let broken = lines.replacen("\"seed\":1", "\"seed\":9", 1);
    fs::write(&path, broken).unwrap();
    let (code, _, stderr) = output(&small(&["--games", "4", "--out", out]));
    assert!(code == 1 && stderr.contains("line 1: is not game 0 of this arena"), "{stderr}");
    // A game that this program would have played otherwise.
    fs::write(&path, lines.lines().next().unwrap().replacen("\"ticks\":", "\"ticks\":1", 1) + "\n")
        .unwrap();
    let (code, _, stderr) = output(&small(&["--games", "4", "--out", out]));
    assert!(code == 1 && stderr.contains("plays the game differently"), "{stderr}");
    fs::write(&path, "{}\n").unwrap();
    let (code, _, stderr) = output(&small(&["--games", "4", "--out", out]));
    assert!(code == 1 && stderr.contains("games.jsonl, line 1: missing field"), "{stderr}");
}

#[test]
fn impossible_parameters_are_refused_before_anything_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("out");
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let out = out.to_str().unwrap();
    let inside = file.join("out");
    let many = vec!["idle"; 65].join(",");
    for (arguments, status, told) in [
        (&["--games", "0"][..], 2, "from 1 to 1000000"),
        (&["--games", "x"], 2, "from 1 to 1000000"),
        (&["--seats", "1"], 2, "from 2 to 64"),
        (&["--seats", "65"], 2, "from 2 to 64"),
        (&["--jobs", "0"], 2, "from 1 to 1024"),
        (&["--seed", "9007199254740992"], 2, "from 0 to 9007199254740991"),
        (&["--seed", "9007199254740991", "--games", "2"], 1, "the seed of the last map"),
        (
            &["--systems", "2", "--seats", "64"],
            1,
            "64 factions need at least as many systems (got 2)",
        ),
        (&["--players", "clasic"], 1, "unknown strategy \"clasic\""),
        (&["--players", "classic,"], 1, "unknown strategy \"\""),
        (&["--players", "classic@1/2/3"], 1, "four traits"),
        (&["--players", &many], 1, "at most 64 seats (got 65 players)"),
        (
            &["--players", "classic,idle", "--seats", "3"],
            1,
            "3 seats need at least 3 players (got 2)",
        ),
        (&["--rules", "/nowhere.toml"], 1, "/nowhere.toml cannot be read"),
        (&["--rules", file.to_str().unwrap()], 1, "invalid rules"),
        (&["--balance", "--players", "idle"], 2, "cannot be used with"),
        (&["--write", "x"], 2, "--balance"),
    ] {
        let with_out = if status == 1 && !arguments.contains(&"--balance") {
            &["--out", out][..]
        } else {
            &[]
        };
        let (code, stdout, stderr) = output(&[arguments, with_out].concat());
        assert!(
            code == status && stdout.is_empty() && stderr.contains(told),
            "{arguments:?}: {code} {stderr}"
        );
    }
    let (code, _, stderr) = output(&["--out", inside.to_str().unwrap()]);
    assert!(code == 1 && stderr.contains("cannot be written"), "{stderr}");
    assert_eq!(names(directory.path()), BTreeSet::from(["file".to_owned()]));
}

#[test]
fn who_stops_reading_stops_the_arena() {
    let mut child =
        arena(&small(&["--games", "1000000", "--json"])).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 100];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn better_players_are_rated_above_and_the_report_needs_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().to_str().unwrap();
    let text = done(&["--players", "idle,random,classic", "--games", "60", "--out", out]);
    let summary: Value =
        serde_json::from_slice(&fs::read(directory.path().join("summary.json")).unwrap()).unwrap();
    let players = summary["players"].as_array().unwrap();
    let order: Vec<&str> = players.iter().map(|player| player["name"].as_str().unwrap()).collect();
    assert_eq!(order, ["classic", "random", "idle"], "{text}");
    let number = |player: usize, field: &str| players[player]["rating"][field].as_f64().unwrap();
    assert!(number(0, "low") > number(1, "high") && number(1, "low") > number(2, "high"), "{text}");
    let wins: u64 = players.iter().map(|player| player["wins"]["count"].as_u64().unwrap()).sum();
    assert_eq!(wins + summary["others"]["count"].as_u64().unwrap(), 60);

    let html = fs::read_to_string(directory.path().join("report.html")).unwrap();
    for outside in ["http://", "https://", "<script", "<link", "@import", "url("] {
        assert!(!html.contains(outside), "{outside}");
    }
    assert!(html.matches("<svg").count() == 4 && html.matches("</svg>").count() == 4);
    assert!(!html.contains("NaN") && !html.contains("inf\""));
}

#[test]
fn more_players_than_seats_take_turns() {
    let games = games(&done(&[
        "--players",
        "classic,random,idle",
        "--seats",
        "2",
        "--games",
        "24",
        "--json",
    ]));
    let pairs: BTreeSet<BTreeSet<String>> = games
        .iter()
        .map(|game| {
            game["players"]
                .as_array()
                .unwrap()
                .iter()
                .map(|name| name.as_str().unwrap().to_owned())
                .collect()
        })
        .collect();
    assert_eq!(pairs.len(), 3);
    for name in ["classic", "random", "idle"] {
        let played = games
            .iter()
            .filter(|game| game["players"].as_array().unwrap().contains(&name.into()))
            .count();
        assert_eq!(played, 16);
    }
}

#[test]
fn the_balance_of_the_rules_is_measured_and_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rules.md");
    let document = path.to_str().unwrap();
    fs::write(&path, "before\n<!-- balance -->\nold\n<!-- /balance -->\nafter\n").unwrap();
    let text = done(&["--balance", "--games", "20", "--write", document]);
    assert!(text.contains("20 games on the maps of the seeds 1 to 20"), "{text}");
    let written = fs::read_to_string(&path).unwrap();
    assert!(
        written.starts_with("before\n<!-- balance -->\n20 games on") && !written.contains("old"),
        "{written}"
    );
    assert!(written.ends_with("\n<!-- /balance -->\nafter\n"), "{written}");
    assert_eq!(written.lines().filter(|line| line.starts_with('|')).count(), 11);
    // The same again writes the same, and a document without a place for it is left alone.
    done(&["--balance", "--games", "20", "--jobs", "3", "--write", document]);
    assert_eq!(fs::read_to_string(&path).unwrap(), written);
    fs::write(&path, "no place\n").unwrap();
    let (code, stdout, stderr) = output(&["--balance", "--games", "20", "--write", document]);
    assert!(
        code == 1 && stdout.is_empty() && stderr.contains("needs lines <!-- balance -->"),
        "{stderr}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "no place\n");
}
