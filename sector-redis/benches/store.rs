//! What the promises cost: accepting orders and committing ticks, beside the raw operations of
//! Redis on the same server in the same run.
//!
//! Names: `accept/<fsync>/{xadd,order}/<concurrency>`: entries a second, raw `XADD` of the same
//! bytes against [`Store::append_orders`] of one order with a client id. To hold: orders ≥ 0.7 ×
//! XADD. Printed before: the same with a right to a seat and a bound of the backlog to judge. `commit/<fsync>/{set,tick,checkpoint}/<systems>`: a `SET` of as many bytes as the
//! checkpoint has, a plain tick, and a tick with the checkpoint. Percentiles and bytes written a
//! tick, which criterion does not measure, are printed before (`cargo bench -p sector-redis`).
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run must fail loudly")]

use std::hint::black_box;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use redis::aio::MultiplexedConnection;
use redis::{Commands, cmd};
use sector_redis::{
    BatchOrder, Commit, Lease, NewEvent, OrderBatch, Place, Right, Store, StoreOptions, StreamId,
    open,
};
use store_testkit::RedisServer;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const TTL: Duration = Duration::from_secs(3_600);
/// Sizes of a sector, with about the bytes that a system takes in a snapshot and a changed system in
/// a delta.
const SYSTEMS: [usize; 3] = [30, 3_000, 30_000];
const SNAPSHOT_BYTES_PER_SYSTEM: usize = 120;
/// How many systems change in a plain tick, and the bytes of each.
const CHANGED: usize = 30;
const BYTES_PER_CHANGE: usize = 100;
const ORDER: &str =
    r#"{"kind":"move","fleet":1234,"to":17,"client_id":"0123456789abcdef","source":"human"}"#;
const PLAYER: &str = "0x0123456789abcdef0123456789abcdef01234567";
const AT_MS: u64 = 1_790_000_000_000;
/// How often each way of accepting has its turn.
const ROUNDS: u32 = 7;

struct Rig {
    server: RedisServer,
    store: Arc<dyn Store>,
    raw: MultiplexedConnection,
    lease: Lease,
    tick: u64,
    order: u64,
    cursor: StreamId,
}

impl Rig {
    async fn start(fsync: &str) -> Self {
        let server = RedisServer::start_with(&[
            "--appendfsync",
            fsync,
            "--auto-aof-rewrite-percentage",
            "0",
        ]);
        let store = open(StoreOptions::new(Place::redis(server.url()))).await.unwrap();
        let raw = redis::Client::open(server.url()).unwrap();
        let config =
            redis::AsyncConnectionConfig::new().set_response_timeout(Some(Duration::from_secs(10)));
        let raw = raw.get_multiplexed_async_connection_with_config(&config).await.unwrap();
        let lease = store.acquire_lease("bench", TTL).await.unwrap().unwrap();
        let mut rig =
            Self { server, store, raw, lease, tick: 0, order: 0, cursor: StreamId::START };
        let begin = Commit { begin: Some("header".into()), ..rig.next(0, Some(String::new())) };
        rig.store.commit(&begin).await.unwrap();
        rig
    }

    /// The next tick, in which `changed` systems change.
    fn next(&mut self, changed: usize, checkpoint: Option<String>) -> Commit {
        let tick = self.tick;
        self.tick += 1;
        let delta = "d".repeat(changed * BYTES_PER_CHANGE);
        Commit {
            lease: self.lease.clone(),
            lease_ttl: TTL,
            universe: "u".into(),
            tick,
            digest: format!("{tick:016x}"),
            record: delta.clone(),
            events: vec![NewEvent { kind: "delta".into(), data: delta }],
            checkpoint,
            cursor: self.cursor,
            event_maxlen: Some(1_000),
            ..Commit::default()
        }
    }

