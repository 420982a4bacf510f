//! A sector in memory with worker and API in this process, which bots join over HTTP.

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use follow::{Followed, Follower, Sectors};
use process_kit::CancellationToken;
use process_kit::config::{Milliseconds, Seconds};
use sector_auth::Secret;
use sector_client::Client;
use sector_redis::{Store, StoreOptions};
use sector_sim::FactionId;

use crate::PATIENCE;

/// Time between ticks: short enough for a quick test, long enough for an unoptimized bot.
const TICK: Duration = Duration::from_millis(100);

fn jwt_secret() -> Secret {
    Secret::new("a secret of at least thirty-two bytes").unwrap()
}

/// A running sector; stops on drop.
pub struct Sector {
    address: SocketAddr,
    shutdown: CancellationToken,
}

impl std::fmt::Debug for Sector {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Sector").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Sector {
    /// Starts a sector, and waits for its first tick.
    pub async fn start() -> Sector {
        let store = sector_redis::open(StoreOptions::memory()).await.unwrap();
        let shutdown = CancellationToken::new();
        let config = sim_worker::Config {
            tick_ms: Milliseconds(TICK.as_millis() as u64),
            seed: Some(7),
            systems: 30,
            factions: 5,
            lease_ttl_ms: Milliseconds(60_000),
            order_block_ms: Milliseconds(1_000),
            reset_universe_on_start: false,
            event_stream_maxlen: 10_000,
            snapshot_every: 5,
            universe_pause_ms: Milliseconds(100),
            claim_idle_seconds: Seconds(600),
            autopilot_seconds: Seconds(30),
            victory_share_percent: 50,
            victory_presence_seconds: Seconds(60),
        };
        let sources = sim_worker::Sources::system();
        tokio::spawn(sim_worker::run(config, store.clone(), sources, shutdown.child_token()));
        let address = serve(&store, &shutdown).await;
        let sector = Sector { address, shutdown };
        let mut ticks = sector.client().await.ticks();
        in_time("a first tick", async { while ticks.next().await.unwrap().number() == 0 {} }).await;
        sector
    }

    /// URL of the API.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A client without a login.
    pub async fn client(&self) -> Client {
        Client::connect(&self.url()).await.unwrap()
    }

    /// Runs the process of a bot until `orders` orders of its faction were applied, then interrupts
    /// it as Ctrl-C does. Returns its standard output.
    ///
    /// # Panics
    /// If the orders do not arrive in time, or the bot fails.
    pub async fn play(&self, mut bot: Command, faction: &str, orders: usize) -> String {
        let faction: FactionId = faction.parse().unwrap();
        let mut ticks = self.client().await.ticks();
        let child = Ended(Some(bot.stdout(Stdio::piped()).spawn().expect("the bot starts")));
        let mut applied = 0;
        in_time("orders of the bot", async {
            while applied < orders {
                let tick = ticks.next().await.unwrap();
                applied +=
                    tick.outcomes(faction).filter(|outcome| outcome.refused.is_none()).count();
            }
        })
        .await;
        child.interrupt().await
    }
}

impl Drop for Sector {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

async fn serve(store: &Arc<dyn Store>, shutdown: &CancellationToken) -> SocketAddr {
    let listener = http_kit::bind("127.0.0.1:0".parse().unwrap(), "--port").await.unwrap();
    let address = listener.local_addr().unwrap();
    let config = api::Config::new(&jwt_secret()).unwrap();
    let follower = Follower::spawn(store.clone(), shutdown.child_token());
    follower.ready().await.unwrap();
    let sectors =
        Sectors::new(Followed::new(None, store.clone(), follower), None, shutdown.clone());
    tokio::spawn(api::run(config, listener, sectors, shutdown.child_token()));
    address
}

/// A process that is killed on drop.
struct Ended(Option<std::process::Child>);

impl Ended {
    /// Interrupts the process as Ctrl-C does, and returns its standard output.
    async fn interrupt(mut self) -> String {
        let child = self.0.take().unwrap();
        let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let ended = tokio::task::spawn_blocking(|| child.wait_with_output());
        let output = in_time("the end of the bot", ended).await.unwrap().unwrap();
        assert!(output.status.success(), "the bot failed: {}", output.status);
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            _ = child.kill();
            _ = child.wait();
        }
    }
}

/// Result of the future; fails after the time limit.
async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .unwrap_or_else(|_| panic!("{what} took longer than {PATIENCE:?}"))
}
