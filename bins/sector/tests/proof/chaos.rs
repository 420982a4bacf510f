//! Real processes under order load, killed, stopped and restarted; then the books.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

use sector_redis::{Place, Store, StoreOptions, open};
use store_testkit::RedisServer;
use tokio::time::sleep;

use crate::books::Books;
use crate::load::Load;
use crate::services::{Service, free_port, signal};

/// Cycles of an ordinary run.
const CYCLES: u64 = 3;
/// After the faults of a cycle the sector goes on within this: the services' start, a lease that
/// runs out, the longest pause between attempts; and a machine that has other things to do.
const RECOVERY: Duration = Duration::from_secs(30);

/// Random numbers from a seed (SplitMix64).
struct Chance(u64);

impl Chance {
    fn between(&mut self, least: u64, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        least + (value ^ (value >> 31)) % (most - least + 1)
    }

    async fn pause(&mut self, least_ms: u64, most_ms: u64) {
        sleep(Duration::from_millis(self.between(least_ms, most_ms))).await;
    }
}

struct Chaos {
    redis: RedisServer,
    services: Vec<Service>,
    chance: Chance,
    faults: BTreeMap<&'static str, u32>,
    slowest: Duration,
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}")))
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_dies_the_books_balance() {
    let (cycles, seed) = (number("CHAOS_CYCLES", CYCLES), number("CHAOS_SEED", 1));
    let redis = RedisServer::start_with(&["--appendfsync", "always"]);
    let (url, port) = (redis.url(), free_port().to_string());
    let worker = [
        "--tick-ms",
        "20",
        "--systems",
        "8",
        "--factions",
        "3",
        "--seed",
        "5",
        "--lease-ttl-ms",
        "500",
        "--snapshot-every",
        "10",
        "--universe-pause-ms",
        "100",
        "--event-stream-maxlen",
        "10000000",
    ];
    let services = vec![
        Service::new("sim-worker", "worker 0", &url, &worker),
        Service::new("sim-worker", "worker 1", &url, &worker),
        Service::new("api", "api", &url, &["--port", &port]),
    ];
    let mut chaos = Chaos {
        redis,
        services,
        chance: Chance(seed),
        faults: BTreeMap::new(),
        slowest: Duration::ZERO,
    };
    chaos.services.iter_mut().for_each(Service::start);
    let options = || StoreOptions::new(Place::redis(url.clone()));
    let store = open(options()).await.unwrap();
    chaos.recover(&*store).await;
    let load = Load::start(&format!("http://127.0.0.1:{port}"), 3, Duration::from_millis(5));

    let started = Instant::now();
    for cycle in 1..=cycles {
        chaos.cycle(&*store).await;
        chaos.recover(&*store).await;
        if cycle % 20 == 0 {
            let accepted = load.told.receipts.lock().unwrap().len();
            println!("{cycle} cycles in {:.0?}, {accepted} orders accepted", started.elapsed());
        }
    }
    let told = load.stop().await;
    let deadline = Instant::now() + RECOVERY;
    while store.order_backlog().await.unwrap() > 0 {
        assert!(Instant::now() < deadline, "orders are left over");
        sleep(Duration::from_millis(20)).await;
    }
    chaos.services.iter_mut().for_each(Service::kill);

    // What the disk holds is what counts.
    chaos.redis.restart();
    let store = loop {
        match open(options()).await {
            // A long log takes its time to load.
            Err(error)
                if error.is_unavailable() && started.elapsed() < Duration::from_secs(3_600) =>
            {
                sleep(Duration::from_millis(50)).await;
            }
            opened => break opened.unwrap(),
        }
    };
    let books = Books::audit(&store).await;
    let receipts = told.receipts.lock().unwrap().clone();
    books.compare(&receipts);
    let looked_up = Books::look_up(&store, &receipts).await;
    println!(
        "seed {seed}: {cycles} cycles in {:.0?}, slowest recovery {:.1?}; faults: {:?}, together {}\n\
         {} orders with a receipt, the newest {looked_up} looked up ({} given up, {} requests sent again); {} applied and {} refused outcomes; \
         {} ticks of {} universes, all digests fit, all kept runs verify",
        started.elapsed(),
        chaos.slowest,
        chaos.faults,
        chaos.faults.values().sum::<u32>(),
        receipts.len(),
        told.given_up.load(std::sync::atomic::Ordering::Relaxed),
        told.sent_again.load(std::sync::atomic::Ordering::Relaxed),
        books.applied,
        books.refused,
        books.ticks,
        books.universes,
    );
    assert!(receipts.len() as u64 >= cycles, "hardly any orders were accepted");
}