    /// Accepts `count` orders with so many at a time, each its own batch.
    async fn accept(&mut self, count: u64, concurrency: u64, right: &Right) -> Duration {
        let first = self.order;
        self.order += count;
        let started = Instant::now();
        let mut tasks = JoinSet::new();
        for lane in 0..concurrency {
            let (store, right) = (self.store.clone(), right.clone());
            tasks.spawn(async move {
                for number in
                    (first + lane..first + count).step_by(usize::try_from(concurrency).unwrap())
                {
                    let order = BatchOrder {
                        client_id: Some(format!("{number:016x}")),
                        body: ORDER.into(),
                    };
                    let batch = OrderBatch {
                        universe: "u".into(),
                        player: PLAYER.into(),
                        source: "human".into(),
                        at_ms: AT_MS,
                        orders: vec![order],
                        right: right.clone(),
                        backlog_max: (right != Right::Any).then_some(u64::MAX),
                    };
                    black_box(store.append_orders(&batch).await.unwrap());
                }
            });
        }
        tasks.join_all().await;
        started.elapsed()
    }

    /// Appends the same with the tool that comes with Redis, which has a connection for each at a time.
    fn redis_benchmark(&self, count: u64, concurrency: u64) -> Duration {
        let url = self.server.url();
        let mut tool = Command::new("redis-benchmark");
        tool.arg("-s").arg(url.strip_prefix("redis+unix://").unwrap());
        tool.arg("-n").arg(count.to_string()).arg("-c").arg(concurrency.to_string()).arg("--csv");
        tool.args(["XADD", "raw", "*", "universe", "u", "player", PLAYER, "source", "human"]);
        tool.args(["at_ms", "1790000000000", "order", ORDER]);
        let output = String::from_utf8(tool.output().unwrap().stdout).unwrap();
        // "test","rps",... and then the same of it; the test's name is the command, quotes and all.
        let figures =
            output.lines().last().unwrap().rsplit(',').map(|figure| figure.trim_matches('"'));
        let a_second: f64 = figures.take(7).last().unwrap().parse().unwrap();
        Duration::from_secs_f64(count as f64 / a_second)
    }

    /// How long Redis has computed so far, its system's time for it included.
    fn server_time(&self) -> Duration {
        let mut connection =
            redis::Client::open(self.server.url()).unwrap().get_connection().unwrap();
        let info: String = cmd("INFO").arg("cpu").query(&mut connection).unwrap();
        let seconds = info.lines().filter_map(|line| {
            let (name, value) = line.trim_end().split_once(':')?;
            matches!(name, "used_cpu_sys" | "used_cpu_user").then(|| value.parse::<f64>().unwrap())
        });
        Duration::from_secs_f64(seconds.sum())
    }

    /// Appends the same fields to a stream, as Redis does it.
    async fn xadd(&self, count: u64, concurrency: u64) -> Duration {
        let started = Instant::now();
        let mut tasks = JoinSet::new();
        for lane in 0..concurrency {
            let mut raw = self.raw.clone();
            tasks.spawn(async move {
                for _ in (lane..count).step_by(usize::try_from(concurrency).unwrap()) {
                    let mut xadd = cmd("XADD");
                    xadd.arg("raw").arg("*").arg("universe").arg("u").arg("player");
                    xadd.arg(PLAYER).arg("source").arg("human");
                    xadd.arg("at_ms").arg("1790000000000").arg("order").arg(ORDER);
                    black_box(xadd.query_async::<String>(&mut raw).await.unwrap());
                }
            });
        }
        tasks.join_all().await;
        started.elapsed()
    }

    /// How many bytes Redis has appended to its log so far.
    fn log_bytes(&self) -> u64 {
        let mut connection =
            redis::Client::open(self.server.url()).unwrap().get_connection().unwrap();
        let info: String = cmd("INFO").arg("persistence").query(&mut connection).unwrap();
        let line = info.lines().find_map(|line| line.trim_end().strip_prefix("aof_current_size:"));
        line.unwrap().parse().unwrap()
    }

