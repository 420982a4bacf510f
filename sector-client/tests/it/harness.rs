//! A sector in memory with its worker, behind an API that can be stopped and started again.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use follow::{Followed, Follower, Sectors};
use process_kit::CancellationToken;
use process_kit::config::{Milliseconds, Seconds};
use sector_auth::{Key, Secret, Timestamp};
use sector_client::Client;
use sector_redis::{Store, StoreOptions};
use sector_sim::Rules;
use tokio::task::JoinHandle;

/// Longest a test waits for anything before it fails.
const PATIENCE: Duration = Duration::from_secs(60);
pub(crate) const BOT_TOKEN: &str = "the bots' own token";

pub(crate) struct Sector {
    pub(crate) store: Arc<dyn Store>,
    rules: Arc<Rules>,
    now_ms: Arc<AtomicU64>,
    address: SocketAddr,
    /// Writes of a player in a minute, if not as many as by default.
    pub(crate) limit_writes: Option<u32>,
    shutdown: CancellationToken,
    config: sim_worker::Config,
    worker: Option<(CancellationToken, JoinHandle<Result<(), sim_worker::Error>>)>,
    api: Option<(CancellationToken, JoinHandle<Result<(), api::Error>>)>,
}

impl Sector {
    /// A sector that ticks this often and keeps so many events.
    pub(crate) async fn start(tick_ms: u64, event_stream_maxlen: u64) -> Sector {
        Sector::under(Rules::classic(), tick_ms, event_stream_maxlen).await
    }

    /// The same under other rules.
    pub(crate) async fn under(rules: Rules, tick_ms: u64, event_stream_maxlen: u64) -> Sector {
        let store = sector_redis::open(StoreOptions::memory()).await.unwrap();
        let shutdown = CancellationToken::new();
        let config = sim_worker::Config {
            tick_ms: Milliseconds(tick_ms),
            seed: Some(7),
            systems: 30,
            factions: 5,
            lease_ttl_ms: Milliseconds(60_000),
            order_block_ms: Milliseconds(1_000),
            reset_universe_on_start: false,
            event_stream_maxlen,
            snapshot_every: 5,
            universe_pause_ms: Milliseconds(100),
            claim_idle_seconds: Seconds(600),
            autopilot_seconds: Seconds(30),
            victory_share_percent: 50,
            victory_presence_seconds: Seconds(60),
        };
        let now_ms = Arc::new(AtomicU64::new(1_795_334_400_000));
        let address = "127.0.0.1:0".parse().unwrap();
        let rules = Arc::new(rules);
        let mut sector = Sector {
            store,
            rules,
            now_ms,
            address,
            limit_writes: None,
            shutdown,
            config,
            worker: None,
            api: None,
        };
        sector.start_worker();
        sector.start_api().await;
        let store = &sector.store;
        until("a first tick", || async {
            store.head().await.unwrap().filter(|head| head.tick > 0)
        })
        .await;
        sector
    }

    fn start_worker(&mut self) {
        let shutdown = self.shutdown.child_token();
        let sources =
            sim_worker::Sources { rules: Arc::clone(&self.rules), ..sim_worker::Sources::system() };
        let run =
            sim_worker::run(self.config.clone(), self.store.clone(), sources, shutdown.clone());
        self.worker = Some((shutdown, tokio::spawn(run)));
    }

    /// What followers see of a restore from a backup: the worker stops, the store gets a new
    /// incarnation, and the worker goes on.
    pub(crate) async fn restore(&mut self) {
        let (shutdown, running) = self.worker.take().unwrap();
        shutdown.cancel();
        running.await.unwrap().unwrap();
        self.store.renew_incarnation().await.unwrap();
        self.start_worker();
    }

    /// Starts the API, where it was before.
    pub(crate) async fn start_api(&mut self) {
        let listener = http_kit::bind(self.address, "--port").await.unwrap();
        self.address = listener.local_addr().unwrap();
        let mut config =
            api::Config::new(&Secret::new("a secret of at least thirty-two bytes").unwrap())
                .unwrap();
        config.bot_api_token = Some(Secret::new(BOT_TOKEN).unwrap());
        config.admin_addresses.0.push(key(200).address());
        if let Some(limit) = self.limit_writes {
            config.quotas.limit_writes = limit;
        }
        let shutdown = self.shutdown.child_token();
        let now_ms = self.now_ms.clone();
        let clock = Arc::new(move || Timestamp::from_unix_ms(now_ms.load(Ordering::SeqCst)));
        let follower = Follower::spawn(self.store.clone(), shutdown.clone());
        follower.ready().await.unwrap();
        let sectors =
            Sectors::new(Followed::new(None, self.store.clone(), follower), None, shutdown.clone());
        let run = api::run_with(config, listener, sectors, clock, shutdown.clone());
        self.api = Some((shutdown, tokio::spawn(run)));
    }

    /// Stops the API; the sector goes on.
    pub(crate) async fn stop_api(&mut self) {
        let (shutdown, running) = self.api.take().unwrap();
        shutdown.cancel();
        running.await.unwrap().unwrap();
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(&self.url()).await.unwrap()
    }

    /// A client signed in with the key of player `number`; 200 is the admin.
    pub(crate) async fn player(&self, number: u8) -> Client {
        let client = self.client().await;
        client.login(&key(number)).await.unwrap();
        client
    }

    /// Lets time pass for the API.
    pub(crate) fn pass_seconds(&self, seconds: u64) {
        self.now_ms.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }
}

impl Drop for Sector {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

pub(crate) fn key(number: u8) -> Key {
    Key::from_random_bytes([number; 32]).unwrap()
}

/// What `future` yields, in time.
pub(crate) async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .unwrap_or_else(|_| panic!("{what} took longer than {PATIENCE:?}"))
}

/// What `look` finds, looked for again and again.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(what: &str, look: impl Fn() -> F) -> T {
    let found = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    in_time(what, found).await
}
