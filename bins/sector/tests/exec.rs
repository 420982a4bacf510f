//! Programs that play in the arena, and those that misbehave. Each is a real process.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;

/// Longest a test waits for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// The bot that does one thing wrong; Cargo builds it beside the tests.
fn misbehave() -> PathBuf {
    let sector = Path::new(env!("CARGO_BIN_EXE_sector"));
    let bot = sector.parent().unwrap().join("examples/misbehave");
    assert!(bot.exists(), "{} is built with `cargo test -p sector`", bot.display());
    bot
}

fn player(what: &str) -> String {
    format!("bot=exec:{} {what}", misbehave().display())
}

fn sector(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sector"));
    command.args(arguments);
    command
}

fn done(arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = sector(arguments).output().unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert!(status.success(), "{arguments:?}: {stderr}");
    String::from_utf8(stdout).unwrap()
}

/// A game of the bot against one that sits still, in a small sector. Its first map seats the bot as
/// F2.
fn game(what: &str, more: &[&str]) -> Value {
    let players = format!("{},idle", player(what));
    let mut arguments =
        vec!["arena", "--players", &players, "--ticks", "60", "--games", "1", "--json"];
    if !more.contains(&"--systems") {
        arguments.extend(["--systems", "8"]);
    }
    if !more.contains(&"--turn-ms") {
        // Well-behaved programs are not late, however busy the machine is.
        arguments.extend(["--turn-ms", "60000"]);
    }
    arguments.extend(more);
    serde_json::from_str(&done(&arguments)).unwrap()
}

/// The only fault of the bot in a game.
fn fault(game: &Value) -> &Value {
    let faults = game["faults"].as_array().unwrap();
    assert_eq!(faults.len(), 1, "{game}");
    assert_eq!((&faults[0]["player"], &faults[0]["faction"]), (&"bot".into(), &"F2".into()));
    &faults[0]
}

/// What a fault says: kind, tick, times, whether the bot was out, and the sentence.
fn told(fault: &Value) -> (&str, u64, u64, bool, &str) {
    let number = |field: &str| fault[field].as_u64().unwrap();
    let text = |field: &str| fault[field].as_str().unwrap();
    (
        text("kind"),
        number("tick"),
        number("times"),
        fault["is_out"].as_bool().unwrap(),
        text("what"),
    )
}

#[test]
fn a_program_plays_as_the_same_strategy_does_in_memory() {
    let played = |player: &str| -> Value {
        let players = format!("{player},greedy");
        let arguments = [
            "arena",
            "--players",
            &players,
            "--systems",
            "16",
            "--ticks",
            "300",
            "--games",
            "4",
            "--turn-ms",
            "60000",
            "--json",
        ];
        done(&arguments)
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["digest"].clone())
            .collect()
    };
    let in_memory = played("classic");
    assert_eq!(played(&player("well")), in_memory);
    // How long it takes does not matter, as long as it is within the budget.
    assert_eq!(played(&player("dawdles 290")), in_memory);
}

#[test]
fn a_program_that_ends_is_out_and_says_why() {
    let game = game("exits 7", &[]);
    assert_eq!(told(fault(&game)), ("crashed", 7, 1, true, "it ended with exit code 3"));
    assert_eq!(game["ticks"], 60);
    let game = self::game("panics 5", &[]);
    let (kind, tick, _, is_out, what) = told(fault(&game));
    assert_eq!((kind, tick, is_out), ("crashed", 5, true));
    assert!(what.starts_with("it ended with exit code 101: thread 'main'"), "{what}");
    assert!(what.ends_with(" no system 8 here"), "{what}");
}

#[test]
fn a_program_that_sleeps_is_waited_for_only_so_often() {
    // On a busy machine it may be late before it sleeps.
    let game = game("sleeps 3", &["--turn-ms", "50"]);
    let (kind, tick, times, is_out, what) = told(fault(&game));
    assert_eq!((kind, times, is_out, what), ("timed_out", 11, true, "no answer within 50 ms"));
    assert!((1..=3).contains(&tick), "{game}");
    // One that was late once goes on, and is asked again.
    let game = self::game("naps 3", &["--turn-ms", "500"]);
    let (kind, tick, _, is_out, _) = told(fault(&game));
    assert_eq!((kind, is_out), ("timed_out", false));
    assert!((1..=3).contains(&tick), "{game}");
}

#[test]
fn a_program_that_never_reads_or_never_answers_is_out() {
    // At the same time, because the first answer may take 5 s longer.
    std::thread::scope(|scope| {
        for what in ["deaf", "mute"] {
            scope.spawn(move || {
                // The sector is too large for what a pipe holds, so that a program that reads
                // nothing would block its writer.
                let game = game(what, &["--systems", "400", "--turn-ms", "5"]);
                let (kind, tick, times, is_out, sentence) = told(fault(&game));
                assert_eq!((kind, tick, times, is_out), ("timed_out", 0, 11, true));
                assert_eq!(sentence, "no answer within 5005 ms");
            });
        }
    });
}