    /// Forgets the orders, which would otherwise fill the memory.
    async fn tidy(&mut self) {
        let head = self.store.head().await.unwrap().unwrap();
        self.cursor =
            StreamId::new(head.cursor.number() + self.store.order_backlog().await.unwrap());
        let commit = self.next(0, Some(String::new()));
        self.store.commit(&commit).await.unwrap();
        let mut connection =
            redis::Client::open(self.server.url()).unwrap().get_connection().unwrap();
        connection.del::<_, ()>(&["raw", "sector:client-ids"]).unwrap();
    }
}

fn percentiles(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    format!("p50 {:>9.3?}  p99 {:>9.3?}", at(50), at(99))
}

/// One way to put orders into a stream: its best rate, and the least that Redis computed for each.
#[derive(Clone, Copy)]
struct Cost {
    a_second: f64,
    server_us: f64,
}

impl Cost {
    const NONE: Self = Self { a_second: 0.0, server_us: f64::MAX };

    fn best(self, count: u64, time: Duration, server: Duration) -> Self {
        Self {
            a_second: self.a_second.max(count as f64 / time.as_secs_f64()),
            server_us: self.server_us.min(server.as_secs_f64() * 1e6 / count as f64),
        }
    }
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:>7.0}/s {:>5.1} us of server", self.a_second, self.server_us)
    }
}

/// What criterion does not say of accepting.
fn tell_accept(runtime: &Runtime) {
    for fsync in ["everysec", "always"] {
        runtime.block_on(async {
            let mut rig = Rig::start(fsync).await;
            for concurrency in [1, 32, 128] {
                // In turns, so that a busy machine is as unkind to each; the best of each counts.
                let (mut order, mut judged, mut xadd, mut tool) = (Cost::NONE, Cost::NONE, Cost::NONE, Cost::NONE);
                let seat = Right::Seat { faction: "F1".into(), idle_ms: 600_000 };
                rig.store.claim(&"u".into(), "F1", PLAYER, AT_MS, 600_000).await.unwrap();
                let count = if concurrency == 1 { 1_000 } else { 12_800 };
                for _ in 0..ROUNDS {
                    let before = rig.server_time();
                    let time = rig.xadd(count, concurrency).await;
                    let between = rig.server_time();
                    xadd = xadd.best(count, time, between - before);
                    let time = rig.accept(count, concurrency, &Right::Any).await;
                    let after = rig.server_time();
                    order = order.best(count, time, after - between);
                    let time = rig.accept(count, concurrency, &seat).await;
                    let between = rig.server_time();
                    judged = judged.best(count, time, between - after);
                    let time = rig.redis_benchmark(count, concurrency);
                    tool = tool.best(count, time, rig.server_time() - between);
                    rig.tidy().await;
                }
                println!("{fsync}, {concurrency:>3} at a time: orders {order}; XADD {xadd}; redis-benchmark {tool}");
                println!(
                    "{fsync}, {concurrency:>3} at a time: with a seat {judged}; {:.2} x XADD, {:.2} x server time of XADD",
                    judged.a_second / xadd.a_second,
                    judged.server_us / xadd.server_us,
                );
                println!(
                    "{fsync}, {concurrency:>3} at a time: {:.2} x XADD, {:.2} x redis-benchmark; {:.2} x server time of XADD",
                    order.a_second / xadd.a_second,
                    order.a_second / tool.a_second,
                    order.server_us / xadd.server_us,
                );
            }
        });
    }
}

