//! The API on its own Redis, with ticks that consume the orders, and bare servers that return the same bytes.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use api::Config;
use bytes::Bytes;
use follow::Sectors;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use process_kit::telemetry::{self, LogFormat, LogOptions};
use process_kit::trace::{self, TraceOptions};
use process_kit::{CancellationToken, Handles};
use sector_auth::Secret;
use sector_redis::{Commit, Lease, NewEvent, Place, RedisOptions, Store, StoreOptions, StreamId};
use sector_sim::{Delta, Rules, Snapshot, Universe, World};
use store_testkit::RedisServer;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::load::{fetch, header};

const LEASE_TTL: Duration = Duration::from_secs(3_600);
const TICK: Duration = Duration::from_millis(50);
pub(crate) const BOT_TOKEN: &str = "the bots' own token";

/// The servers under test.
pub(crate) struct Servers {
    pub(crate) redis: RedisServer,
    pub(crate) api: SocketAddr,
    /// Returns the same snapshot.
    pub(crate) bare: SocketAddr,
    /// Returns the same 304.
    pub(crate) bare_empty: SocketAddr,
    /// ETag of the snapshot.
    pub(crate) tag: String,
    worker: Option<Worker>,
    ticking: Option<JoinHandle<()>>,
    shutdown: CancellationToken,
}

impl Servers {
    pub(crate) async fn start() -> Self {
        let redis = RedisServer::start_with(&[
            "--appendfsync",
            "everysec",
            "--auto-aof-rewrite-percentage",
            "0",
        ]);
        let place = StoreOptions::new(Place::Redis(RedisOptions::new(redis.url())));
        let shutdown = CancellationToken::new();
        let store = sector_redis::open(place.clone()).await.unwrap();
        let worker = Worker::begin(Arc::clone(&store)).await;

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api = listener.local_addr().unwrap();
        let mut config =
            Config::new(&Secret::new("a secret of at least thirty-two bytes").unwrap()).unwrap();
        config.bot_api_token = Some(Secret::new(BOT_TOKEN).unwrap());
        // Each connection is a separate client, and none is refused.
        config.trusted_proxies = "127.0.0.1".parse().unwrap();
        config.quotas.limit_reads = 100_000;
        config.quotas.limit_orders = 20_000;
        let mut handles = Handles::from(shutdown.clone());
        // As deployed: with logs and exported traces.
        if let Ok(log) = std::env::var("LOG") {
            telemetry::init(&LogOptions { log, log_format: LogFormat::Json, reload_file: None })
                .unwrap();
            let options = TraceOptions {
                otlp_endpoint: Some("http://127.0.0.1:9".into()),
                ..TraceOptions::default()
            };
            handles.tracer = trace::begin("api", &options, &handles.metrics).unwrap();
        }
        let sectors = Sectors::of(place, store, shutdown.clone());
        sectors.home().follower().ready().await.unwrap();
        tokio::spawn(api::run(config, listener, sectors, handles));

        let snapshot = fetch(api, "").await;
        let tag = header(&snapshot.0, "etag");
        let not_modified = fetch(api, &format!("if-none-match: {tag}\r\n")).await;
        let bare = bare(&snapshot.0, snapshot.1).await;
        let bare_empty = self::bare(&not_modified.0, Bytes::new()).await;
        Self { redis, api, bare, bare_empty, tag, worker: Some(worker), ticking: None, shutdown }
    }

    /// Starts ticking, so that orders are consumed; earlier ETags become stale.
    pub(crate) fn begin_to_tick(&mut self) {
        let Some(mut worker) = self.worker.take() else { return };
        let stop = self.shutdown.clone();
        self.ticking = Some(tokio::spawn(async move {
            while !stop.is_cancelled() {
                worker.tick().await;
                tokio::time::sleep(TICK).await;
            }
        }));
    }

    /// Stops everything except Redis.
    pub(crate) async fn stop(self) -> RedisServer {
        self.shutdown.cancel();
        if let Some(ticking) = self.ticking {
            ticking.await.unwrap();
        }
        self.redis
    }
}

/// The worker's part: a universe, and ticks that consume the orders.
pub(crate) struct Worker {
    store: Arc<dyn Store>,
    lease: Lease,
    universe: Universe,
    world: World,
    cursor: StreamId,
}

impl Worker {
    pub(crate) async fn begin(store: Arc<dyn Store>) -> Self {
        let lease = store.acquire_lease("bench", LEASE_TTL).await.unwrap().unwrap();
        let universe = Universe { id: "u-1".into(), tick_delay_ms: 300, rules: "classic".into() };
        let world = World::new(Rules::classic().into(), 7).unwrap();
        let worker = Self { store, lease, universe, world, cursor: StreamId::START };
        let snapshot = Snapshot::of(
            &worker.universe,
            worker.world.map(),
            worker.world.board(),
            worker.world.digest(),
        );
        let snapshot = serde_json::to_string(&snapshot).unwrap();
        let events = vec![NewEvent { kind: "snapshot".into(), data: snapshot.clone() }];
        let begin = Commit {
            events,
            checkpoint: Some(snapshot),
            begin: Some("{}".into()),
            ..worker.commit()
        };
        worker.store.commit(&begin).await.unwrap();
        worker
    }

    pub(crate) async fn tick(&mut self) {
        let entries = self.store.orders_after(self.cursor, 10_000, Duration::ZERO).await.unwrap();
        self.cursor = entries.last().map_or(self.cursor, |entry| entry.id);
        self.world.step(&[]);
        let delta = Delta::of(&self.universe.id, &self.world);
        let event = NewEvent { kind: "delta".into(), data: serde_json::to_string(&delta).unwrap() };
        self.store.commit(&Commit { events: vec![event], ..self.commit() }).await.unwrap();
    }

    fn commit(&self) -> Commit {
        Commit {
            lease: self.lease.clone(),
            lease_ttl: LEASE_TTL,
            universe: self.universe.id.as_str().into(),
            tick: self.world.tick(),
            digest: self.world.digest().to_string(),
            cursor: self.cursor,
            record: "{}".into(),
            ..Commit::default()
        }
    }
}

/// A server that only returns these bytes with these headers.
pub(crate) async fn bare(head: &str, body: Bytes) -> SocketAddr {
    let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
    let headers: HeaderMap = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .filter(|(name, _)| !matches!(*name, "date" | "content-length"))
        .map(|(name, value)| {
            (name.parse::<HeaderName>().unwrap(), value.trim().parse::<HeaderValue>().unwrap())
        })
        .collect();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (body, headers) = (body.clone(), headers.clone());
            tokio::spawn(async move {
                let service = service_fn(move |_| {
                    let mut response = http::Response::new(Full::new(body.clone()));
                    *response.status_mut() = status.try_into().unwrap();
                    *response.headers_mut() = headers.clone();
                    async move { Ok::<_, Infallible>(response) }
                });
                // The client closes the connection.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}
