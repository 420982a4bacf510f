//! A sector in memory, the API before it, and a client.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use api::{Config, QuotaConfig};
use follow::sectors::Opener;
use follow::{Followed, Follower, Sectors};
use http::Method;
use http_body_util::BodyExt;
use http_kit::{Client, ClientOptions, body};
use process_kit::{CancellationToken, Changes, Handles};
use sector_auth::{Key, Secret, Timestamp};
use sector_redis::{Commit, Lease, NewEvent, Store, StoreOptions, StreamId};
use sector_sim::replay::journal::{Header, Record};
use sector_sim::rules::RULES_VERSION;
use sector_sim::{Delta, FactionId, Order, Rules, Snapshot, Universe, World};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::conformance;
pub(crate) use crate::reply::Reply;

/// Maximum wait of a test.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const BOT_TOKEN: &str = "the bots' own token";
const LEASE_TTL: Duration = Duration::from_secs(3_600);

/// A running API with its own store; the test plays the worker.
pub(crate) struct Sector {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) follower: Arc<Follower>,
    now_ms: Arc<AtomicU64>,
    address: SocketAddr,
    client: Client,
    shutdown: CancellationToken,
    /// Changes the limits.
    pub(crate) limits: Changes<QuotaConfig>,
    running: JoinHandle<Result<(), api::Error>>,
    lease: Lease,
    universe: Universe,
    world: World,
}

/// A configuration with bots and one admin.
pub(crate) fn config() -> Config {
    let mut config =
        Config::new(&Secret::new("a secret of at least thirty-two bytes").unwrap()).unwrap();
    config.bot_api_token = Some(Secret::new(BOT_TOKEN).unwrap());
    config.admin_addresses.0.push(key(200).address());
    // Many players log in from one address here.
    config.quotas.limit_logins = 10_000;
    config
}

/// The body of `POST /auth/verify` for an answer of `POST /auth/nonce`.
pub(crate) fn signed(key: &Key, asked: &Value) -> Value {
    let message = asked["message"].as_str().unwrap();
    json!({"message": message, "signature": key.sign_message(message)})
}

/// The key of player `number`.
pub(crate) fn key(number: u8) -> Key {
    Key::from_random_bytes([number; 32]).unwrap()
}

impl Sector {
    /// A sector at tick 0.
    pub(crate) async fn start() -> Self {
        let mut sector = Self::empty(config()).await;
        sector.begin("u-1", 7).await;
        sector
    }

    /// A sector without a universe.
    pub(crate) async fn empty(config: Config) -> Self {
        Self::beside(config, None).await
    }

    /// A sector without a universe, whose API serves other sectors too.
    pub(crate) async fn beside(config: Config, elsewhere: Option<Box<dyn Opener>>) -> Self {
        let store = sector_redis::open(StoreOptions::memory()).await.unwrap();
        Self::on(store, config, elsewhere).await
    }

    /// A sector on this store.
    pub(crate) async fn on(
        store: Arc<dyn Store>,
        config: Config,
        elsewhere: Option<Box<dyn Opener>>,
    ) -> Self {
        let shutdown = CancellationToken::new();
        let follower = Follower::spawn(store.clone(), shutdown.clone());
        let now_ms = Arc::new(AtomicU64::new(1_795_334_400_000));
        let clock = {
            let now_ms = now_ms.clone();
            Arc::new(move || Timestamp::from_unix_ms(now_ms.load(Ordering::SeqCst)))
        };
        let listener = http_kit::bind("127.0.0.1:0".parse().unwrap(), "--port").await.unwrap();
        let address = listener.local_addr().unwrap();
        let home = Followed::new(None, store.clone(), follower.clone());
        let sectors = Sectors::new(home, elsewhere, shutdown.clone());
        let handles = Handles::from(shutdown.clone());
        let limits = handles.limits.clone();
        let running = tokio::spawn(api::run_with(config, listener, sectors, clock, handles));
        let lease = store.acquire_lease("test", LEASE_TTL).await.unwrap().unwrap();
        Self {
            store,
            follower,
            now_ms,
            address,
            client: Client::new(&ClientOptions::default()),
            shutdown,
            limits,
            running,
            lease,
            universe: Universe { id: String::new(), tick_delay_ms: 300, rules: "classic".into() },
            world: World::new(Rules::classic().into(), 7).unwrap(),
        }
    }

    /// Begins a universe.
    pub(crate) async fn begin(&mut self, id: &str, seed: u64) {
        self.begin_under(id, seed, RULES_VERSION).await;
    }

