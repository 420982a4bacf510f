//! docker-compose.yml as operators use it: the images that it names, brought up by Compose, played
//! through the ports that are published, restarted one by one, Redis killed, all of it taken down
//! and brought up again.
//!
//! `cargo xtask images` runs it, and says by which engine and which Compose.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::player::Player;

/// Which Compose, in words: `docker compose`, `podman-compose`, `docker-compose`.
const COMPOSE: &str = "SECTOR_COMPOSE";
/// A name of its own, so that a sector of the same machine's keeps its volumes.
const PROJECT: &str = "sector-images-test";
/// What an operator has set, so that a run is short.
const SET: [(&str, &str); 3] = [("TICK_MS", "30ms"), ("SYSTEMS", "6"), ("FACTIONS", "2")];
/// In an order in which they may be restarted.
const SERVICES: [&str; 6] = ["redis", "api", "frontend", "sim-worker", "bot-worker", "nft-minter"];
/// Longest anything takes to answer after it was started.
const PATIENCE: Duration = Duration::from_secs(120);

/// A copy of what git knows of this tree, in which secrets can be made, and a project of Compose in
/// it.
struct Deployment {
    compose: Vec<String>,
    tree: tempfile::TempDir,
}

impl Deployment {
    fn new() -> Self {
        let compose = std::env::var(COMPOSE)
            .unwrap_or_else(|_| panic!("{COMPOSE} is not set: use cargo xtask images"));
        let compose = compose.split_whitespace().map(str::to_owned).collect();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let known =
            Command::new("git").args(["ls-files", "-z"]).current_dir(&root).output().unwrap();
        assert!(known.status.success(), "this is no git repository");
        let tree = tempfile::tempdir().unwrap();
        for name in String::from_utf8(known.stdout).unwrap().split_terminator('\0') {
            let from = root.join(name);
            // What is deleted and not committed yet is no part of it.
            if from.is_file() {
                let to = tree.path().join(name);
                std::fs::create_dir_all(to.parent().unwrap()).unwrap();
                std::fs::copy(from, to).unwrap();
            }
        }
        Self { compose, tree }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.compose[0]);
        command.args(&self.compose[1..]).args([
            "-p",
            PROJECT,
            "--profile",
            "minter",
            "--profile",
            "tools",
        ]);
        command.args(arguments).envs(SET).current_dir(self.tree.path());
        command
    }

    /// Runs Compose to its end and tells what it said.
    fn compose(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}\n{}", self.logs());
        said
    }

    fn logs(&self) -> String {
        let logs = self.command(&["logs", "--tail", "20"]).output().unwrap();
        String::from_utf8_lossy(&logs.stdout).into_owned() + &String::from_utf8_lossy(&logs.stderr)
    }

    /// Brings up what goes on; `tools` runs when it is called.
    fn up(&self) {
        self.compose(&[&["up", "-d"][..], &SERVICES].concat());
    }
}

impl Drop for Deployment {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.logs());
        }
        // What is left would be in the way of the next one; of a failure here, that one tells.
        // Secrets belong to the users of containers, so that one of those has to delete them.
        let delete =
            ["run", "--rm", "-T", "--entrypoint", "/bin/sh", "secrets", "-c", "rm -rf /secrets/*"];
        let _ = self.command(&delete).output();
        let _ = self.command(&["down", "-v"]).output();
    }
}

/// Waits until somebody answers there with a success.
async fn answers(http: &reqwest::Client, url: &str) {
    let since = Instant::now();
    loop {
        if http.get(url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            return;
        }
        assert!(since.elapsed() < PATIENCE, "{url} does not answer");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs images and a container engine: cargo xtask images"]
async fn the_compose_file_runs_a_sector_in_containers() {
    let deployment = Deployment::new();
    deployment.up();
    let http = reqwest::Client::new();
    let [page, api, minter] =
        ["9000", "8000", "9101"].map(|port| format!("http://127.0.0.1:{port}"));
    let healths = [&page, &api, &minter].map(|address| format!("{address}/health"));
    let mut player = Player { http, page, api, token: None };
    for health in &healths {
        answers(&player.http, health).await;
    }
    player.plays().await;
    let won = player.sees_a_run_end().await;
    let (status, _) =
        player.call(reqwest::Method::POST, format!("{minter}/mint"), Some(json!({}))).await;
    assert_eq!(status, 401, "the minter has its key");

    for service in SERVICES {
        deployment.compose(&["restart", service]);
        for health in &healths {
            answers(&player.http, health).await;
        }
        player.goes_on(&format!("{service} was restarted")).await;
    }
    deployment.compose(&["kill", "redis"]);
    deployment.compose(&["start", "redis"]);
    player.goes_on("Redis was killed").await;
    player.knows(&won).await;

    let tool = |arguments: &[&str]| {
        deployment.compose(&[&["run", "--rm", "-T", "tools"][..], arguments].concat())
    };
    let looks = ["doctor", "--api", "http://api:8000", "--frontend", "http://frontend:9000"];
    tool(&[&looks[..], &["--worker", "http://sim-worker:9200"]].concat());
    tool(&["backup", "create", "--out", "/backups/now.backup"]);
    tool(&["backup", "verify", "/backups/now.backup"]);

    // Everything goes but the volume and the secrets.
    deployment.compose(&["down"]);
    deployment.up();
    for health in &healths {
        answers(&player.http, health).await;
    }
    player.goes_on("all of it was taken down").await;
    player.knows(&won).await;
}
