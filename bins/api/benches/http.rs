//! What the API costs above the server it stands on: beside a bare hyper server that answers the same bytes, and beside
//! `redis-benchmark`, in one run, with the same clients.
//!
//! To hold: `GET /snapshot` and its 304 at least 0.8 of the bare server; `POST /orders` of one order over 16 connections
//! at least 0.7 of unpipelined `XADD`, with a 99th percentile of at most 5 ms; at most 40 MB at rest. All of it shares
//! this machine: clients, API and Redis. Exits with 1 when a promise is broken.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run must fail loudly")]

use std::convert::Infallible;
use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::Config;
use bytes::Bytes;
use follow::Sectors;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use sector_auth::Secret;
use sector_redis::testkit::RedisServer;
use sector_redis::{Commit, Lease, NewEvent, Place, RedisOptions, Store, StoreOptions, StreamId};
use sector_sim::{Delta, Rules, Snapshot, Universe, World};
use service::CancellationToken;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const CONNECTIONS: usize = 16;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(700);
const LEASE_TTL: Duration = Duration::from_secs(3_600);
const BOT_TOKEN: &str = "the bots' own token";

/// What a promise came to.
struct Held {
    name: &'static str,
    measured: f64,
    beside: f64,
    ratio: f64,
    is_kept: bool,
    promise: &'static str,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let held = runtime.block_on(measure());
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{:<28} {:>12} {:>12} {:>8}   promise", "", "API", "beside", "ratio").unwrap();
    for line in &held {
        let mark = if line.is_kept { "" } else { "   BROKEN" };
        let Held { name, measured, beside, ratio, promise, .. } = line;
        writeln!(out, "{name:<28} {measured:>12.1} {beside:>12.1} {ratio:>8.2}   {promise}{mark}").unwrap();
    }
    if held.iter().any(|line| !line.is_kept) {
        std::process::exit(1);
    }
}