    /// Begins a universe with this rules version in its record.
    pub(crate) async fn begin_under(&mut self, id: &str, seed: u64, rules_version: u32) {
        self.universe.id = id.to_owned();
        self.world = World::new(Rules::classic().into(), seed).unwrap();
        let snapshot = serde_json::to_string(&self.snapshot()).unwrap();
        let header = Header { rules_version, ..Header::of(id, &self.world) };
        let header = serde_json::to_string(&header).unwrap();
        let events = vec![NewEvent { kind: "snapshot".into(), data: snapshot.clone() }];
        let begin =
            Commit { events, checkpoint: Some(snapshot), begin: Some(header), ..self.commit() };
        self.store.commit(&begin).await.unwrap();
        self.catch_up().await;
    }

    /// Simulates a restore from a backup and returns the new incarnation.
    pub(crate) async fn restore(&self) -> String {
        self.store.release_lease(&self.lease).await.unwrap();
        self.store.renew_incarnation().await.unwrap().to_string()
    }

    /// Steps and commits one tick.
    pub(crate) async fn tick(&mut self, orders: &[Order]) {
        self.tick_with(orders, |commit| commit).await;
    }

    /// Steps and commits one tick, with a change to the commit.
    pub(crate) async fn tick_with(
        &mut self,
        orders: &[Order],
        change: impl FnOnce(Commit) -> Commit,
    ) {
        self.world.step(orders);
        let event =
            NewEvent { kind: "delta".into(), data: serde_json::to_string(&self.delta()).unwrap() };
        let record = serde_json::to_string(&Record::of(&self.world, orders)).unwrap();
        self.store
            .commit(&change(Commit { events: vec![event], record, ..self.commit() }))
            .await
            .unwrap();
        self.catch_up().await;
    }

    /// Steps and commits one tick with a custom record.
    pub(crate) async fn tick_with_record(&mut self, record: Value) {
        self.world.step(&[]);
        let event =
            NewEvent { kind: "delta".into(), data: serde_json::to_string(&self.delta()).unwrap() };
        let commit = Commit { events: vec![event], record: record.to_string(), ..self.commit() };
        self.store.commit(&commit).await.unwrap();
        self.catch_up().await;
    }

    /// Steps and commits a tick that skips orders which no tick can apply.
    pub(crate) async fn refuse(&mut self, orders: &Value) {
        self.world.step(&[]);
        let refused =
            json!({"universe_id": self.universe.id, "tick": self.world.tick(), "orders": orders});
        let events = vec![
            NewEvent { kind: "orders_refused".into(), data: refused.to_string() },
            NewEvent { kind: "delta".into(), data: serde_json::to_string(&self.delta()).unwrap() },
        ];
        self.store.commit(&Commit { events, ..self.commit() }).await.unwrap();
        self.catch_up().await;
    }

    /// Commits a tick that ends the run.
    pub(crate) async fn end(&mut self) {
        self.end_with(json!([])).await;
    }

    /// Commits a tick that ends the run, with claims of these players.
    pub(crate) async fn end_with(&mut self, players: Value) {
        self.world.step(&[]);
        let mut delta = serde_json::to_value(self.delta()).unwrap();
        let tick = self.world.tick();
        delta["result"] = json!({"winner": "F1", "cause": "domination", "tick": tick});
        let end = json!({
            "universe_id": self.universe.id, "tick": tick, "winner": "F1", "cause": "domination", "next_universe_in_ms": 15_000
        });
        let events = vec![
            NewEvent { kind: "delta".into(), data: delta.to_string() },
            NewEvent { kind: "run_end".into(), data: end.to_string() },
        ];
        let summary = json!({
            "universe_id": self.universe.id, "seed": self.world.board().seed(), "systems": self.world.map().len(), "factions": 5,
            "ticks": tick, "winner": "F1", "winner_name": "The first", "cause": "domination",
            "digest": self.world.digest().to_string(), "ended_at_ms": self.now_ms.load(Ordering::SeqCst), "players": players,
        });
        self.store
            .commit(&Commit { events, finished: Some(summary.to_string()), ..self.commit() })
            .await
            .unwrap();
        self.catch_up().await;
    }

    /// Trims all events but the last, after a new checkpoint.
    pub(crate) async fn trim(&mut self) {
        self.world.step(&[]);
        let event =
            NewEvent { kind: "delta".into(), data: serde_json::to_string(&self.delta()).unwrap() };
        let checkpoint = Some(serde_json::to_string(&self.snapshot()).unwrap());
        let commit =
            Commit { events: vec![event], checkpoint, event_maxlen: Some(1), ..self.commit() };
        self.store.commit(&commit).await.unwrap();
        self.catch_up().await;
    }

    fn commit(&self) -> Commit {
        Commit {
            lease: self.lease.clone(),
            lease_ttl: LEASE_TTL,
            universe: self.universe.id.as_str().into(),
            tick: self.world.tick(),
            digest: self.world.digest().to_string(),
            cursor: StreamId::START,
            record: serde_json::to_string(&Record::of(&self.world, &[])).unwrap(),
            ..Commit::default()
        }
    }

