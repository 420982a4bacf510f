//! Real processes on a real Redis: killed, stopped, robbed of a lease, and asked after their health.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use http_kit::{Client, ClientOptions};
use sector_redis::{KeyNames, Place, RedisOptions, SectorId, Store, StoreOptions, StreamId, open};
use serde_json::Value;
use store_testkit::{RedisCluster, RedisServer, eventually};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

/// Longest wait for something that should happen soon, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(60);
const TTL_MS: u64 = 1_000;
const TICK_MS: u64 = 50;

struct Worker {
    process: Child,
    health: String,
    client: Client,
}

impl Worker {
    fn start(redis: &str, sectors: &str) -> Worker {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new(env!("CARGO_BIN_EXE_sim-worker"))
            .args(["--redis-url", redis, "--sectors", sectors, "--health-port", &port.to_string()])
            .args(["--tick-ms", &TICK_MS.to_string(), "--lease-ttl-ms", &TTL_MS.to_string()])
            .args(["--systems", "6", "--factions", "2", "--seed", "7", "--log", "error"])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Worker {
            process,
            health: format!("http://127.0.0.1:{port}"),
            client: Client::new(&ClientOptions::default()),
        }
    }

    /// What it says at this path; 0 when it does not listen.
    async fn ask(&self, path: &str) -> (u16, Value) {
        match self.client.get(&format!("{}{path}", self.health)).await {
            Ok(answer) => {
                let status = answer.status().as_u16();
                let body = answer.into_body().collect().await.unwrap().to_bytes();
                (status, serde_json::from_slice(&body).unwrap())
            }
            Err(_) => (0, Value::Null),
        }
    }

    /// The sectors that it holds, with their epochs.
    async fn held(&self) -> BTreeMap<String, u64> {
        let (_, health) = self.ask("/health").await;
        let sectors = health["sectors"].as_array().cloned().unwrap_or_default();
        let held = sectors.iter().filter(|sector| sector["held"] == true);
        held.map(|sector| {
            (sector["sector"].as_str().unwrap().to_owned(), sector["epoch"].as_u64().unwrap())
        })
        .collect()
    }

