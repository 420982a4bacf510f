//! The bot in Python: over a pipe, in a live sector with a key that its player issued, and with a key that is none.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use proving::live::Sector;
use proving::{memory, pipe};
use serde_json::{Value, json};

const BOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../python-http/bot.py");

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new("python3");
    command.arg(BOT).args(arguments);
    command
}

#[test]
fn over_a_pipe_it_beats_one_who_does_nothing() {
    for seed in 1..3 {
        let played = pipe::play(program(&["--stdio"]), seed, "idle", 2_000, None);
        let winner = played.outcome.and_then(|outcome| outcome.winner);
        assert_eq!(winner, Some(memory::seat(0)), "on map {seed}: {played:?}");
        assert!(played.refused * 50 <= played.orders, "on map {seed}: {played:?}");
    }
}

/// The calls of its README: the operator's link, a claim, a key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_plays_a_live_sector_with_a_key() {
    let sector = Sector::start().await;
    let operator = post(&sector, "/auth/operator", "", json!({ "code": sector.operator_code().await })).await;
    let token = operator["token"].as_str().unwrap();
    post(&sector, "/factions/claim", token, json!({ "faction": "F2" })).await;
    let asked = json!({ "label": "python", "verbs": ["read", "orders"], "expires_in": 604_800 });
    let issued = post(&sector, "/keys", token, asked).await;

    let mut command = program(&[]);
    command.env("SECTOR_URL", sector.url()).env("SECTOR_BOT_KEY", issued["key"].as_str().unwrap());
    sector.play(command, "F2", 5).await;
}

async fn post(sector: &Sector, path: &str, token: &str, body: Value) -> Value {
    let mut request = reqwest::Client::new().post(format!("{}{path}", sector.url())).json(&body);
    if !token.is_empty() {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    answer.json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_key_it_leaves() {
    let sector = Sector::start().await;
    let mut command = program(&[]);
    command.env("SECTOR_URL", sector.url()).env("SECTOR_BOT_KEY", "sector_key_none");
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
}
