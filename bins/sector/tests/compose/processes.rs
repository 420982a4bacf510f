//! The services as docker-compose.yml has them, as processes on this machine: its environment, its
//! order, its health checks, the secrets and the Redis that it brings; a run through the public
//! ports; and each of them restarted.
//!
//! What differs from containers: everybody has the same address, so every port is another one; and
//! there are no images, so binaries come from where cargo put them. `containers` has the rest.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::player::Player;

/// Longest the test waits for anything.
const PATIENCE: Duration = Duration::from_secs(60);
/// Time limit for a service to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// What an operator has set, so that a run is short: the rest is as the file has it.
const SET: [(&str, &str); 3] = [("TICK_MS", "30ms"), ("SYSTEMS", "6"), ("FACTIONS", "2")];
/// In the order of the file's own conditions, which the test compares.
const ORDER: [&str; 7] =
    ["redis", "api", "frontend", "sim-worker", "bot-worker", "nft-minter", "tools"];
/// Services that run until they are stopped.
const SERVICES: [&str; 6] = ["redis", "api", "frontend", "sim-worker", "bot-worker", "nft-minter"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A machine on which the compose file is up.
struct Machine {
    file: Value,
    folder: tempfile::TempDir,
    /// The port that each port of a container is here.
    ports: BTreeMap<(&'static str, u16), u16>,
    running: BTreeMap<&'static str, Child>,
}

impl Machine {
    fn new() -> Self {
        let text = std::fs::read_to_string(root().join("docker-compose.yml")).unwrap();
        let file: Value = serde_saphyr::from_str(&text).unwrap();
        // Held together, so that no port comes twice.
        let inside = [
            ("redis", 6379),
            ("api", 8000),
            ("api", 9100),
            ("frontend", 9000),
            ("frontend", 9100),
            ("sim-worker", 9200),
            ("sim-worker", 9100),
            ("bot-worker", 9100),
            ("nft-minter", 9100),
            ("nft-minter", 9101),
        ];
        let free: Vec<TcpListener> =
            inside.iter().map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let ports = inside
            .into_iter()
            .zip(&free)
            .map(|(inside, free)| (inside, free.local_addr().unwrap().port()));
        let ports = ports.collect();
        let machine =
            Self { file, folder: tempfile::tempdir().unwrap(), ports, running: BTreeMap::new() };
        let mut secrets = Command::new("sh");
        secrets.arg(root().join("scripts/secrets.sh")).arg(machine.folder.path().join("secrets"));
        secrets
            .env("REDIS_ADDRESS", format!("127.0.0.1:{}", machine.port("redis", 6379)))
            .stdout(Stdio::null());
        assert!(secrets.status().unwrap().success(), "the secrets cannot be made");
        machine
    }

    fn service(&self, name: &str) -> &Value {
        let service = &self.file["services"][name];
        assert!(service.is_object(), "docker-compose.yml has no {name}");
        service
    }

    fn port(&self, service: &'static str, inside: u16) -> u16 {
        self.ports[&(service, inside)]
    }

    /// A value of the file as it is on this machine, for one of its services.
    fn here(&self, service: &'static str, value: &Value) -> String {
        let mut text =
            interpolated(value.as_str().map_or_else(|| value.to_string(), str::to_owned).as_str());
        text = text.replace("/run/secrets", self.folder.path().join("secrets").to_str().unwrap());
        for ((of, inside), port) in &self.ports {
            text = text.replace(&format!("//{of}:{inside}"), &format!("//127.0.0.1:{port}"));
            if *of == service {
                for own in ["127.0.0.1", "0.0.0.0"] {
                    text = text.replace(&format!("{own}:{inside}"), &format!("127.0.0.1:{port}"));
                }
                if text == inside.to_string() {
                    text = port.to_string();
                }
            }
        }
        text
    }

    fn environment(&self, service: &'static str) -> Vec<(String, String)> {
        let variables = self.service(service)["environment"].as_object().into_iter().flatten();
        variables.map(|(name, value)| (name.clone(), self.here(service, value))).collect()
    }

    fn command(&self, service: &'static str) -> Command {
        if service == "redis" {
            return self.redis();
        }
        let mut command = Command::new(binary(if service == "tools" { "sector" } else { service }));
        command.env_clear().envs(self.environment(service)).current_dir(self.folder.path());
        command
    }

    /// redis-server with the configuration that the file mounts, but for where it is.
    fn redis(&self) -> Command {
        let mounts = self.service("redis")["volumes"].to_string();
        assert!(
            mounts.contains("./k8s/base/redis/redis.conf:/etc/redis/redis.conf:ro"),
            "{mounts}"
        );
        let data = self.folder.path().join("data");
        std::fs::create_dir_all(&data).unwrap();
        let settings = std::fs::read_to_string(root().join("k8s/base/redis/redis.conf")).unwrap();
        let secrets = self.folder.path().join("secrets");
        let settings = settings
            .replace("port 6379", &format!("port {}\nbind 127.0.0.1", self.port("redis", 6379)))
            .replace("dir /data", &format!("dir {}", data.display()))
            .replace("/run/secrets", secrets.to_str().unwrap());
        let path = self.folder.path().join("redis.conf");
        std::fs::write(&path, settings).unwrap();
        let mut command = Command::new("redis-server");
        command.arg(path);
        command
    }

    fn log(&self, service: &str) -> PathBuf {
        self.folder.path().join(format!("{service}.log"))
    }

    /// Starts a service, and waits until its health check is content.
    fn start(&mut self, service: &'static str) {
        let log = File::options().create(true).append(true).open(self.log(service)).unwrap();
        let mut command = self.command(service);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(if service == "redis" { Stdio::null() } else { Stdio::from(log) });
        self.running
            .insert(service, command.spawn().unwrap_or_else(|error| panic!("{service}: {error}")));
        let started = Instant::now();
        while !self.is_well(service) {
            let ended = self.running.get_mut(service).unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "{service} ended: {ended:?}\n{}", self.said(service));
            assert!(
                started.elapsed() < PATIENCE,
                "{service} does not get well\n{}",
                self.said(service)
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What the file's own health check says.
    fn is_well(&self, service: &'static str) -> bool {
        let test = self.service(service)["healthcheck"]["test"].as_array().unwrap();
        let words: Vec<String> = test.iter().map(|word| self.here(service, word)).collect();
        assert_eq!(words[0], "CMD", "{service}");
        let program = words[1]
            .strip_prefix("/usr/local/bin/")
            .map_or_else(|| words[1].clone().into(), binary);
        let mut check = Command::new(program);
        if service == "redis" {
            check.arg("-p").arg(self.port("redis", 6379).to_string());
        }
        check.args(&words[2..]).stdout(Stdio::null()).stderr(Stdio::null());
        check.status().unwrap().success()
    }

    fn said(&self, service: &str) -> String {
        std::fs::read_to_string(self.log(service)).unwrap_or_default()
    }

    /// Tells a service to stop, as Compose does, and waits until it has.
    fn stop(&mut self, service: &'static str) {
        let mut child = self.running.remove(service).unwrap();
        let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        assert!(told.success(), "{service} had ended");
        let started = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            assert!(started.elapsed() < DRAIN, "{service} does not stop\n{}", self.said(service));
            std::thread::sleep(Duration::from_millis(10));
        };
        assert!(status.success(), "{service}: {status}\n{}", self.said(service));
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        for child in self.running.values_mut() {
            // It fails only when it has ended.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// `${NAME:-default}` as Compose has it, with what the operator has set.
fn interpolated(text: &str) -> String {
    let Some((before, after)) = text.split_once("${") else { return text.to_owned() };
    let (inside, rest) = after.split_once('}').unwrap();
    let (name, default) = inside.split_once(":-").unwrap();
    let value = SET.iter().find(|(set, _)| *set == name).map_or(default, |(_, value)| value);
    format!("{before}{value}{}", interpolated(rest))
}

/// Beside this test's own.
fn binary(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_sector")).with_file_name(name)
}

fn build() {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--locked"]);
    for package in ["api", "frontend", "sim-worker", "bot-worker", "nft-minter"] {
        build.args(["-p", package]);
    }
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    assert!(build.status().unwrap().success(), "the services cannot be built");
}

#[test]
fn they_start_in_the_order_of_the_file() {
    let machine = Machine::new();
    for (place, service) in ORDER.iter().enumerate() {
        for (on, _) in machine.service(service)["depends_on"].as_object().into_iter().flatten() {
            let before = ORDER.iter().position(|name| name == on);
            assert!(
                on == "secrets" || before.is_some_and(|before| before < place),
                "{service} waits for {on}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_compose_file_runs_a_sector_and_each_service_can_be_restarted() {
    build();
    let mut machine = Machine::new();
    for service in SERVICES {
        machine.start(service);
    }
    let address = |service, inside| format!("http://127.0.0.1:{}", machine.port(service, inside));
    let (page, api, minter) =
        (address("frontend", 9000), address("api", 8000), address("nft-minter", 9100));
    let mut player = Player { http: reqwest::Client::new(), page, api, token: None };

    player.plays().await;
    // The bots finish runs, and the winner's award is kept.
    let won = player.sees_a_run_end().await;
    let (status, health) =
        player.call(reqwest::Method::GET, format!("{minter}/health"), None).await;
    assert_eq!(status, 200, "{health}");
    assert!(health["awards"].as_u64().is_some_and(|awards| awards > 0), "{won} {health}");
    let (status, _) =
        player.call(reqwest::Method::POST, format!("{minter}/mint"), Some(json!({}))).await;
    assert_eq!(status, 401, "the minter has its key");

    // Stop and restart each in turn; the sector continues.
    for service in SERVICES {
        machine.stop(service);
        machine.start(service);
        player.goes_on(&format!("{service} was restarted")).await;
    }
    player.knows(&won).await;

    // The tools find all well, and save it.
    let tool = |arguments: &[&str]| {
        let output = machine.command("tools").args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        said
    };
    tool(&["doctor"]);
    tool(&["backup", "create", "--out", "now.backup"]);
    tool(&["backup", "verify", "now.backup"]);

    // Logs are lines of JSON, and tell no secret.
    let secrets = secrets(&machine.folder.path().join("secrets"));
    assert!(secrets.len() > 8, "{}", secrets.len());
    for service in SERVICES.iter().filter(|service| **service != "redis") {
        let said = machine.said(service);
        assert!(!said.is_empty(), "{service} says nothing");
        for line in said.lines() {
            assert!(
                serde_json::from_str::<Value>(line).is_ok_and(|line| line.is_object()),
                "{service}: {line}"
            );
        }
        assert!(secrets.iter().all(|secret| !said.contains(secret)), "{service} tells a secret");
    }
}

/// What is random in the files of a folder.
fn secrets(folder: &Path) -> Vec<String> {
    let mut secrets = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            secrets.extend(self::secrets(&path));
        } else {
            let text = std::fs::read_to_string(path).unwrap();
            let words = text
                .split(|character: char| !character.is_ascii_hexdigit())
                .filter(|word| word.len() == 64);
            secrets.extend(words.map(str::to_owned));
        }
    }
    secrets
}
