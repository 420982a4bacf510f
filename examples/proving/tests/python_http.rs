//! The Python bot: over a pipe, in a live sector with a key of its player, and with an invalid key.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use proving::live::Sector;
use proving::promises;
use sector_auth::Key;
use sector_client::BOT_VERBS;

const BOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../python-http/bot.py");

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new("python3");
    command.arg(BOT).args(arguments);
    command
}

#[test]
fn it_beats_idle_and_random_over_a_pipe() {
    promises::beats_over_a_pipe(&["idle", "random"], 1..3, || program(&["--stdio"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_plays_a_live_sector_with_a_key() {
    let sector = Sector::start().await;
    let player = sector.client().await;
    player.login(&Key::from_random_bytes([7; 32]).unwrap()).await.unwrap();
    player.claim("F2".parse().unwrap()).await.unwrap();
    let issued = player.issue_key("python", &BOT_VERBS, None).await.unwrap();

    let mut command = program(&[]);
    command.env("SECTOR_URL", sector.url()).env("SECTOR_BOT_KEY", &issued.key);
    sector.play(command, "F2", 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_stops_with_an_error_without_a_valid_key() {
    let sector = Sector::start().await;
    let mut command = program(&[]);
    command.env("SECTOR_URL", sector.url()).env("SECTOR_BOT_KEY", "sector_key_none");
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.starts_with("HTTP Error 401") && told.contains("the bot key"), "{told}");
}

/// An API that is busy, breaks off a response, and then rejects the key.
#[test]
fn it_retries_after_the_requested_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = program(&[]);
    command.env("SECTOR_URL", format!("http://{}", listener.local_addr().unwrap()));
    let bot = command.stderr(Stdio::piped()).spawn().unwrap();
    let asked: Vec<Instant> = [
        "429 Too Many Requests\r\nretry-after: 2\r\ncontent-length: 0",
        "200 OK\r\ncontent-length: 100",
        "401 Unauthorized\r\ncontent-length: 0",
    ]
    .map(|answer| {
        let mut stream = listener.accept().unwrap().0;
        let now = Instant::now();
        let mut request = [0; 4_096];
        assert!(stream.read(&mut request).unwrap() > 0 && request.starts_with(b"GET /me "));
        write!(stream, "HTTP/1.1 {answer}\r\nconnection: close\r\n\r\n").unwrap();
        now
    })
    .into();
    let output = bot.wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && told.contains("HTTP Error 401"), "{told}");
    assert!(asked[1] - asked[0] >= Duration::from_secs(2), "{asked:?}");
}