async fn measure() -> Vec<Held> {
    let redis = RedisServer::start_with(&["--appendfsync", "everysec", "--auto-aof-rewrite-percentage", "0"]);
    let place = StoreOptions::new(Place::Redis(RedisOptions::new(redis.url())));
    let shutdown = CancellationToken::new();
    let store = sector_redis::open(place.clone()).await.unwrap();
    let mut worker = Worker::begin(Arc::clone(&store)).await;

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut config = Config::new(Secret::new("a secret of at least thirty-two bytes").unwrap());
    config.bot_api_token = Some(Secret::new(BOT_TOKEN).unwrap());
    // Each connection is a client of its own, and none is refused.
    config.trusted_proxies = "127.0.0.1".parse().unwrap();
    config.quotas.limit_reads = 100_000;
    config.quotas.limit_orders = 20_000;
    let sectors = Sectors::of(place, Arc::clone(&store), shutdown.clone());
    sectors.home().follower().ready().await.unwrap();
    tokio::spawn(api::run(config, listener, sectors, shutdown.clone()));

    let snapshot = fetch(address, "").await;
    let tag = header(&snapshot.0, "etag");
    let not_modified = fetch(address, &format!("if-none-match: {tag}\r\n")).await;
    let bare = bare(&snapshot.0, snapshot.1.clone()).await;
    let bare_empty = self::bare(&not_modified.0, Bytes::new()).await;

    let mut held = Vec::new();
    for (name, beside, headers) in [
        ("GET /snapshot, 1/s", bare, String::new()),
        ("GET /snapshot 304, 1/s", bare_empty, format!("if-none-match: {tag}\r\n")),
    ] {
        let get = |client: usize| {
            format!("GET /snapshot HTTP/1.1\r\nhost: x\r\nx-forwarded-for: 10.0.{client}.1\r\n{headers}\r\n")
        };
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            // Other addresses each round, so that no quota is used up.
            let client = |index: usize| round * CONNECTIONS + index;
            ours.push(load(address, ROUND, |index| get(client(index))).await.rate);
            theirs.push(load(beside, ROUND, |index| get(client(index))).await.rate);
        }
        let (ours, theirs) = (median(ours), median(theirs));
        let ratio = ours / theirs;
        let promise = "at least 0.8 of a bare server";
        held.push(Held { name, measured: ours, beside: theirs, ratio, is_kept: ratio >= 0.8, promise });
    }

    let (stop, stopped) = (CancellationToken::new(), CancellationToken::new());
    let ticking = tokio::spawn({
        let (stop, stopped) = (stop.clone(), stopped.clone());
        async move {
            while !stop.is_cancelled() {
                worker.tick().await;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            stopped.cancel();
        }
    });
    let body =
        format!(r#"{{"orders":[{{"kind":"muster","faction":"F1","target_id":0,"client_id":"{}"}}]}}"#, "0".repeat(16));
    let post = |index: usize, number: u64| {
        let body = body.replace(&"0".repeat(16), &format!("{index:04x}{number:012x}"));
        let length = body.len();
        format!(
            "POST /orders HTTP/1.1\r\nhost: x\r\nx-bot-token: {BOT_TOKEN}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
    };
    let (mut ours, mut theirs, mut p99s) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let loaded = load_numbered(address, ROUND, |index, number| post(index + round * CONNECTIONS, number)).await;
        ours.push(loaded.rate);
        p99s.push(loaded.p99_ms);
        theirs.push(redis_benchmark(&redis, &body));
    }
    stop.cancel();
    stopped.cancelled().await;
    ticking.await.unwrap();
    let (ours, theirs, p99) = (median(ours), median(theirs), median(p99s));
    let ratio = ours / theirs;
    held.push(Held {
        name: "POST /orders, 1/s",
        measured: ours,
        beside: theirs,
        ratio,
        is_kept: ratio >= 0.7,
        promise: "at least 0.7 of XADD by redis-benchmark",
    });
    held.push(Held {
        name: "POST /orders p99, ms",
        measured: p99,
        beside: 5.0,
        ratio: p99 / 5.0,
        is_kept: p99 <= 5.0,
        promise: "at most 5 ms",
    });
    shutdown.cancel();
    let memory = memory_mb(&redis).await;
    held.push(Held {
        name: "memory at rest, MB",
        measured: memory,
        beside: 40.0,
        ratio: memory / 40.0,
        is_kept: memory <= 40.0,
        promise: "at most 40 MB",
    });
    held
}

/// The worker's part: a universe, and ticks that pass the orders.
struct Worker {
    store: Arc<dyn Store>,
    lease: Lease,
    universe: Universe,
    world: World,
    cursor: StreamId,
}

impl Worker {
    async fn begin(store: Arc<dyn Store>) -> Self {
        let lease = store.acquire_lease("bench", LEASE_TTL).await.unwrap().unwrap();
        let universe = Universe { id: "u-1".into(), tick_delay_ms: 300, rules: "classic".into() };
        let world = World::new(Rules::classic().into(), 7).unwrap();
        let worker = Self { store, lease, universe, world, cursor: StreamId::START };
        let snapshot = Snapshot::of(&worker.universe, worker.world.map(), worker.world.board(), worker.world.digest());
        let snapshot = serde_json::to_string(&snapshot).unwrap();
        let events = vec![NewEvent { kind: "snapshot".into(), data: snapshot.clone() }];
        let begin = Commit { events, checkpoint: Some(snapshot), begin: Some("{}".into()), ..worker.commit() };
        worker.store.commit(&begin).await.unwrap();
        worker
    }

    async fn tick(&mut self) {
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
            universe: self.universe.id.clone(),
            tick: self.world.tick(),
            digest: self.world.digest().to_string(),
            cursor: self.cursor,
            record: "{}".into(),
            ..Commit::default()
        }
    }
}

/// A server that does nothing but answer these bytes, with these headers.
async fn bare(head: &str, body: Bytes) -> SocketAddr {
    let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
    let headers: HeaderMap = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .filter(|(name, _)| !matches!(*name, "date" | "content-length"))
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.trim().parse::<HeaderValue>().unwrap()))
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
                // The client hangs up.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}

struct Loaded {
    rate: f64,
    p99_ms: f64,
}

