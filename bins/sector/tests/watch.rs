//! `sector replay watch` as a browser meets it: a page, a WebSocket with the recorded run, and no
//! API.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

/// Longest that any wait may take.
const PATIENCE: Duration = Duration::from_secs(30);

fn sector(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sector"));
    command.current_dir(folder).args(arguments);
    command
}

fn output(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = sector(folder, arguments).output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn recorded(arguments: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let arguments =
        [&["sim", "--systems", "12", "--factions", "2", "--record", "run.replay"], arguments]
            .concat();
    let (code, _, stderr) = output(folder.path(), &arguments);
    assert_eq!(code, 0, "{stderr}");
    folder
}

/// What the replay says of its last tick, as this build plays it.
fn state(folder: &Path, tick: u64) -> Value {
    let (code, state, stderr) =
        output(folder, &["replay", "state", "run.replay", "--tick", &tick.to_string()]);
    assert_eq!(code, 0, "{stderr}");
    serde_json::from_str(&state).unwrap()
}

/// A run that is shown, ended when dropped.
struct Show {
    child: Child,
    address: String,
    rest: BufReader<std::process::ChildStdout>,
}

impl Show {
    fn start(folder: &Path, more: &[&str]) -> Show {
        let arguments = [&["replay", "watch", "run.replay", "--tick-ms", "10"], more].concat();
        Show::of(sector(folder, &arguments))
    }

    fn of(mut command: Command) -> Show {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut rest = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while rest.read_line(&mut line).unwrap() > 0 {
            if let Some(url) = line.trim().strip_prefix("Watch   http://localhost") {
                let address = format!("127.0.0.1{url}");
                return Show { child, address, rest };
            }
            line.clear();
        }
        panic!("it ended before it said where to look: {}", child.wait().unwrap());
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let response = reqwest::get(format!("http://{}{path}", self.address)).await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// Asks for the run to be shown otherwise; the answer is how it is shown.
    async fn steer(&self, wish: &Value) -> Value {
        let url = format!("http://{}/recording", self.address);
        let answer = reqwest::Client::new().post(url).json(wish).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        answer.json().await.unwrap()
    }

    /// What the WebSocket says until this entry, inclusive.
    async fn entries(&self, is_last: impl Fn(&Value) -> bool) -> Vec<Value> {
        let (mut socket, _) =
            tokio_tungstenite::connect_async(format!("ws://{}/ws", self.address)).await.unwrap();
        let mut entries = Vec::new();
        let all = async {
            while let Some(message) = socket.next().await {
                if let Message::Text(text) = message.unwrap() {
                    entries.push(serde_json::from_str(&text).unwrap());
                    if is_last(entries.last().unwrap()) {
                        return;
                    }
                }
            }
            panic!("the stream ended");
        };
        tokio::time::timeout(PATIENCE, all).await.unwrap();
        entries
    }
}

impl Drop for Show {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn the_whole_run_is_shown_to_its_last_digest_and_nobody_can_play() {
    let folder = recorded(&["--seed", "3", "--ticks", "2000"]);
    let (_, info, _) = output(folder.path(), &["replay", "info", "run.replay", "--json"]);
    let info: Value = serde_json::from_str(&info).unwrap();
    let last = info["ticks"].as_u64().unwrap();
    let show = Show::start(folder.path(), &["--once", "--no-open"]);
    let (status, page) = show.get("/").await;
    assert!(status == 200 && page.contains("<title>"), "{status} {page}");
    for path in ["/api/factions", "/api/me", "/api/orders"] {
        let (status, problem) = show.get(path).await;
        let problem: Value = serde_json::from_str(&problem).unwrap();
        assert_eq!((status, &problem["code"]), (403, &json!("recorded_run")), "{path}");
    }
    // However long it takes until somebody looks, the run begins then.
    let entries = show.entries(|entry| entry["type"] == "run_end").await;
    let expected = state(folder.path(), last);
    assert_eq!((&entries[0]["type"], &entries[0]["data"]["tick"]), (&json!("snapshot"), &json!(0)));
    assert_eq!(entries[0]["data"]["tick_delay_ms"], 10);
    let deltas: Vec<&Value> = entries.iter().filter(|entry| entry["type"] == "delta").collect();
    assert_eq!(deltas.len() as u64, last);
    assert_eq!(deltas.last().unwrap()["data"]["digest"], expected["digest"]);
    let end = &entries.last().unwrap()["data"];
    assert_eq!((&end["winner"], &end["tick"]), (&expected["result"]["winner"], &json!(last)));
    assert_eq!(end["next_universe_in_ms"], Value::Null);
    // The one who looked has left.
    let mut show = show;
    let ended = tokio::task::spawn_blocking(move || {
        let mut said = String::new();
        show.rest.read_to_string(&mut said).unwrap();
        (show.child.wait().unwrap().code(), said)
    });
    let (code, said) = tokio::time::timeout(PATIENCE, ended).await.unwrap().unwrap();
    assert_eq!(code, Some(0));
    assert!(said.contains(&format!("The run is at its last tick, {last}: ")), "{said}");
}

#[tokio::test]
async fn it_begins_where_it_is_told_to_and_stays_at_the_end() {
    let folder = recorded(&["--seed", "3", "--ticks", "60"]);
    let show = Show::start(folder.path(), &["--from", "50", "--no-open"]);
    let entries = show.entries(|entry| entry["data"]["tick"] == 60).await;
    assert_eq!(
        (&entries[0]["type"], &entries[0]["data"]["tick"]),
        (&json!("snapshot"), &json!(50))
    );
    assert_eq!(entries.len(), 11);
    let expected = state(folder.path(), 60);
    assert_eq!(entries[10]["data"]["digest"], expected["digest"]);
    // Who comes later finds the last tick.
    let entries = show.entries(|_| true).await;
    assert_eq!(entries[0]["data"]["digest"], expected["digest"]);
}

/// A viewer pauses and seeks back and forth; every page starts over when the run goes back.
#[tokio::test]
async fn whoever_looks_can_halt_it_and_go_to_another_tick() {
    let folder = recorded(&["--seed", "3", "--ticks", "60"]);
    let show = Show::start(folder.path(), &["--from", "50", "--no-open"]);
    let halted = show.steer(&json!({ "paused": true, "tick": 20 })).await;
    assert_eq!(
        (&halted["paused"], &halted["last"], &halted["tick_ms"]),
        (&json!(true), &json!(60), &json!(10))
    );
    // Halted, it stays where it was sent.
    let at = |tick: u64| move |entry: &Value| entry["data"]["tick"] == tick;
    assert_eq!(
        show.entries(at(20)).await.last().unwrap()["data"]["digest"],
        state(folder.path(), 20)["digest"]
    );
    // Beyond the end is the end, and a pace has bounds.
    let on = show.steer(&json!({ "tick": 1_000, "tick_ms": 1 })).await;
    assert_eq!((&on["paused"], &on["tick_ms"]), (&json!(true), &json!(10)));
    assert_eq!(
        show.entries(at(60)).await.last().unwrap()["data"]["digest"],
        state(folder.path(), 60)["digest"]
    );
    // From the beginning it goes on by itself when it is let go.
    show.steer(&json!({ "tick": 0 })).await;
    show.entries(at(0)).await;
    show.steer(&json!({ "paused": false })).await;
    show.entries(at(60)).await;
    let refused = reqwest::Client::new()
        .post(format!("http://{}/recording", show.address))
        .body("{}")
        .send()
        .await;
    assert_eq!(refused.unwrap().status().as_u16(), 415, "what other pages may send is not taken");
}

/// Where there is a screen, the address is opened by the program that opens addresses.
#[cfg(not(target_os = "macos"))]
#[test]
fn the_page_is_opened_where_there_is_a_screen() {
    use std::os::unix::fs::PermissionsExt;

    let folder = recorded(&["--ticks", "5"]);
    let here = folder.path();
    let (program, pipe) = (here.join("xdg-open"), here.join("opened"));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::fs::write(&program, format!("#!/bin/sh\necho \"$1\" > '{}'\n", pipe.display())).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", here.display(), std::env::var("PATH").unwrap());
    let mut command = sector(here, &["replay", "watch", "run.replay"]);
    command.env("PATH", path).env("DISPLAY", ":99");
    let show = Show::of(command);
    // Ends when the program has written.
    let opened = std::fs::read_to_string(pipe).unwrap();
    let (_, port) = show.address.split_once(':').unwrap();
    assert_eq!(opened, format!("http://localhost:{port}\n"));
}

#[test]
fn what_cannot_be_watched_is_refused_by_name() {
    let folder = recorded(&["--ticks", "20"]);
    let here = folder.path();
    let refused = |arguments: &[&str], told: &[&str]| {
        let (code, stdout, stderr) =
            output(here, &[&["replay", "watch", "--no-open"], arguments].concat());
        assert!(code != 0 && stdout.is_empty(), "{arguments:?}: {code} {stdout}");
        assert!(told.iter().all(|told| stderr.contains(told)), "{arguments:?}: {stderr}");
    };
    refused(&["absent.replay"], &["absent.replay cannot be read"]);
    std::fs::write(here.join("text.replay"), "no replay").unwrap();
    refused(&["text.replay"], &["text.replay: "]);
    std::fs::write(here.join("empty.replay"), "").unwrap();
    refused(&["empty.replay"], &["empty.replay: "]);
    let mut bytes = std::fs::read(here.join("run.replay")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(here.join("altered.replay"), bytes).unwrap();
    refused(&["altered.replay"], &["altered.replay: "]);
    refused(
        &["run.replay", "--from", "21"],
        &["run.replay: there is no tick 21; the ticks are 0 to 20"],
    );
    refused(&["run.replay", "--tick-ms", "9"], &["--tick-ms", "10"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    refused(&["run.replay", "--port", &port], &["--port", &port]);
}