/// What criterion does not say of committing.
fn tell_commit(runtime: &Runtime) {
    for fsync in ["everysec", "always"] {
        runtime.block_on(async {
            let mut rig = Rig::start(fsync).await;
            for systems in SYSTEMS {
                let snapshot = "s".repeat(systems * SNAPSHOT_BYTES_PER_SYSTEM);
                for checkpoint in [None, Some(snapshot)] {
                    let mut times = Vec::new();
                    for _ in 0..200 {
                        let commit = rig.next(CHANGED, checkpoint.clone());
                        let started = Instant::now();
                        rig.store.commit(&commit).await.unwrap();
                        times.push(started.elapsed());
                    }
                    let kind = if checkpoint.is_some() { "with checkpoint" } else { "plain          " };
                    println!("{fsync}, commit {kind} at {systems:>6} systems: {}", percentiles(times));
                }
            }
            if fsync == "everysec" {
                for changed in [0, 1, 10, 100, 1_000] {
                    let before = rig.log_bytes();
                    for _ in 0..10 {
                        let commit = rig.next(changed, None);
                        rig.store.commit(&commit).await.unwrap();
                    }
                    let a_tick = (rig.log_bytes() - before) / 10;
                    let payload = 2 * changed * BYTES_PER_CHANGE;
                    println!(
                        "{changed:>5} systems change: {a_tick:>7} bytes of log a tick, {payload:>7} of them payload"
                    );
                }
            }
        });
    }
}

fn benches(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    if std::env::args().any(|argument| argument == "--bench") {
        let filters: Vec<String> =
            std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
        let wanted = |name: &str| {
            filters.is_empty() || filters.iter().any(|filter| filter.starts_with(name))
        };
        if wanted("accept") {
            tell_accept(&runtime);
        }
        if wanted("commit") {
            tell_commit(&runtime);
        }
    }
    for fsync in ["everysec", "always"] {
        let mut rig = runtime.block_on(Rig::start(fsync));
        let mut group = criterion.benchmark_group(format!("accept/{fsync}"));
        group
            .sample_size(10)
            .warm_up_time(Duration::from_millis(500))
            .measurement_time(Duration::from_secs(2));
        group.throughput(Throughput::Elements(1));
        for concurrency in [1, 32, 128] {
            group.bench_function(BenchmarkId::new("xadd", concurrency), |bencher| {
                bencher.iter_custom(|count| runtime.block_on(rig.xadd(count, concurrency)));
            });
            group.bench_function(BenchmarkId::new("order", concurrency), |bencher| {
                bencher.iter_custom(|count| {
                    runtime.block_on(rig.accept(count, concurrency, &Right::Any))
                });
            });
        }
        group.finish();
        runtime.block_on(rig.tidy());
        let mut group = criterion.benchmark_group(format!("commit/{fsync}"));
        group
            .sample_size(10)
            .warm_up_time(Duration::from_millis(500))
            .measurement_time(Duration::from_secs(2));
        for systems in SYSTEMS {
            let snapshot = "s".repeat(systems * SNAPSHOT_BYTES_PER_SYSTEM);
            group.bench_function(BenchmarkId::new("set", systems), |bencher| {
                bencher.iter_custom(|count| runtime.block_on(set(&rig, count, &snapshot)));
            });
            group.bench_function(BenchmarkId::new("tick", systems), |bencher| {
                bencher.iter_custom(|count| runtime.block_on(commits(&mut rig, count, None)));
            });
            group.bench_function(BenchmarkId::new("checkpoint", systems), |bencher| {
                bencher.iter_custom(|count| {
                    runtime.block_on(commits(&mut rig, count, Some(&snapshot)))
                });
            });
        }
        group.finish();
    }
}

async fn set(rig: &Rig, count: u64, payload: &str) -> Duration {
    let mut raw = rig.raw.clone();
    let started = Instant::now();
    for _ in 0..count {
        cmd("SET").arg("raw").arg(payload).query_async::<()>(&mut raw).await.unwrap();
    }
    started.elapsed()
}

async fn commits(rig: &mut Rig, count: u64, snapshot: Option<&str>) -> Duration {
    let mut spent = Duration::ZERO;
    for _ in 0..count {
        let commit = rig.next(CHANGED, snapshot.map(str::to_owned));
        let started = Instant::now();
        rig.store.commit(&commit).await.unwrap();
        spent += started.elapsed();
    }
    spent
}

criterion_group!(store, benches);
criterion_main!(store);
