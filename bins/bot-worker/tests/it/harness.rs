//! A sector in memory with a worker and bots, behind an API that can be stopped and restarted.

use std::collections::BTreeSet;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bot_worker::{Config, Work};
use process_kit::CancellationToken;
use process_kit::config::{Milliseconds, Seconds};
use sector_auth::{Key, Secret};
use sector_client::{Client, Ticks};
use sector_redis::{Place, RedisOptions, Store, StoreOptions};
use sector_sim::{Event, FactionId};
use store_testkit::RedisServer;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// Longest a test waits for anything before it fails.
const PATIENCE: Duration = Duration::from_secs(60);
const BOT_TOKEN: &str = "the bots' own token";

pub(crate) struct Sector {
    store: Arc<dyn Store>,
    address: SocketAddr,
    shutdown: CancellationToken,
    api: Option<(CancellationToken, JoinHandle<Result<(), api::Error>>)>,
    /// Threads of the API, if it can be killed.
    threads: Option<Runtime>,
}

impl Sector {
    pub(crate) async fn start(tick_ms: u64) -> Sector {
        Sector::of_size(30, tick_ms).await
    }

    pub(crate) async fn of_size(systems: u32, tick_ms: u64) -> Sector {
        Sector::with_store(
            sector_redis::open(StoreOptions::memory()).await.unwrap(),
            systems,
            tick_ms,
        )
        .await
    }

    /// A sector on this Redis server.
    pub(crate) async fn on_redis(redis: &RedisServer, tick_ms: u64) -> Sector {
        let place = Place::Redis(RedisOptions::new(redis.url()));
        Sector::with_store(sector_redis::open(StoreOptions::new(place)).await.unwrap(), 30, tick_ms)
            .await
    }

    async fn with_store(store: Arc<dyn Store>, systems: u32, tick_ms: u64) -> Sector {
        let shutdown = CancellationToken::new();
        let worker = sim_worker::Config {
            tick_ms: Milliseconds(tick_ms),
            seed: Some(7),
            systems,
            factions: 5,
            // Has no effect in memory; expires while Redis is unavailable.
            lease_ttl_ms: Milliseconds(1_000),
            order_block_ms: Milliseconds(1_000),
            reset_universe_on_start: false,
            event_stream_maxlen: 10_000,
            snapshot_every: 20,
            universe_pause_ms: Milliseconds(100),
            claim_idle_seconds: Seconds(600),
            autopilot_seconds: Seconds(30),
            victory_share_percent: 50,
            victory_presence_seconds: Seconds(60),
        };
        tokio::spawn(sim_worker::run(
            worker,
            store.clone(),
            sim_worker::Sources::system(),
            shutdown.clone(),
        ));
        let mut sector = Sector {
            store,
            address: "127.0.0.1:0".parse().unwrap(),
            shutdown,
            api: None,
            threads: None,
        };
        sector.start_api().await;
        sector
    }

    /// Starts the API at its previous address.
    pub(crate) async fn start_api(&mut self) {
        let listener = http_kit::bind(self.address, "--port").await.unwrap();
        self.address = listener.local_addr().unwrap();
        let shutdown = self.shutdown.child_token();
        let run = api::run(
            api_config(),
            listener,
            follow::Sectors::one(self.store.clone(), shutdown.clone()),
            shutdown.clone(),
        );
        self.api = Some((shutdown, tokio::spawn(run)));
    }

    /// Restarts the API on its own threads, so that it can be killed.
    pub(crate) async fn make_api_mortal(&mut self) {
        self.stop_api().await;
        self.start_mortal_api().await;
    }

    /// Starts the API on its own threads, at its previous address.
    pub(crate) async fn start_mortal_api(&mut self) {
        let threads = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (address, store, config) = (self.address, self.store.clone(), api_config());
        let shutdown = self.shutdown.child_token();
        let (started, starting) = tokio::sync::oneshot::channel();
        threads.spawn(async move {
            let listener = http_kit::bind(address, "--port").await.unwrap();
            started.send(()).unwrap();
            api::run(config, listener, follow::Sectors::one(store, shutdown.clone()), shutdown)
                .await
                .unwrap();
        });
        self.threads = Some(threads);
        in_time("the API", starting).await.unwrap();
    }

    /// Kills the API: all its tasks and connections end immediately.
    pub(crate) fn kill_api(&mut self) {
        self.threads.take().unwrap().shutdown_background();
    }

    /// Stops the API; the sector keeps running.
    pub(crate) async fn stop_api(&mut self) {
        let (shutdown, running) = self.api.take().unwrap();
        shutdown.cancel();
        running.await.unwrap().unwrap();
    }

