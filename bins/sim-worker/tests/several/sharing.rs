//! On virtual time: who runs what, and since when.

use std::sync::Arc;
use std::time::Duration;

use process_kit::CancellationToken;
use process_kit::config::{Milliseconds, Seconds};
use sector_redis::{Clock, SectorId, Store};
use sim_worker::{Config, Duty, Error, Post, Sources};
use store_testkit::ModelStore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

const TTL: Duration = Duration::from_secs(2);
/// How often the test looks.
const LOOK: Duration = Duration::from_millis(10);

/// The clock of the stores: tokio's.
struct Virtual(Instant);

impl Clock for Virtual {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap()
    }
}

fn config() -> Config {
    Config {
        tick_ms: Milliseconds(100),
        seed: Some(7),
        systems: 6,
        factions: 2,
        lease_ttl_ms: Milliseconds(u64::try_from(TTL.as_millis()).unwrap()),
        order_block_ms: Milliseconds(100),
        reset_universe_on_start: false,
        event_stream_maxlen: 1_000,
        snapshot_every: 10,
        universe_pause_ms: Milliseconds(500),
        claim_idle_seconds: Seconds(600),
        autopilot_seconds: Seconds(30),
        victory_share_percent: 50,
        victory_presence_seconds: Seconds(60),
    }
}

/// Several sectors, each in a store of its own.
struct Sectors(Vec<(Option<SectorId>, Arc<dyn Store>)>);

impl Sectors {
    fn new(count: usize) -> Sectors {
        let clock = Arc::new(Virtual(Instant::now()));
        let store = |number: usize| -> (Option<SectorId>, Arc<dyn Store>) {
            (
                Some(format!("s{number}").parse().unwrap()),
                Arc::new(ModelStore::new(clock.clone(), 3)),
            )
        };
        Sectors((0..count).map(store).collect())
    }

    fn worker(&self) -> Worker {
        let ids: Vec<Option<SectorId>> = self.0.iter().map(|(id, _)| id.clone()).collect();
        let posts = Post::all(&ids);
        let shutdown = CancellationToken::new();
        let mut loops = JoinSet::new();
        for (post, (_, store)) in posts.iter().zip(&self.0) {
            let (store, post, shutdown) = (store.clone(), post.clone(), shutdown.clone());
            loops.spawn(sim_worker::run_at(config(), store, Sources::system(), post, shutdown));
        }
        Worker { posts, loops, shutdown }
    }

    /// Looks on for a while: no sector ever has two holders; then says who holds how many.
    async fn watch(&self, workers: &[&Worker], length: Duration) -> Vec<usize> {
        let end = Instant::now() + length;
        while Instant::now() < end {
            for sector in 0..self.0.len() {
                let holders = workers.iter().filter(|worker| worker.holds(sector)).count();
                assert!(holders <= 1, "sector {sector} has {holders} holders");
            }
            sleep(LOOK).await;
        }
        workers.iter().map(|worker| worker.held()).collect()
    }
}

struct Worker {
    posts: Vec<Arc<Post>>,
    loops: JoinSet<Result<(), Error>>,
    shutdown: CancellationToken,
}

impl Worker {
    fn holds(&self, sector: usize) -> bool {
        matches!(self.posts[sector].duty(), Duty::Held { .. })
    }

    fn held(&self) -> usize {
        (0..self.posts.len()).filter(|sector| self.holds(*sector)).count()
    }

    async fn stop(mut self) {
        self.shutdown.cancel();
        while let Some(ended) = self.loops.join_next().await {
            ended.unwrap().unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn workers_that_start_together_share_from_the_beginning() {
    let sectors = Sectors::new(6);
    let workers = [sectors.worker(), sectors.worker(), sectors.worker()];
    let all: Vec<&Worker> = workers.iter().collect();
    assert_eq!(sectors.watch(&all, Duration::from_secs(3)).await, [2, 2, 2]);
    let epochs = |workers: &[&Worker]| -> Vec<Duty> {
        workers.iter().flat_map(|worker| worker.posts.iter().map(|post| post.duty())).collect()
    };
    let before = epochs(&all);
    sectors.watch(&all, Duration::from_secs(60)).await;
    assert_eq!(epochs(&all), before, "nothing changes hands any more");
    for worker in workers {
        worker.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_comes_later_is_given_its_share() {
    let sectors = Sectors::new(5);
    let first = sectors.worker();
    assert_eq!(
        sectors.watch(&[&first], Duration::from_secs(5)).await,
        [5],
        "alone it has them all"
    );
    let second = sectors.worker();
    let mut counts = sectors.watch(&[&first, &second], Duration::from_secs(40)).await;
    counts.sort_unstable();
    assert_eq!(counts, [2, 3]);
    let third = sectors.worker();
    let mut counts = sectors.watch(&[&first, &second, &third], Duration::from_secs(40)).await;
    counts.sort_unstable();
    assert_eq!(counts, [1, 2, 2]);
    // One that stops gives its sectors back, and they go on soon.
    let before: Vec<u64> = ticks(&sectors).await;
    first.stop().await;
    let counts = sectors.watch(&[&second, &third], Duration::from_secs(3)).await;
    assert_eq!(counts.iter().sum::<usize>(), 5);
    assert!(ticks(&sectors).await.iter().zip(before).all(|(after, before)| *after > before + 10));
    second.stop().await;
    third.stop().await;
}

async fn ticks(sectors: &Sectors) -> Vec<u64> {
    let mut ticks = Vec::new();
    for (_, store) in &sectors.0 {
        ticks.push(store.head().await.unwrap().unwrap().event_id.number());
    }
    ticks
}

#[tokio::test(start_paused = true)]
async fn the_sectors_of_a_dead_worker_are_taken_over_within_the_life_of_its_leases_and_a_second() {
    // Whenever it dies, and however many the other holds.
    for offset in 0..12 {
        let sectors = Sectors::new(4);
        let (mut first, second) = (sectors.worker(), sectors.worker());
        sectors.watch(&[&first, &second], Duration::from_millis(4_000 + offset * 37)).await;
        let lost = first.held();
        assert!(lost > 0);
        first.loops.shutdown().await;
        let died = Instant::now();
        while second.held() < 4 {
            assert!(
                died.elapsed() <= TTL + Duration::from_secs(1),
                "{} of 4 after {:?}",
                second.held(),
                TTL
            );
            sleep(LOOK).await;
        }
        second.stop().await;
    }
}
