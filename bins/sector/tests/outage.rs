//! Redis dies, fills up or turns read-only under running services: they say so meanwhile, give no
//! false receipt, and go on by themselves.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use process_kit::CancellationToken;
use process_kit::config::{Milliseconds, Seconds};
use sector_auth::Secret;
use sector_redis::{Place, RedisOptions, StoreOptions};
use serde_json::{Value, json};
use sim_worker::Sources;
use store_testkit::{RedisServer, eventually};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// How soon everything goes on once Redis is back.
const RECOVERY: Duration = Duration::from_secs(5);
/// Longest a test waits for anything else.
const PATIENCE: Duration = Duration::from_secs(30);
const BOT_TOKEN: &str = "the bots' own token";

/// Worker, API and frontend, each with a connection of its own as in processes of their own.
struct Services {
    redis: RedisServer,
    api: String,
    frontend: SocketAddr,
    http: reqwest::Client,
    shutdown: CancellationToken,
    running: JoinSet<Result<(), String>>,
}

impl Services {
    async fn start() -> Self {
        let redis = RedisServer::start();
        let url = redis.url();
        let open = async || {
            let place = Place::Redis(RedisOptions::new(&url));
            sector_redis::open(StoreOptions::new(place)).await.unwrap()
        };
        let listen =
            async || http_kit::bind("127.0.0.1:0".parse().unwrap(), "--port").await.unwrap();
        let (shutdown, mut running) = (CancellationToken::new(), JoinSet::new());

        let config = sim_worker::Config {
            tick_ms: Milliseconds(50),
            seed: Some(7),
            systems: 30,
            factions: 5,
            // Runs out while Redis is away.
            lease_ttl_ms: Milliseconds(1_000),
            order_block_ms: Milliseconds(100),
            reset_universe_on_start: true,
            event_stream_maxlen: 10_000,
            snapshot_every: 20,
            universe_pause_ms: Milliseconds(1_000),
            claim_idle_seconds: Seconds(600),
            autopilot_seconds: Seconds(30),
            victory_share_percent: 50,
            victory_presence_seconds: Seconds(60),
        };
        let worker = sim_worker::run(config, open().await, Sources::system(), shutdown.clone());
        running.spawn(async { worker.await.map_err(|error| format!("worker: {error}")) });

        let listener = listen().await;
        let api = format!("http://{}", listener.local_addr().unwrap());
        let mut config =
            api::Config::new(&Secret::new("a secret of at least thirty-two bytes").unwrap())
                .unwrap();
        config.bot_api_token = Some(Secret::new(BOT_TOKEN).unwrap());
        let serving = api::run(
            config,
            listener,
            follow::Sectors::one(open().await, shutdown.clone()),
            shutdown.clone(),
        );
        running.spawn(async { serving.await.map_err(|error| format!("api: {error}")) });

        let listener = listen().await;
        let frontend = listener.local_addr().unwrap();
        let config =
            frontend::Config { api_url: api.parse().unwrap(), ..frontend::Config::default() };
        let serving = frontend::run(
            config,
            listener,
            follow::Sectors::one(open().await, shutdown.clone()),
            shutdown.clone(),
        );
        running.spawn(async { serving.await.map_err(|error| format!("frontend: {error}")) });

        let services =
            Self { redis, api, frontend, http: reqwest::Client::new(), shutdown, running };
        services
            .until(PATIENCE, async || services.are_ready().await && services.tick().await > 3)
            .await;
        services
    }

    async fn stop(mut self) {
        self.shutdown.cancel();
        while let Some(ended) = self.running.join_next().await {
            assert_eq!(ended.unwrap(), Ok(()));
        }
    }