    /// Options of the bots: a strategy, and the interval of polling the claims.
    pub(crate) fn options(&self, strategy: &str, poll_ms: u64) -> Config {
        let mut config = Config::new(&self.url(), &Secret::new(BOT_TOKEN).unwrap()).unwrap();
        config.bot_strategy = strategy.parse().unwrap();
        config.bot_poll_interval = Milliseconds(poll_ms);
        config
    }

    /// Starts the bots, which play until the sector stops.
    pub(crate) fn play(&self, config: Config) -> JoinHandle<Result<(), bot_worker::Error>> {
        tokio::spawn(bot_worker::run(config, self.shutdown.clone()))
    }

    /// Starts another worker, which can be stopped and whose work is counted.
    pub(crate) fn play_apart(
        &self,
        config: Config,
    ) -> (Arc<Work>, JoinHandle<Result<(), bot_worker::Error>>) {
        let work = Arc::new(Work::default());
        let run = bot_worker::run_counted(config, self.shutdown.clone(), Arc::clone(&work));
        (work, tokio::spawn(run))
    }

    /// Stops everything.
    pub(crate) fn stop(&self) {
        self.shutdown.cancel();
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A client signed in with the key of player `number`; 200 is the admin.
    pub(crate) async fn player(&self, number: u8) -> Client {
        let client = Client::new(&self.url()).unwrap();
        in_time("a login", client.login(&key(number))).await.unwrap();
        client
    }
}

impl Drop for Sector {
    fn drop(&mut self) {
        self.shutdown.cancel();
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}

fn api_config() -> api::Config {
    let mut config =
        api::Config::new(&Secret::new("a secret of at least thirty-two bytes").unwrap()).unwrap();
    config.bot_api_token = Some(Secret::new(BOT_TOKEN).unwrap());
    config.admin_addresses.0.push(key(200).address());
    config
}

fn key(number: u8) -> Key {
    Key::from_random_bytes([number; 32]).unwrap()
}

/// Result of `future`; fails after the time limit.
pub(crate) async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .unwrap_or_else(|_| panic!("{what} took longer than {PATIENCE:?}"))
}

/// Watches the outcomes of the bots' orders.
pub(crate) struct Watch(pub(crate) Ticks);

/// A bot's order that a tick applied or refused.
pub(crate) struct Outcome {
    pub(crate) faction: FactionId,
    /// Tick in which it was given.
    pub(crate) given: u64,
    /// Tick of the outcome.
    pub(crate) taken: u64,
}

impl Watch {
    pub(crate) fn new(client: &Client) -> Watch {
        Watch(client.ticks())
    }

    /// The outcomes of the next tick.
    pub(crate) async fn next(&mut self) -> Vec<Outcome> {
        let tick = in_time("a tick", self.0.next()).await.unwrap();
        let mut outcomes = Vec::new();
        for event in tick.events() {
            let (Event::OrderApplied { faction, client_id, .. }
            | Event::OrderRefused { faction, client_id, .. }) = event
            else {
                continue;
            };
            // universe-tick-faction-number
            let Some(id) = client_id.as_deref().filter(|id| id.starts_with(tick.universe_id()))
            else {
                continue;
            };
            let given = id.rsplit('-').nth(2).unwrap().parse().unwrap();
            outcomes.push(Outcome { faction: *faction, given, taken: tick.number() });
        }
        outcomes
    }

    /// Waits until every starter has had an order. Call it at the beginning of a universe, when
    /// every starter has something to do.
    pub(crate) async fn until_all_are_played(&mut self) {
        let mut missing: BTreeSet<FactionId> = (0..5).filter_map(FactionId::starter).collect();
        in_time("an order of every starter", async {
            while !missing.is_empty() {
                for outcome in self.next().await {
                    missing.remove(&outcome.faction);
                }
            }
        })
        .await;
    }

    /// Waits for `times` orders of factions other than `human`; fails on an order for `human` given
    /// after `last`.
    pub(crate) async fn others_are_played(&mut self, human: FactionId, last: u64, times: usize) {
        let mut count = 0;
        in_time("orders of the others", async {
            while count < times {
                for outcome in self.next().await {
                    let Outcome { faction, given, .. } = outcome;
                    assert!(
                        faction != human || given <= last,
                        "{faction} was ordered in tick {given}, after {last}"
                    );
                    count += usize::from(faction != human && given > last);
                }
            }
        })
        .await;
    }
}
