//! Backup and restore as their users run them: a real sector, killed, carried to another store and
//! back.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use sector_redis::{Place, StoreOptions};
use serde_json::Value;
use store_testkit::{RedisServer, eventually};

fn sector(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sector"));
    command.args(arguments);
    command
}

fn output(arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = sector(arguments).output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// What the command says when it goes well.
fn good(arguments: &[&str]) -> String {
    let (status, out, error) = output(arguments);
    assert_eq!((status, error.as_str()), (0, ""), "{arguments:?}");
    out
}

/// The sentence with which the command refuses.
fn refused(arguments: &[&str]) -> String {
    let (status, out, error) = output(arguments);
    assert_eq!(
        (status, out.as_str(), error.lines().count()),
        (1, "", 1),
        "{arguments:?}: {out}{error}"
    );
    error
}

/// A running `sector up`, killed when dropped.
struct Up {
    child: Child,
    api: String,
}

impl Up {
    fn start(store: &[&str]) -> Up {
        let ports = [
            "up",
            "--api-port",
            "0",
            "--frontend-port",
            "0",
            "--minter-port",
            "0",
            "--tick-ms",
            "40",
        ];
        let mut command = sector(&[&ports, ["--seed", "7"].as_slice(), store].concat());
        let child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut up = Up { child, api: String::new() };
        let stdout = up.child.stdout.take().unwrap();
        for line in BufReader::new(stdout).lines() {
            if let ["API", url, ..] =
                line.unwrap().split_whitespace().collect::<Vec<_>>().as_slice()
            {
                url.strip_suffix("/health").unwrap().clone_into(&mut up.api);
                return up;
            }
        }
        panic!("sector up ended before it said where to look");
    }

    /// Waits for the tick; returns the universe.
    async fn reaches(&self, tick: u64) -> String {
        let http = reqwest::Client::new();
        eventually(&format!("tick {tick}"), Duration::from_secs(60), async || {
            let answer = http.get(format!("{}/snapshot", self.api)).send().await.ok()?;
            let snapshot = answer.json::<Value>().await.ok()?;
            (snapshot["tick"].as_u64()? >= tick)
                .then(|| snapshot["universe_id"].as_str().unwrap().to_owned())
        })
        .await
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The tick, as create, verify and restore print it.
fn tick_of(text: &str) -> u64 {
    let (_, after) = text.split_once(", tick ").unwrap();
    after.split_once(',').unwrap().0.parse().unwrap()
}

/// A data directory with some ticks in it, whose process was killed.
async fn killed_sector(folder: &Path) -> (PathBuf, String) {
    let data = folder.join("data");
    let up = Up::start(&["--data", data.to_str().unwrap()]);
    let universe = up.reaches(25).await;
    (data, universe)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sector_goes_on_in_redis_and_in_a_directory_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (first, second, third) = (path("1.backup"), path("2.backup"), path("3.backup"));
    let (data, again) = (path("data"), path("again"));
    let server = RedisServer::start();
    let url = server.url();

    let up = Up::start(&["--data", &data]);
    let universe = up.reaches(25).await;
    let error = refused(&["backup", "create", "--data", &data, "--out", &first]);
    assert!(error.contains("is in use by process") && error.contains("stop it"), "{error}");
    drop(up);
    let made = good(&["backup", "create", "--data", &data, "--out", &first]);
    assert!(made.contains(&universe) && made.contains("logins, sessions"), "{made}");
    assert_eq!(std::fs::metadata(&first).unwrap().permissions().mode() & 0o777, 0o600);
    let whole = good(&["backup", "verify", &first, "--full"]);
    assert!(whole.contains("played") && tick_of(&whole) == tick_of(&made), "{whole}");
    assert!(
        refused(&["backup", "create", "--data", &data, "--out", &first]).contains("exists already")
    );
    assert!(refused(&["restore", &first, "--data", &data]).contains(&universe));

    let restored = good(&["restore", &first, "--redis", &url, "--sector-id", "north"]);
    assert!(restored.contains("sector north"), "{restored}");
    let north = ["--redis", url.as_str(), "--sector-id", "north"];
    let error = refused(&[["restore", first.as_str()].as_slice(), &north].concat());
    assert!(error.contains("not empty") && error.contains(&universe), "{error}");
    let up = Up::start(&north);
    assert_eq!(up.reaches(tick_of(&made) + 10).await, universe);
    // While it runs.
    let error = refused(&[["restore", first.as_str()].as_slice(), &north].concat());
    assert!(error.contains("holds the lease") && error.contains("sim-worker-"), "{error}");
    let running =
        good(&[["backup", "create", "--out", second.as_str()].as_slice(), &north].concat());
    assert!(tick_of(&running) >= tick_of(&made) + 10);
    // From the first tick on: every digest of the directory and of Redis follows from the one
    // before.
    good(&["backup", "verify", &second, "--full"]);
    drop(up);

    good(&["restore", &second, "--data", &again]);
    let up = Up::start(&["--data", &again]);
    assert_eq!(up.reaches(tick_of(&running) + 10).await, universe);
    drop(up);
    let last = good(&["backup", "create", "--data", &again, "--out", &third]);
    assert!(tick_of(&last) >= tick_of(&running) + 10);
    good(&["backup", "verify", &third, "--full"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_torn_tampered_foreign_or_newer_is_refused_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (data, _) = killed_sector(folder.path()).await;
    let whole = path("whole.backup");
    good(&["backup", "create", "--data", data.to_str().unwrap(), "--out", &whole]);
    let bytes = std::fs::read(&whole).unwrap();
    let plain = zstd::decode_all(bytes.as_slice()).unwrap();
    let pack = |plain: &[u8]| zstd::encode_all(plain, 1).unwrap();

    let flipped = |at: usize| {
        let mut bad = plain.clone();
        bad[at] ^= 1;
        pack(&bad)
    };
    let find = |text: &[u8]| plain.windows(text.len()).position(|window| window == text).unwrap();
    let newer =
        [b"sector-backup\n".as_slice(), &9u32.to_le_bytes(), b"whatever comes then"].concat();
    let mut cases = vec![
        ("empty", Vec::new(), "not a backup"),
        ("text", b"{\"tick\":1}\n".to_vec(), "not a backup"),
        ("another zstd", pack(b"something else"), "not a backup"),
        ("newer", pack(&newer), "has format version 9"),
        (
            "a flipped digest",
            flipped(find(b"\"digest\":\"") + 10),
            "checksum of section \"manifest\"",
        ),
        ("a flipped snapshot", flipped(find(b"next_fleet_id")), "checksum of section \"world\""),
        ("a flipped record", flipped(find(b"records-0") + 40), "checksum of section \"records-0\""),
        ("something behind", pack(&[plain.as_slice(), b"x"].concat()), "after its end"),
        (
            "a flipped byte of the zstd stream",
            {
                let mut bad = bytes.clone();
                let at = bad.len() / 2;
                bad[at] ^= 0xff;
                bad
            },
            "damaged",
        ),
    ];
    // A section taken out: each of the others is whole, the sum over all is not.
    let (from, to) = (find(b"\x06awards"), find(b"\x07replays"));
    cases.push((
        "a section less",
        pack(&[&plain[..from], &plain[to..]].concat()),
        "of the whole file",
    ));
    for length in [1, 4, 20, bytes.len() / 3, bytes.len() - 1] {
        cases.push(("cut", bytes[..length].to_vec(), ""));
    }
    for length in [5, 16, 40, plain.len() / 2, plain.len() - 33, plain.len() - 1] {
        cases.push(("cut and packed", pack(&plain[..length]), ""));
    }
    let server = RedisServer::start();
    let (file, new) = (path("bad.backup"), path("new"));
    for (what, bad, words) in cases {
        std::fs::write(&file, &bad).unwrap();
        for arguments in [
            ["backup", "verify", &file].as_slice(),
            &["restore", &file, "--data", &new],
            &["restore", &file, "--redis", &server.url()],
        ] {
            let error = refused(arguments);
            assert!(error.contains("bad.backup") && error.contains(words), "{what}: {error}");
        }
        assert!(!Path::new(&new).exists(), "{what}");
    }
    let sectors =
        sector_redis::sectors(&sector_redis::RedisOptions::new(server.url())).await.unwrap();
    assert!(sectors.is_empty(), "Redis was not touched");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (out, nothing) = (path("out"), path("nothing"));
    assert_eq!(output(&["backup", "create", "--out", &out]).0, 2);
    assert_eq!(output(&["backup", "create", "--data", &nothing]).0, 2);
    assert_eq!(output(&["restore", &out]).0, 2);
    assert_eq!(
        output(&["restore", &out, "--data", &nothing, "--redis", "redis://127.0.0.1:1"]).0,
        2
    );
    assert!(
        refused(&["backup", "create", "--data", &nothing, "--out", &out])
            .contains("does not exist")
    );
    assert!(!Path::new(&nothing).exists() && !Path::new(&out).exists());
    assert!(refused(&["backup", "verify", &nothing]).contains("nothing"));
    refused(&["backup", "create", "--redis", "redis://127.0.0.1:1", "--out", &out]);
    let server = RedisServer::start();
    let error = refused(&[
        "backup",
        "create",
        "--redis",
        &server.url(),
        "--sector-id",
        "typo",
        "--out",
        &out,
    ]);
    assert!(error.contains("sector typo") && error.contains("--sector-id"), "{error}");
    let store = sector_redis::open(StoreOptions::new(Place::redis(server.url()))).await.unwrap();
    let error = refused(&["backup", "create", "--redis", &server.url(), "--out", &out]);
    assert!(error.contains("no universe yet"), "{error}");
    drop(store);
    assert!(!Path::new(&out).exists());
}