    async fn get(&self, url: &str) -> (u16, Value) {
        let answer = self.http.get(url).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// What both probes of the API and of the frontend say.
    async fn probes(&self, probe: &str) -> [u16; 2] {
        let (api, frontend) =
            (format!("{}{probe}", self.api), format!("http://{}{probe}", self.frontend));
        let (api, frontend) = tokio::join!(self.get(&api), self.get(&frontend));
        for (status, said) in [&api, &frontend] {
            assert!(*status == 200 || said["reason"].is_string(), "{status} {said}");
        }
        [api.0, frontend.0]
    }

    async fn are_ready(&self) -> bool {
        self.probes("/readyz").await == [200, 200]
    }

    /// The tick that the API and the frontend both have reached.
    async fn tick(&self) -> u64 {
        let (api, frontend) =
            (format!("{}/health", self.api), format!("http://{}/health", self.frontend));
        let (api, frontend) = tokio::join!(self.get(&api), self.get(&frontend));
        let tick = |health: &Value| health["tick"].as_u64().unwrap_or(0);
        tick(&api.1).min(tick(&frontend.1))
    }

    /// Gives one order as a bot: the status, whether it says when to try again, and the body.
    async fn order(&self, client_id: &str) -> (u16, bool, Value) {
        let (_, snapshot) = self.get(&format!("{}/snapshot", self.api)).await;
        let order = json!({
            "kind": "focus", "faction": "F1", "system_id": snapshot["factions"][0]["home_id"],
            "focus": "industry", "client_id": client_id
        });
        let request =
            self.http.post(format!("{}/orders", self.api)).header("x-bot-token", BOT_TOKEN);
        let answer = request.json(&json!({ "orders": [order] })).send().await.unwrap();
        let retry = answer.headers().contains_key("retry-after");
        (answer.status().as_u16(), retry, answer.json().await.unwrap())
    }

    /// The order is refused for now, with a problem that says so.
    async fn assert_refused_for_now(&self, client_id: &str) {
        let (status, retry, problem) = self.order(client_id).await;
        assert_eq!(
            (status, retry, &problem["code"]),
            (503, true, &json!("store_unavailable")),
            "{problem}"
        );
        assert_eq!(problem["id"], Value::Null, "a receipt: {problem}");
    }

    /// The order is accepted, as for the first time, and carried out or refused by one tick.
    async fn assert_carried_out_once(&self, client_id: &str) {
        let (status, _, receipt) = self.order(client_id).await;
        assert_eq!((status, &receipt["duplicates"]), (202, &json!([])), "{receipt}");
        let (_, _, again) = self.order(client_id).await;
        assert_eq!(again["duplicates"], json!([client_id]), "{again}");
        let told = async || {
            let (_, page) = self.get(&format!("{}/events?count=1000", self.api)).await;
            let entries = page["events"].as_array().unwrap().iter();
            let events = entries
                .flat_map(|entry| entry["data"]["events"].as_array().cloned().unwrap_or_default());
            events.filter(|event| event["client_id"] == client_id).count()
        };
        self.until(PATIENCE, async || told().await > 0).await;
        let tick = self.tick().await;
        self.until(PATIENCE, async || self.tick().await > tick + 2).await;
        assert_eq!(told().await, 1);
    }

    async fn until(&self, limit: Duration, is_so: impl AsyncFn() -> bool) {
        eventually("the services change", limit, async || is_so().await.then_some(())).await;
    }

    fn redis_cli(&self, command: &[&str]) {
        let url = self.redis.url();
        let socket = url.strip_prefix("redis+unix://").unwrap();
        let output = Command::new("redis-cli")
            .args(["-s", socket])
            .args(command)
            .output()
            .expect("redis-cli runs");
        assert!(
            output.status.success() && output.stdout.starts_with(b"OK"),
            "{command:?}: {output:?}"
        );
    }
}

/// A WebSocket, read as it comes: what the server says is not masked.
struct Browser {
    stream: TcpStream,
    heard: Vec<u8>,
}

impl Browser {
    async fn open(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "GET /ws HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut browser = Self { stream, heard: Vec::new() };
        browser.is_told("101 Switching Protocols").await;
        browser
    }

    /// Reads on until after these words.
    async fn is_told(&mut self, words: &str) {
        let reading = async {
            loop {
                if let Some(at) =
                    self.heard.windows(words.len()).position(|window| window == words.as_bytes())
                {
                    self.heard.drain(..at + words.len());
                    return;
                }
                // The beginning of the words may have come already.
                let told = self.heard.len().saturating_sub(words.len());
                self.heard.drain(..told);
                assert!(
                    self.stream.read_buf(&mut self.heard).await.unwrap() > 0,
                    "the frontend closes"
                );
            }
        };
        tokio::time::timeout(PATIENCE, reading)
            .await
            .unwrap_or_else(|_| panic!("a browser is not told {words}"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_dies_and_everything_goes_on_within_seconds_of_its_return() {
    let mut services = Services::start().await;
    let mut browser = Browser::open(services.frontend).await;

    services.redis.kill();
    services.until(RECOVERY, async || services.probes("/readyz").await == [503, 503]).await;
    assert_eq!(services.probes("/livez").await, [200, 200]);
    browser.is_told(r#""type":"link","data":{"following":false}"#).await;
    services.assert_refused_for_now("first").await;
    // Long enough for the lease to run out, and for all pauses to be at their longest.
    tokio::time::sleep(Duration::from_secs(6)).await;
    services.assert_refused_for_now("first").await;
    assert_eq!(services.probes("/readyz").await, [503, 503]);
    let tick = services.tick().await;

    services.redis.restart();
    let back = Instant::now();
    services
        .until(RECOVERY, async || services.are_ready().await && services.tick().await > tick)
        .await;
    println!("everything went on {:?} after Redis was back", back.elapsed());
    browser.is_told(r#""type":"link","data":{"following":true}"#).await;
    browser.is_told(r#""type":"delta""#).await;
    services.assert_carried_out_once("first").await;
    services.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_takes_no_writes_gives_no_receipts() {
    let services = Services::start().await;
    for (number, (refuse, take)) in [
        (["config", "set", "maxmemory", "1"], ["config", "set", "maxmemory", "0"]),
        (["replicaof", "127.0.0.1", "1", ""], ["replicaof", "no", "one", ""]),
    ]
    .iter()
    .enumerate()
    {
        let words = |command: &[&'static str; 4]| -> Vec<&'static str> {
            command.iter().copied().filter(|word| !word.is_empty()).collect()
        };
        let client_id = format!("order-{number}");
        services.redis_cli(&words(refuse));
        services.until(RECOVERY, async || services.order("probe").await.0 == 503).await;
        services.assert_refused_for_now(&client_id).await;
        assert_eq!(services.probes("/livez").await, [200, 200]);
        let tick = services.tick().await;
        services.redis_cli(&words(take));
        services
            .until(RECOVERY, async || services.are_ready().await && services.tick().await > tick)
            .await;
        services.assert_carried_out_once(&client_id).await;
    }
    services.stop().await;
}