    fn signal(&self, name: &str) {
        let sent =
            Command::new("kill").args([format!("-{name}"), self.process.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Its exit code, once it has ended.
    async fn ended(&mut self) -> Option<i32> {
        let mut code = None;
        until("it ends", async || {
            code = self.process.try_wait().unwrap();
            code.is_some()
        })
        .await;
        code.unwrap().code()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It fails only when it has ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The time until `is_true`.
async fn until(what: &str, mut is_true: impl AsyncFnMut() -> bool) -> Duration {
    let began = Instant::now();
    eventually(what, PATIENCE, async || is_true().await.then_some(())).await;
    began.elapsed()
}

async fn stores(redis: &str, sectors: &str) -> Vec<Arc<dyn Store>> {
    let mut stores = Vec::new();
    for name in sectors.split(',') {
        let names =
            KeyNames { sector_id: SectorId::parse_name(name).unwrap(), ..KeyNames::default() };
        let place = Place::Redis(RedisOptions { names, ..RedisOptions::new(redis) });
        stores.push(open(StoreOptions::new(place)).await.unwrap());
    }
    stores
}

async fn last_events(stores: &[Arc<dyn Store>]) -> Vec<u64> {
    let mut last = Vec::new();
    for store in stores {
        last.push(store.head().await.unwrap().map_or(0, |head| head.event_id.number()));
    }
    last
}

/// All sectors tick on.
async fn all_tick(stores: &[Arc<dyn Store>]) {
    let before = last_events(stores).await;
    until("all sectors tick", async || {
        last_events(stores).await.iter().zip(&before).all(|(now, before)| *now > before + 3)
    })
    .await;
}

/// One line of Redis' own protocol, for what no store does.
async fn tell(redis: &RedisServer, line: &str) -> String {
    let url = redis.url();
    let mut socket =
        tokio::net::UnixStream::connect(url.strip_prefix("redis+unix://").unwrap()).await.unwrap();
    socket.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
    let mut answer = vec![0; 200];
    let length = socket.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

/// Two workers share three sectors; when one of them fails, no sector stops for longer than a pause.
async fn share(redis: &str, sectors: &str) {
    let (mut first, second) = (Worker::start(redis, sectors), Worker::start(redis, sectors));
    // Who held what under which epoch: an epoch is never another's.
    let mut holders: BTreeMap<(String, u64), u32> = BTreeMap::new();
    let mut enter = |worker: &Worker, held: &BTreeMap<String, u64>| {
        for (sector, epoch) in held {
            let holder = *holders.entry((sector.clone(), *epoch)).or_insert(worker.process.id());
            assert_eq!(holder, worker.process.id(), "{sector} has two holders under epoch {epoch}");
        }
        held.len()
    };
    let stores = stores(redis, sectors).await;
    let mut shared = async |first: &Worker, second: &Worker| {
        let (one, other) = (first.held().await, second.held().await);
        let (one, other) = (enter(first, &one), enter(second, &other));
        one + other == 3 && one > 0 && other > 0
    };
    until("they share", async || shared(&first, &second).await).await;
    all_tick(&stores).await;
    for worker in [&first, &second] {
        until("both are ready", async || worker.ask("/readyz").await.0 == 200).await;
    }

    // One stops for longer than its leases last. The other takes over; then they share again.
    first.signal("STOP");
    until("the other takes over", async || second.held().await.len() == 3).await;
    all_tick(&stores).await;
    first.signal("CONT");
    until("they share again", async || shared(&first, &second).await).await;
    all_tick(&stores).await;

    // One is killed.
    let lost = first.held().await;
    let _ = first.process.kill();
    let took = until("the other takes over", async || second.held().await.len() == 3).await;
    println!("{} sectors were taken over {took:?} after the kill", lost.len());
    all_tick(&stores).await;
    for store in &stores {
        let events = store.events_after(StreamId::START, 10_000, Duration::ZERO).await.unwrap();
        for (number, event) in (1..).zip(&events) {
            assert_eq!(event.id, StreamId::new(number), "a gap");
        }
        let ticks: Vec<u64> = events
            .iter()
            .map(|event| {
                serde_json::from_str::<Value>(&event.data).unwrap()["tick"].as_u64().unwrap()
            })
            .collect();
        assert!(ticks.iter().zip(0..).all(|(tick, expected)| *tick == expected), "{ticks:?}");
    }
    second.signal("TERM");
    let mut second = second;
    assert_eq!(second.ended().await, Some(0));
    assert!(store_is_free(&stores).await, "the leases are given back");
}

async fn store_is_free(stores: &[Arc<dyn Store>]) -> bool {
    for store in stores {
        if store.acquire_lease("a test", Duration::from_secs(5)).await.unwrap().is_none() {
            return false;
        }
    }
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_share_three_sectors_of_a_redis() {
    let redis = RedisServer::start();
    share(&redis.url(), "north,default,south").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_share_three_sectors_of_a_cluster() {
    let cluster = RedisCluster::start();
    share(&cluster.url(), "a,b,c").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_befalls_one_sector_stops_none_of_the_others() {
    let mut redis = RedisServer::start();
    let url = redis.url();
    let format = tell(&redis, "SET {broken}:sector:format 99").await;
    assert!(format.starts_with("+OK"), "{format}");
    let worker = Worker::start(&url, "north,broken,south");
    let stores = stores(&url, "north,south").await;
    until("two are held", async || worker.held().await.len() == 2).await;
    all_tick(&stores).await;
    let (status, ready) = worker.ask("/readyz").await;
    assert_eq!((status, ready["status"].as_str()), (503, Some("failing")));
    assert_eq!(ready["reason"].as_str(), Some("sector broken failed; see the log"));
    let (status, health) = worker.ask("/health").await;
    assert_eq!((status, &health["sectors"][1]["state"]), (503, &"failed".into()));
    let north = &health["sectors"][0];
    assert_eq!(
        (&north["sector"], &north["state"], &north["held"]),
        (&"north".into(), &"held".into(), &true.into())
    );
    assert!(north["tick"].as_u64().unwrap() > 0 && north["last_tick_ms_ago"].is_u64(), "{north}");
    assert!(north["universe_id"].as_str().unwrap().starts_with("u-"), "{north}");
    assert_eq!(worker.ask("/livez").await.0, 200);
    assert_eq!(worker.ask("/health?all").await.0, 400);

    // Repaired, it is opened after a while.
    tell(&redis, "DEL {broken}:sector:format").await;
    until("all are held", async || worker.held().await.len() == 3).await;
    until("it is ready", async || worker.ask("/readyz").await.0 == 200).await;

    // A lease that is lost is asked for again, and the other sectors do not notice.
    let before = worker.held().await;
    tell(&redis, "DEL {north}:sector:lease").await;
    until("it holds the sector again", async || {
        let held = worker.held().await;
        held.len() == 3 && held["north"] > before["north"]
    })
    .await;
    assert_eq!(worker.held().await["south"], before["south"]);
    all_tick(&stores).await;

    // A store that is away makes it unready, not dead.
    redis.kill();
    until("it is not ready", async || worker.ask("/readyz").await.0 == 503).await;
    assert_eq!(worker.ask("/livez").await.0, 200);
    redis.restart();
    until("it is ready again", async || worker.ask("/readyz").await.0 == 200).await;
    all_tick(&stores).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_can_open_nothing_ends() {
    let redis = RedisServer::start();
    tell(&redis, "SET {broken}:sector:format 99").await;
    tell(&redis, "SET sector:format 99").await;
    let mut worker = Worker::start(&redis.url(), "broken,default");
    assert_eq!(worker.ended().await, Some(1));
}