impl Chaos {
    fn count(&mut self, fault: &'static str) {
        *self.faults.entry(fault).or_default() += 1;
    }

    /// One to three faults, one after the other or at once.
    async fn cycle(&mut self, store: &dyn Store) {
        for _ in 0..self.chance.between(1, 3) {
            self.chance.pause(10, 250).await;
            let service = usize::try_from(self.chance.between(0, 2)).unwrap();
            match self.chance.between(0, 9) {
                0..=2 => {
                    self.count(["kill worker", "kill worker", "kill api"][service]);
                    self.services[service].kill();
                    self.chance.pause(0, 200).await;
                    self.services[service].start();
                }
                3 | 4 => {
                    // Longer than the lease or not.
                    self.count(["stop worker", "stop worker", "stop api"][service]);
                    self.services[service].keep_up();
                    self.services[service].signal("STOP");
                    self.chance.pause(50, 1_200).await;
                    self.services[service].signal("CONT");
                }
                5 => {
                    self.count("kill both workers");
                    self.services[0].kill();
                    self.services[1].kill();
                    self.chance.pause(0, 200).await;
                    self.services[0].start();
                    self.services[1].start();
                }
                6 | 7 => {
                    self.count("kill redis");
                    self.redis.kill();
                    self.chance.pause(0, 300).await;
                    if self.chance.between(0, 1) == 0 {
                        self.count("tear the log's tail");
                        let torn =
                            usize::try_from(self.chance.between(1, TORN.len() as u64 - 1)).unwrap();
                        let mut log = std::fs::OpenOptions::new()
                            .append(true)
                            .open(self.redis.log())
                            .unwrap();
                        log.write_all(&TORN.as_bytes()[..torn]).unwrap();
                        self.redis.repair_log();
                    }
                    self.redis.restart();
                }
                8 => {
                    self.count("stop redis");
                    signal(self.redis.process_id(), "STOP");
                    self.chance.pause(50, 1_200).await;
                    signal(self.redis.process_id(), "CONT");
                }
                _ => {
                    self.count("new universe");
                    // A request that is lost because Redis is still coming up is no fault of ours.
                    let _ = store.request_restart(None).await;
                }
            }
        }
    }

    /// The sector goes on by itself, but for services that ended and are started again.
    async fn recover(&mut self, store: &dyn Store) {
        let started = Instant::now();
        let mut before = None;
        loop {
            self.services.iter_mut().for_each(|service| _ = service.keep_up());
            if let Ok(Some(head)) = store.head().await {
                if before.is_some_and(|before| head.event_id > before) {
                    break;
                }
                before = before.or(Some(head.event_id));
            }
            assert!(started.elapsed() < RECOVERY, "the sector does not go on");
            sleep(Duration::from_millis(10)).await;
        }
        self.slowest = self.slowest.max(started.elapsed());
    }
}

/// A write that never ended: what a crash of the machine can leave behind of a write that nobody
/// was answered.
const TORN: &str = "*1\r\n$5\r\nMULTI\r\n*4\r\n$4\r\nHSET\r\n$12\r\nsector:world\r\n$4\r\ntick\r\n$6\r\n999999\r\n\
                    *3\r\n$3\r\nSET\r\n$15\r\nsector:snapshot\r\n$4\r\ntorn\r\n*1\r\n$4\r\nEXEC\r\n";
