//! The program: over a pipe, in a live sector, over a replay, and with missing settings.

use std::process::Command;

use proving::{pipe, promises};
use sector_sim::strategy::Greedy;

use crate::fake::{Behaviour, Fake};

fn program(arguments: &[&str], url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_llm-bot"));
    command
        .args(arguments)
        .env("LLM_URL", url)
        .env("LLM_MODEL", "strategist-1")
        .env("LLM_API_KEY", "sk-1");
    command
}

/// Waits for the answer in each turn, for games that wait for the bot.
fn waiting(arguments: &[&str], url: &str) -> Command {
    let mut command = program(arguments, url);
    command.env("LLM_WAIT_MS", "60000");
    command
}

#[test]
fn it_follows_the_model_over_a_pipe() {
    let fake = Fake::start(vec![Behaviour::Advance]);
    let played = pipe::play(waiting(&["stdio"], &fake.url()), 7, "idle", 60, None);
    assert!(played.orders > 3 && played.refused * 10 <= played.orders, "{played:?}");
    assert!(fake.asked().len() >= 60);
}

/// Logs at the highest level, while the endpoint repeats the key in every way.
#[test]
fn the_key_is_not_logged() {
    const KEY: &str = "sk-hunter2-0123456789";
    let said = |status, text: &str| Behaviour::Status(status, vec![], text.replace("KEY", KEY));
    let order = r#"{"choices":[{"message":{"content":"KEY {\"orders\":[{\"kind\":\"KEY\"}]}"}}]}"#;
    for (behaviours, told) in [
        (
            vec![said(200, order), said(200, "KEY"), said(500, "KEY")],
            "invalid response of the endpoint: not a completion",
        ),
        (vec![said(200, order), said(500, "your KEY broke me")], "does not respond: status 500"),
        (
            vec![said(200, order), said(401, "KEY is wrong")],
            "the endpoint refused the request (401)",
        ),
    ] {
        let fake = Fake::start(behaviours);
        let url = format!("http://user:{KEY}@{}", fake.url().trim_start_matches("http://"));
        let log =
            std::env::temp_dir().join(format!("llm-bot-{}-{}", std::process::id(), told.len()));
        let mut command = program(&["stdio"], &url);
        command.env("LLM_API_KEY", KEY).env("LLM_WAIT_MS", "60000").env("RUST_LOG", "trace");
        command.stderr(std::fs::File::create(&log).unwrap());
        pipe::play(command, 7, "idle", 10, None);
        let logged = std::fs::read_to_string(&log).unwrap();
        std::fs::remove_file(&log).unwrap();
        assert!(logged.contains(told) && logged.contains("TRACE"), "{logged}");
        let lines: Vec<_> = logged.lines().filter(|line| line.contains(KEY)).collect();
        assert!(lines.is_empty(), "{lines:#?}");
    }
}

#[test]
fn a_missing_model_is_an_error() {
    let output =
        program(&["stdio"], "http://127.0.0.1:1/v1").env_remove("LLM_MODEL").output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "llm-bot: LLM_MODEL: is not set; set it to the name of the model\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_plays_a_live_sector() {
    let fake = tokio::task::spawn_blocking(|| Fake::start(vec![Behaviour::Advance])).await.unwrap();
    promises::plays_live(|arguments| program(arguments, &fake.url())).await;
    // A runtime must not be dropped within another.
    tokio::task::spawn_blocking(move || drop(fake)).await.unwrap();
}

/// The game is played to its end, and always advancing beats doing nothing.
#[test]
fn it_beats_idle_over_a_pipe() {
    let fake = Fake::start(vec![Behaviour::Advance]);
    promises::beats_over_a_pipe(&["idle"], 7..8, || waiting(&["stdio"], &fake.url()));
}

#[test]
fn it_prints_its_orders_over_a_replay() {
    let fake = Fake::start(vec![Behaviour::Advance]);
    promises::plays_over_a_replay(
        |arguments| waiting(arguments, &fake.url()),
        Box::new(Greedy::default()),
        false,
    );
}