#[test]
fn what_is_no_answer_is_passed_over_a_few_times() {
    let with_chat = game("chats", &[]);
    assert_eq!(
        fault(&with_chat)["what"],
        "invalid answer \"thinking about tick 0\": expected ident at line 1 column 2"
    );
    let (kind, _, times, is_out, _) = told(fault(&with_chat));
    assert_eq!((kind, times, is_out), ("rubbish", 2, false));
    // It has cost it nothing: the game is the one that it would have been.
    assert_eq!(with_chat["digest"], game("well", &[])["digest"]);
    for what in ["rubbish", "floods-lines"] {
        let game = game(&format!("{what} 4"), &[]);
        let (kind, tick, times, is_out, _) = told(fault(&game));
        assert_eq!((kind, tick, times, is_out), ("rubbish", 4, 11, true));
    }
}

#[test]
fn a_program_that_floods_is_stopped() {
    let game = game("floods-a-line 4", &[]);
    assert_eq!(told(fault(&game)), ("flooded", 4, 1, true, "a line of more than 1048576 bytes"));
    let game = self::game("floods-orders", &[]);
    let (kind, _, _, is_out, what) = told(fault(&game));
    assert_eq!((kind, is_out), ("flooded", false));
    assert!(
        what.starts_with("more than 1000 orders (got ")
            && what.ends_with("); the rest was dropped"),
        "{what}"
    );
}

#[test]
fn a_program_that_takes_too_much_memory_is_out() {
    let game = game("grows 6", &["--memory-mb", "256"]);
    let (kind, tick, _, is_out, what) = told(fault(&game));
    assert_eq!((kind, tick, is_out), ("memory", 6, true));
    assert_eq!(what, "it ended by signal 6: memory allocation of 8589934592 bytes failed");
}

#[test]
fn orders_for_others_are_refused_one_by_one() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().to_str().unwrap();
    let game = game("orders-others", &["--out", out, "--replays", "all"]);
    assert_eq!((&game["orders"], game.get("faults")), (&0.into(), None));
    let account: Value = serde_json::from_str(
        &fs::read_to_string(directory.path().join("games/000000.F2.json")).unwrap(),
    )
    .unwrap();
    let malformed = account["malformed"].as_object().unwrap();
    let reasons: Vec<&String> = malformed.keys().collect();
    assert_eq!(reasons, ["faction: \"L1\" is not allowed; allowed: F2, or nothing"]);
}

#[test]
fn what_a_program_did_is_kept_beside_the_replay() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().to_str().unwrap();
    game("panics 5", &["--out", out]);
    let games = directory.path().join("games");
    let replay = games.join("000000.replay");
    done(&["replay", "verify", replay.to_str().unwrap()]);
    assert!(
        fs::read_to_string(games.join("000000.F2.stderr")).unwrap().contains("no system 8 here")
    );
    let account: Value =
        serde_json::from_str(&fs::read_to_string(games.join("000000.F2.json")).unwrap()).unwrap();
    assert_eq!((&account["turns"], account["turns_us"].as_array().unwrap().len()), (&6.into(), 5));
    assert!(account["time_us"]["max"].as_u64() >= account["time_us"]["p50"].as_u64());
    assert_eq!(account["faults"][0]["kind"], "crashed");
    // Who did nothing wrong is not kept, unless asked for; of much that was printed the beginning
    // is.
    game("complains", &["--out", directory.path().join("other").to_str().unwrap()]);
    assert!(!directory.path().join("other/games").exists());
    let out = directory.path().join("more");
    game("floods-stderr 59", &["--out", out.to_str().unwrap(), "--replays", "all"]);
    let stderr = fs::read_to_string(out.join("games/000000.F2.stderr")).unwrap();
    assert!(stderr.ends_with("[800000 bytes in all; the rest was dropped]\n"), "{}", stderr.len());
}

#[test]
fn the_table_names_who_is_to_blame() {
    let players = format!("{},idle", player("exits 7"));
    let text = done(&[
        "arena",
        "--players",
        &players,
        "--systems",
        "8",
        "--ticks",
        "30",
        "--games",
        "4",
        "--turn-ms",
        "60000",
    ]);
    let blame = "fault       bot crashed in 4 games; game 0: bot (F2) crashed in tick 7: it ended with exit code 3; stopped";
    assert!(text.contains(blame), "{text}");
}

#[test]
fn an_arena_of_programs_goes_on_where_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().to_str().unwrap();
    let players = format!("{},idle", player("well"));
    let run = |games: &str, more: &[&str]| {
        let mut arguments = vec![
            "arena",
            "--players",
            &players,
            "--systems",
            "8",
            "--ticks",
            "60",
            "--games",
            games,
            "--out",
            out,
        ];
        arguments.extend(more);
        sector(&arguments).output().unwrap()
    };
    assert!(run("2", &[]).status.success() && run("4", &[]).status.success());
    assert_eq!(
        fs::read_to_string(directory.path().join("games.jsonl")).unwrap().lines().count(),
        4
    );
    let other = String::from_utf8(run("4", &["--turn-ms", "9"]).stderr).unwrap();
    assert!(other.contains("limits.turn_ms is 1000, not 9"), "{other}");
}