    /// The sector in the worker.
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.universe, self.world.map(), self.world.board(), self.world.digest())
    }

    fn delta(&self) -> Delta {
        Delta::of(&self.universe.id, &self.world).narrated(self.world.map(), self.world.board())
    }

    async fn catch_up(&self) {
        let head = self.store.head().await.unwrap().unwrap();
        let ready = async {
            self.follower.ready().await.unwrap();
            self.follower.caught_up(PATIENCE).await.unwrap()
        };
        let frame = tokio::time::timeout(PATIENCE, ready).await.expect("the follower follows");
        assert_eq!(frame.event_id(), head.event_id);
    }

    /// Current time, in milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> u64 {
        self.now_ms.load(Ordering::SeqCst)
    }

    /// The world in the worker.
    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    /// Home system of faction `number`, counted from 1.
    pub(crate) fn home(&self, number: u8) -> u32 {
        let id = FactionId::starter(number - 1).unwrap();
        self.world.board().faction(id).unwrap().home.unwrap().0
    }

    /// Advances the clock of the API.
    pub(crate) fn pass_seconds(&self, seconds: u64) {
        self.now_ms.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }

    /// Sends a request and checks the response against the API document.
    pub(crate) async fn send(
        &self,
        request: http::request::Builder,
        body: impl Into<Vec<u8>>,
    ) -> Reply {
        let body: Vec<u8> = body.into();
        let request = request.header("content-length", body.len()).body(body::full(body)).unwrap();
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let answer = async {
            let response = self.client.send(request).await.unwrap();
            let (parts, body) = response.into_parts();
            let body = body.collect().await.unwrap().to_bytes().to_vec();
            Reply { status: parts.status.as_u16(), headers: parts.headers, body }
        };
        let reply = tokio::time::timeout(PATIENCE, answer).await.expect("the API answers");
        conformance::check(&method, &path, &reply);
        reply
    }

    /// Sends a request; the caller reads the body of the response.
    pub(crate) async fn open(&self, request: http::request::Builder) -> http_kit::Response {
        let request = request.body(body::empty()).unwrap();
        tokio::time::timeout(PATIENCE, self.client.send(request))
            .await
            .expect("the API answers")
            .unwrap()
    }

    /// Address of the API.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A request builder.
    pub(crate) fn request(&self, method: Method, path: &str) -> http::request::Builder {
        http::Request::builder().method(method).uri(format!("http://{}{path}", self.address))
    }

    /// Gets a path without credentials.
    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path), "").await
    }

    /// Path of the events after this one, with its incarnation.
    pub(crate) async fn after(&self, id: &str) -> String {
        let incarnation = self.store.incarnation().await.unwrap();
        format!("/events?after={id}&incarnation={incarnation}")
    }

    /// Gets a path with a token.
    pub(crate) async fn get_as(&self, token: &str, path: &str) -> Reply {
        self.send(
            self.request(Method::GET, path).header("authorization", format!("Bearer {token}")),
            "",
        )
        .await
    }

    /// Posts JSON without credentials.
    pub(crate) async fn post(&self, path: &str, json: &Value) -> Reply {
        let request = self.request(Method::POST, path).header("content-type", "application/json");
        self.send(request, json.to_string()).await
    }

    /// Sends JSON with a token.
    pub(crate) async fn post_as(&self, token: &str, path: &str, json: &Value) -> Reply {
        let request = self
            .request(Method::POST, path)
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {token}"));
        self.send(request, json.to_string()).await
    }

    /// Sends JSON as a bot.
    pub(crate) async fn post_as_bot(&self, path: &str, json: &Value) -> Reply {
        let request = self
            .request(Method::POST, path)
            .header("content-type", "application/json")
            .header("x-bot-token", BOT_TOKEN);
        self.send(request, json.to_string()).await
    }

    /// Logs player `number` in.
    pub(crate) async fn log_in(&self, number: u8) -> String {
        let key = key(number);
        let address = key.address().to_string();
        let message = self.post("/auth/nonce", &json!({"address": address})).await.json();
        let answer = self.post("/auth/verify", &signed(&key, &message)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    /// Logs player `number` in and claims a faction for them.
    pub(crate) async fn log_in_with(&self, number: u8, faction: &str) -> String {
        let token = self.log_in(number).await;
        let answer = self.post_as(&token, "/factions/claim", &json!({"faction": faction})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        token
    }

    /// A one-time code of the operator.
    pub(crate) fn operator_code(&self) -> String {
        api::operator_code(&config().jwt_secret, Timestamp::from_unix_ms(self.now_ms())).unwrap()
    }

    /// Tells the API to shut down.
    pub(crate) fn shut_down(&self) {
        self.shutdown.cancel();
    }

    /// Shuts the API down and waits until it has drained.
    pub(crate) async fn stop(self) {
        self.store.release_lease(&self.lease).await.unwrap();
        self.shutdown.cancel();
        tokio::time::timeout(PATIENCE, self.running).await.expect("it drains").unwrap().unwrap();
    }
}