async fn load(address: SocketAddr, time: Duration, request: impl Fn(usize) -> String) -> Loaded {
    load_numbered(address, time, |index, _| request(index)).await
}

/// Asks over all connections, each as soon as it is answered.
async fn load_numbered(address: SocketAddr, time: Duration, request: impl Fn(usize, u64) -> String) -> Loaded {
    let ends = Instant::now() + time;
    let request = &request;
    let clients = (0..CONNECTIONS).map(|index| async move {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (mut latencies, mut buffer) = (Vec::new(), Vec::with_capacity(64 << 10));
        while Instant::now() < ends {
            let text = request(index, latencies.len() as u64);
            let begun = Instant::now();
            stream.write_all(text.as_bytes()).await.unwrap();
            let head = answer(&mut stream, &mut buffer).await;
            assert!(head.starts_with("HTTP/1.1 2") || head.starts_with("HTTP/1.1 304"), "{head}");
            latencies.push(begun.elapsed());
        }
        latencies
    });
    let begun = Instant::now();
    let latencies: Vec<Duration> = join(clients.collect()).await.into_iter().flatten().collect();
    let seconds = begun.elapsed().as_secs_f64();
    let mut sorted: Vec<f64> = latencies.iter().map(|latency| latency.as_secs_f64() * 1e3).collect();
    sorted.sort_by(f64::total_cmp);
    let p99_ms = sorted[(sorted.len() * 99 / 100).min(sorted.len() - 1)];
    Loaded { rate: latencies.len() as f64 / seconds, p99_ms }
}

async fn join<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    futures_util::future::join_all(futures).await
}

/// Reads one answer; its head.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> String {
    buffer.clear();
    let head_end = loop {
        if let Some(end) = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end + 4;
        }
        assert_ne!(stream.read_buf(buffer).await.unwrap(), 0, "the server hung up");
    };
    let head = String::from_utf8(buffer[..head_end].to_vec()).unwrap();
    let length: usize =
        if head.starts_with("HTTP/1.1 304") { 0 } else { header(&head, "content-length").parse().unwrap() };
    while buffer.len() < head_end + length {
        assert_ne!(stream.read_buf(buffer).await.unwrap(), 0, "the server hung up");
    }
    head
}

async fn fetch(address: SocketAddr, headers: &str) -> (String, Bytes) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET /snapshot HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut buffer = Vec::new();
    let head = answer(&mut stream, &mut buffer).await;
    let body = Bytes::copy_from_slice(&buffer[head.len()..]);
    (head, body)
}

fn header(head: &str, name: &str) -> String {
    let line = head.lines().find_map(|line| line.split_once(':').filter(|(key, _)| key.eq_ignore_ascii_case(name)));
    line.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
}

/// Unpipelined `XADD` of as many bytes over as many connections.
fn redis_benchmark(redis: &RedisServer, body: &str) -> f64 {
    let socket = redis.url().split("unix://").nth(1).unwrap().to_owned();
    let connections = CONNECTIONS.to_string();
    let output = Command::new("redis-benchmark")
        .args([
            "-s",
            &socket,
            "-c",
            &connections,
            "-n",
            "30000",
            "-q",
            "--csv",
            "XADD",
            "bench:raw",
            "*",
            "order",
            body,
        ])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().last().unwrap();
    line.rsplit("\",\"").nth(6).unwrap_or_default().trim_matches('"').parse().unwrap()
}

/// What the API takes as a process of its own, once it has answered.
async fn memory_mb(redis: &RedisServer) -> f64 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut child = Command::new(env!("CARGO_BIN_EXE_api"))
        .args(["--port", &address.port().to_string(), "--redis-url", &redis.url()])
        .env("JWT_SECRET", "a secret of at least thirty-two bytes")
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(address).await.is_err() {
        assert!(Instant::now() < deadline, "the API does not come up");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    loop {
        let (head, _) = fetch(address, "").await;
        if head.starts_with("HTTP/1.1 200") {
            break;
        }
        assert!(Instant::now() < deadline, "{head}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