#[cfg(target_os = "linux")]
#[test]
fn an_arena_plays_on_when_another_build_takes_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let arena = directory.path().join("sector");
    fs::copy(env!("CARGO_BIN_EXE_sector"), &arena).unwrap();
    // The program takes the arena's file away as it begins.
    let bot = format!(
        "bot=exec:sh -c 'rm -f \"$0\" && exec \"$1\" well' {} {}",
        arena.display(),
        misbehave().display()
    );
    let players = format!("{bot},idle");
    let arguments = [
        "arena",
        "--players",
        &players,
        "--systems",
        "8",
        "--ticks",
        "60",
        "--games",
        "2",
        "--jobs",
        "1",
    ];
    let Output { status, stdout, stderr } = Command::new(&arena)
        .args(arguments)
        .args(["--turn-ms", "60000", "--json"])
        .output()
        .unwrap();
    let told = String::from_utf8(stdout).unwrap();
    assert!(status.success() && !arena.exists(), "{}", String::from_utf8_lossy(&stderr));
    assert_eq!(told.lines().count(), 2);
    for game in told.lines() {
        assert!(serde_json::from_str::<Value>(game).unwrap()["faults"].is_null(), "{game}");
    }
}

#[test]
fn bad_players_are_named() {
    for (player, told) in [
        ("exec:./no-such-bot", "there is no program ./no-such-bot"),
        ("exec:", "name a program after exec:"),
        ("a b=exec:sh", "invalid name \"a b\""),
    ] {
        let Output { status, stderr, .. } =
            sector(&["arena", "--players", player]).output().unwrap();
        let stderr = String::from_utf8(stderr).unwrap();
        assert!(status.code() == Some(1) && stderr.contains(told), "{stderr}");
    }
}

/// Whether a process is there, zombies left out.
fn is_running(pid: u32) -> bool {
    let is_there = test_kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()).is_ok();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    is_there && !stat.contains(") Z ")
}

fn children(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let lists =
        tasks.filter_map(|task| fs::read_to_string(task.unwrap().path().join("children")).ok());
    lists
        .flat_map(|list| {
            list.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<u32>>()
        })
        .collect()
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn nobody_is_left_behind() {
    for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
        let players = format!("{},idle", player("sleeps 2"));
        let mut arena =
            sector(&["arena", "--players", &players, "--games", "2", "--turn-ms", "60000"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
        let mut bots = Vec::new();
        until("programs are started", || {
            bots = children(arena.id());
            let names =
                bots.iter().filter_map(|bot| fs::read_to_string(format!("/proc/{bot}/comm")).ok());
            !bots.is_empty() && names.filter(|name| name == "misbehave\n").count() == bots.len()
        });
        kill_process(Pid::from_child(&arena), signal).unwrap();
        let status = arena.wait().unwrap();
        assert_eq!(
            status.code(),
            [Signal::INT, Signal::TERM].contains(&signal).then_some(128 + signal.as_raw())
        );
        until("all programs are gone", || !bots.iter().any(|bot| is_running(*bot)));
    }
}

#[test]
fn what_a_program_started_goes_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().to_str().unwrap();
    let started = Instant::now();
    game("has-a-child 2", &["--out", out, "--replays", "all"]);
    assert!(started.elapsed() < PATIENCE);
    let stderr = fs::read_to_string(directory.path().join("games/000000.F2.stderr")).unwrap();
    let child: u32 = stderr.trim().strip_prefix("child ").unwrap().parse().unwrap();
    until("the child of the program is gone", || !is_running(child));
    // Nor does one that stays when the game is over hold up the next.
    assert_eq!(game("stays", &[]).get("faults"), None);
}

/// The bot of docs/reference/bots-protocol.md, in Python.
#[test]
fn the_bot_of_the_documentation_plays() {
    let document =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/bots-protocol.md");
    let text = fs::read_to_string(document).unwrap();
    let (_, after) = text.split_once("```python\n").unwrap();
    let (source, _) = after.split_once("```").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let bot = directory.path().join("my_bot.py");
    fs::write(&bot, source).unwrap();
    let players = format!("bot=exec:python3 '{}',idle", bot.display());
    let arguments = [
        "arena",
        "--players",
        &players,
        "--systems",
        "12",
        "--ticks",
        "300",
        "--games",
        "2",
        "--turn-ms",
        "60000",
        "--json",
    ];
    for line in done(&arguments).lines() {
        let game: Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            (game.get("faults"), &game["winner_player"], &game["refused"]),
            (None, &"bot".into(), &0.into())
        );
    }
}
