//! The command as its users run it: a process with ports, files and signals.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use sector_auth::Key;
use serde_json::{Value, json};
use store_testkit::eventually;

/// Longest wait for something that must happen.
const PATIENCE: Duration = Duration::from_secs(60);

fn sector(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sector"));
    command.args(arguments);
    command
}

fn output(arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = sector(arguments).output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// A running `sector up`, killed when dropped.
struct Up {
    child: Child,
    api: String,
    frontend: String,
    operator_code: String,
}

impl Up {
    fn start(extra: &[&str]) -> Up {
        Up::start_quietly(&[&["--show-operator-link"], extra].concat())
    }

    /// Starts it as a service does: the output is not a terminal.
    fn start_quietly(extra: &[&str]) -> Up {
        let ports = [
            "up",
            "--api-port",
            "0",
            "--frontend-port",
            "0",
            "--minter-port",
            "0",
            "--tick-ms",
            "20",
        ];
        let mut child = sector(&[&ports, extra].concat()).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let (mut api, mut frontend) = (None, None);
        for line in BufReader::new(stdout).lines() {
            let line = line.unwrap();
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["Watch", "and", "play", url] => frontend = Some((*url).to_owned()),
                ["API", url, ..] => api = url.strip_suffix("/health").map(str::to_owned),
                ["Operator", rest @ ..] => {
                    let code = rest[0].split_once("#operator=").map(|(_, code)| code);
                    assert!(
                        code.is_some() || rest.starts_with(&["sector", "operator", "link"]),
                        "{line}"
                    );
                    return Up {
                        child,
                        api: api.unwrap(),
                        frontend: frontend.unwrap(),
                        operator_code: code.unwrap_or_default().to_owned(),
                    };
                }
                _ => {}
            }
        }
        panic!("sector up ended before it said where to look");
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([format!("-{name}"), self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client that speaks plain HTTP, as a bot without the SDK would.
struct Client {
    http: reqwest::Client,
    api: String,
    token: Option<String>,
}

impl Client {
    fn new(up: &Up) -> Client {
        Client { http: reqwest::Client::new(), api: up.api.clone(), token: None }
    }

    async fn call(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self.http.request(method, format!("{}{path}", self.api));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or(Value::Null))
    }

    async fn get(&self, path: &str) -> Value {
        let (status, value) = self.call(reqwest::Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {value}");
        value
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let (status, value) = self.call(reqwest::Method::POST, path, Some(body)).await;
        assert!((200..300).contains(&status), "{path}: {status} {value}");
        value
    }

    async fn login(&mut self, key: &Key) {
        let address = key.address().to_string();
        let nonce = self.post("/auth/nonce", json!({ "address": address })).await;
        let message = nonce["message"].as_str().unwrap();
        let signed = json!({ "message": message, "signature": key.sign_message(message) });
        let token = self.post("/auth/verify", signed).await;
        self.token = Some(token["token"].as_str().unwrap().to_owned());
    }

    /// The snapshot, once it is at this tick or later.
    async fn snapshot_from(&self, tick: u64) -> Value {
        eventually(&format!("tick {tick}"), PATIENCE, async || {
            let (status, snapshot) = self.call(reqwest::Method::GET, "/snapshot", None).await;
            (status == 200 && snapshot["tick"].as_u64().unwrap() >= tick).then_some(snapshot)
        })
        .await
    }

    /// All entries of the event stream so far.
    async fn events(&self) -> Vec<Value> {
        let (mut all, mut from) = (Vec::new(), "after=0-0".to_owned());
        loop {
            let page = self.get(&format!("/events?{from}&count=1000")).await;
            let entries = page["events"].as_array().unwrap();
            if entries.is_empty() {
                return all;
            }
            all.extend(entries.iter().cloned());
            from = format!("after={}&incarnation={}", page["next"], page["incarnation"])
                .replace('"', "");
        }
    }
}

/// An order of F1 that will be applied: its home becomes its muster system.
fn muster(snapshot: &Value, client_id: &str) -> Value {
    let home = &snapshot["factions"]
        .as_array()
        .unwrap()
        .iter()
        .find(|faction| faction["id"] == "F1")
        .unwrap()["home_id"];
    json!({ "kind": "muster", "faction": "F1", "target_id": home, "client_id": client_id })
}

#[test]
fn a_secret_that_could_be_guessed_is_refused() {
    let ports =
        ["up", "--api-port", "0", "--frontend-port", "0", "--minter-port", "0", "--jwt-secret"];
    for secret in
        ["changeme-changeme-changeme-changeme", "0123456789abcdef0123456789abcdef", "hunter2"]
    {
        let (code, _, stderr) = output(&[&ports[..], &[secret]].concat());
        assert_eq!((code, stderr.lines().count()), (1, 1), "{stderr}");
        assert!(
            stderr.contains("JWT_SECRET")
                && stderr.contains("openssl rand")
                && !stderr.contains(secret),
            "{stderr}"
        );
    }
}

#[test]
fn a_minter_that_others_could_use_is_refused() {
    let ports = ["up", "--api-port", "0", "--frontend-port", "0", "--minter-port", "0"];
    for open in [
        &["--bind", "0.0.0.0"][..],
        &["--minter-api-key", "changeme"],
        &["--minter-api-key", "x"],
        &["--bind", "0.0.0.0", "--minter-api-key", "changeme"],
    ] {
        let (code, stdout, stderr) = output(&[&ports[..], open].concat());
        assert_eq!((code, stdout.as_str(), stderr.lines().count()), (1, "", 1), "{stderr}");
        assert!(stderr.contains("MINTER_API_KEY") && !stderr.contains("changeme"), "{stderr}");
    }
}

#[test]
fn what_it_cannot_start_with_is_told_before_it_begins() {
    let ports = ["up", "--api-port", "0", "--frontend-port", "0", "--minter-port", "0"];
    let nobody = "redis://127.0.0.1:1";
    for (more, parts) in [
        (["--redis", nobody], ["start Redis", "--redis"]),
        (["--redis", "nonsense"], ["redis://", "--redis"]),
        (["--otlp-endpoint", "https://x"], ["OTEL_EXPORTER_OTLP_ENDPOINT", "https://x"]),
        (["--tick-ms", "1ms"], ["--tick-ms", "from 10ms to 10m"]),
    ] {
        let (code, stdout, stderr) = output(&[&ports[..], &more].concat());
        assert!(
            code != 0 && stdout.is_empty() && stderr.lines().count() == 1,
            "{more:?}: {code} {stdout} {stderr}"
        );
        assert!(
            stderr.starts_with("sector: ") && parts.iter().all(|part| stderr.contains(part)),
            "{stderr}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_sector_goes_on_and_applies_every_accepted_order_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("sector");
    let data = data.to_str().unwrap();
    let key = Key::from_random_bytes([7; 32]).unwrap();
    let mut universe = None;
    let mut tick = 0;
    let mut accepted = Vec::new();
    for round in 0..5u64 {
        let up = Up::start(&["--data", data, "--seed", "7"]);
        let mut client = Client::new(&up);
        let snapshot = client.snapshot_from(tick + 2 + round).await;
        let id = snapshot["universe_id"].as_str().unwrap().to_owned();
        assert_eq!(universe.get_or_insert_with(|| id.clone()), &id, "the same universe goes on");
        client.login(&key).await;
        if client.get("/me").await["faction"].is_null() {
            client.post("/factions/claim", json!({ "faction": "F1" })).await;
        }
        for number in 0..3 {
            let client_id = format!("round-{round}-{number}");
            client.post("/orders", json!({ "orders": [muster(&snapshot, &client_id)] })).await;
            accepted.push(client_id);
        }
        tick = client.get("/snapshot").await["tick"].as_u64().unwrap();
        // Right behind the receipt: the orders may or may not have been applied.
        up.kill();
    }
    let up = Up::start(&["--data", data]);
    let client = Client::new(&up);
    client.snapshot_from(tick + 5).await;
    let events = client.events().await;
    let ticks: Vec<u64> = events
        .iter()
        .filter(|entry| entry["type"] == "delta")
        .map(|entry| entry["data"]["tick"].as_u64().unwrap())
        .collect();
    assert!(ticks.windows(2).all(|pair| pair[1] == pair[0] + 1), "no tick is lost or repeated");
    for client_id in accepted {
        let outcomes = events
            .iter()
            .flat_map(|entry| entry["data"]["events"].as_array().into_iter().flatten())
            .filter(|event| event["client_id"] == client_id.as_str())
            .count();
        assert_eq!(outcomes, 1, "{client_id}");
    }
}

/// Permissions of a file or directory, for its owner, group and others.
fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_tokens_and_the_directory_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("sector");
    let data = directory.to_str().unwrap();
    let files = ["sector.redb", "sector.lock", "jwt_secret", "page.url"];
    let up = Up::start(&["--data", data]);
    let mut client = Client::new(&up);
    client.snapshot_from(1).await;
    client.login(&Key::from_random_bytes([7; 32]).unwrap()).await;
    let me = client.get("/me").await;
    assert_eq!(mode(&directory), 0o700);
    for file in files {
        assert_eq!(mode(&directory.join(file)), 0o600, "{file}");
    }
    up.kill();
    // As an earlier version left them.
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o755)).unwrap();
    for file in files {
        let path = directory.join(file);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    let up = Up::start(&["--data", data]);
    let token = client.token.take();
    let mut client = Client::new(&up);
    client.snapshot_from(1).await;
    client.token = token;
    assert_eq!(client.get("/me").await, me);
    assert_eq!(mode(&directory), 0o700);
    for file in files {
        assert_eq!(mode(&directory.join(file)), 0o600, "{file}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_gets_a_link_without_a_restart_and_logs_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("sector");
    let data = data.to_str().unwrap();
    let (status, _, error) = output(&["operator", "link", "--data", data]);
    assert!(status == 1 && error.contains(data) && error.contains("JWT_SECRET"), "{error}");

    let up = Up::start_quietly(&["--data", data]);
    assert_eq!(up.operator_code, "");
    let mut client = Client::new(&up);
    client.snapshot_from(1).await;
    let mut codes = Vec::new();
    for _ in 0..2 {
        let (status, link, error) = output(&["operator", "link", "--data", data]);
        assert_eq!(status, 0, "{error}");
        let (page, code) = link.trim_end().split_once("/#operator=").unwrap();
        assert_eq!(page, up.frontend);
        codes.push(code.to_owned());
    }
    assert_ne!(codes[0], codes[1]);
    for code in codes {
        let code = json!({ "code": code });
        let token = client.post("/auth/operator", code.clone()).await;
        assert_eq!(client.call(reqwest::Method::POST, "/auth/operator", Some(code)).await.0, 401);
        client.token = Some(token["token"].as_str().unwrap().to_owned());
        assert_eq!(client.get("/me").await["role"], "admin");
        client.token = None;
    }
    // Another sector's link does not work here.
    let other = "another secret of at least thirty-two bytes";
    let (_, link, _) = output(&["operator", "link", "--jwt-secret", other, "--url", "https://x/"]);
    let code = json!({ "code": link.trim_end().strip_prefix("https://x/#operator=").unwrap() });
    assert_eq!(client.call(reqwest::Method::POST, "/auth/operator", Some(code)).await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_answers_the_operator_gets_in_once_and_ctrl_c_ends_it() {
    let mut up = Up::start(&["--seed", "7"]);
    let mut client = Client::new(&up);
    client.snapshot_from(5).await;
    assert_eq!(client.get("/health").await["status"], "ok");
    let page = client.http.get(&up.frontend).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("<script"));
    let proxied = client.http.get(format!("{}/api/factions", up.frontend)).send().await.unwrap();
    assert_eq!(proxied.status(), 200);

    let code = json!({ "code": up.operator_code });
    let token = client.post("/auth/operator", code.clone()).await;
    assert_eq!(client.call(reqwest::Method::POST, "/auth/operator", Some(code)).await.0, 401);
    client.token = Some(token["token"].as_str().unwrap().to_owned());
    let (status, _) = client.call(reqwest::Method::POST, "/admin/restart?seed=99", None).await;
    assert!((200..300).contains(&status));
    eventually("the restart", PATIENCE, async || {
        (client.get("/snapshot").await["generator_seed"] == 99).then_some(())
    })
    .await;

    // Bots play: fleets set out by themselves.
    eventually("a launched fleet", PATIENCE, async || {
        let events = client.events().await;
        let is_launch = |entry: &Value| entry.to_string().contains(r#""type":"launched""#);
        events.iter().any(is_launch).then_some(())
    })
    .await;
    up.signal("INT");
    let stopping = Instant::now();
    let status = tokio::task::block_in_place(|| up.child.wait()).unwrap();
    assert_eq!(status.code(), Some(0));
    assert!(stopping.elapsed() < Duration::from_secs(5), "{:?}", stopping.elapsed());
}

#[test]
fn what_cannot_be_started_ends_with_a_sentence() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let free = ["--frontend-port", "0", "--minter-port", "0"];
    let (status, _, error) = output(&[&["up", "--api-port", &port], free.as_slice()].concat());
    assert_eq!((status, error.lines().count()), (1, 1), "{error}");
    assert!(error.contains(&port) && error.contains("--api-port"), "{error}");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "no directory").unwrap();
    let (status, _, error) = output(
        &[&["up", "--api-port", "0", "--data", file.to_str().unwrap()], free.as_slice()].concat(),
    );
    assert_eq!((status, error.lines().count()), (1, 1), "{error}");
    assert!(error.contains(file.to_str().unwrap()), "{error}");

    let (status, _, error) = output(&["up", "--seed", "9007199254740992"]);
    assert_eq!(status, 2);
    assert!(error.contains("--seed") && error.contains("9007199254740991"), "{error}");
    let (status, out, error) = output(&["up", "--systems", "3", "--factions", "5"]);
    assert_eq!((status, out.as_str(), error.lines().count()), (1, "", 1), "{error}");
    assert!(error.contains("--systems is 3"), "{error}");
    assert_eq!(output(&["sim", "--factions", "6", "--systems", "5"]).0, 1);
    assert_eq!(output(&["replay", "verify", "/nowhere"]).0, 1);
}

#[test]
fn a_match_is_the_same_every_time_and_its_replay_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("match.replay");
    let file = file.to_str().unwrap();
    let run = |extra: &[&str]| {
        let (status, out, error) =
            output(&[&["sim", "--seed", "7", "--ticks", "300", "--json"], extra].concat());
        assert_eq!(status, 0, "{error}");
        serde_json::from_str::<Value>(&out).unwrap()
    };
    let (first, second) = (run(&[]), run(&["--record", file]));
    assert_eq!(first["digest"], second["digest"]);
    // Pinned: debug, release and every platform give this digest.
    insta::assert_json_snapshot!(first, { ".ticks_per_second" => "[rate]" });
    let (status, out, _) = output(&["replay", "verify", file]);
    assert_eq!(status, 0);
    assert!(out.contains(first["digest"].as_str().unwrap()), "{out}");

    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let other = folder.path().join("other");
    std::fs::write(&other, "").unwrap();
    assert_eq!(mode(Path::new(file)), mode(&other), "a replay is as readable as any new file");
    assert_eq!(output(&["sim", "--record", "/nowhere/match.replay"]).0, 1);
    assert!(!Path::new("/nowhere").exists());
}
