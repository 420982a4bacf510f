//! One run of the simulation: a store, several workers, followers, players and an operator, and what
//! happens to them.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use process_kit::CancellationToken;
use process_kit::config::{Milliseconds, Seconds};
use sector_redis::roles::*;
use sector_sim::world::Size;
use sector_sim::{Rules, World as Engine};
use serde_json::{Value, json};
use sim_worker::{Config, Error, Sources};
use store_testkit::ModelStore;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::books::Counts;
use crate::chance::Chance;
use crate::flaws::{LinkFlaw, Planted};
use crate::network::{Link, Weather};
use crate::process::{Exit, Fate, Handle, Process};
use crate::server::{Backup, Server, Virtual};
use crate::trace::Trace;

mod clients;

use clients::{follower_life, player_life};

const TTL: Duration = Duration::from_millis(1_000);
/// Longest time from the end of all faults until the sector goes on: a stopped worker, a lease of
/// one that is gone, the longest pause after failures.
const RECOVERY: Duration = Duration::from_secs(12);
/// How long a seat is kept for a player that is not seen.
const IDLE_MS: u64 = 4_000;
/// Where the wall clocks begin, milliseconds since 1970.
const EPOCH_MS: i64 = 1_700_000_000_000;

static CLASSIC: LazyLock<Rules> = LazyLock::new(Rules::classic);

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) seed: u64,
    pub(crate) faults_found: Vec<String>,
    pub(crate) faults_injected: u64,
    pub(crate) hash: u64,
    pub(crate) counts: Counts,
    pub(crate) virtual_ms: u64,
}

struct Scene {
    server: Arc<Server>,
    weather: Arc<Weather>,
    planted: Option<Planted>,
    config: Config,
    rules: Arc<Rules>,
    start: Instant,
    workers: Vec<Slot>,
    is_calm: AtomicBool,
    is_over: CancellationToken,
    factions: u64,
    systems: u64,
    numbers: AtomicU64,
    /// Whether workers are kept from starting, since the operator is at the store.
    is_stopped: AtomicBool,
    /// Which player, if there are so many, is the computer.
    bot: u64,
}

/// A place for a worker: when one ends, another is started.
#[derive(Default)]
struct Slot {
    handle: Mutex<Handle>,
    clock_offset_ms: Arc<AtomicI64>,
    is_closed: AtomicBool,
}

/// Plays one seed, in a runtime of its own.
pub(crate) fn play(seed: u64, planted: Option<Planted>, is_shown: bool) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let report = runtime.block_on(async {
        // Nothing here takes hours; what does is stuck.
        let run = run(seed, planted, is_shown);
        timeout(Duration::from_secs(3_600), run).await.unwrap_or_else(|_| Report {
            seed,
            faults_found: vec!["the run does not end".into()],
            ..Report::default()
        })
    });
    drop(runtime);
    report
}

async fn run(seed: u64, planted: Option<Planted>, is_shown: bool) -> Report {
    let chance = Chance::new(seed);
    let clock = Virtual::new();
    let model = match planted {
        Some(Planted::Store(flaw)) => ModelStore::with_flaw(clock, 3, flaw),
        _ => ModelStore::new(clock, 3),
    };
    let (systems, factions) = (chance.between(4, 8), chance.between(2, 3));
    let mut rules = CLASSIC.clone();
    rules.victory.tick_limit = i64::try_from(chance.between(8, 60)).unwrap();
    let config = Config {
        tick_ms: Milliseconds(chance.between(80, 250)),
        seed: Some(chance.between(0, 1 << 40)),
        systems: u32::try_from(systems).unwrap(),
        factions: u8::try_from(factions).unwrap(),
        lease_ttl_ms: Milliseconds(u64::try_from(TTL.as_millis()).unwrap()),
        order_block_ms: Milliseconds(chance.between(20, 400)),
        reset_universe_on_start: false,
        event_stream_maxlen: chance.between(4, 40),
        snapshot_every: chance.between(1, 12),
        universe_pause_ms: Milliseconds(chance.between(0, 1_200)),
        claim_idle_seconds: Seconds(IDLE_MS / 1_000),
        autopilot_seconds: Seconds(30),
        victory_share_percent: 50,
        victory_presence_seconds: Seconds(60),
    };
    let scene = Arc::new(Scene {
        server: Arc::new(Server::new(model, Trace::new(is_shown))),
        weather: Arc::default(),
        planted,
        config,
        rules: Arc::new(rules),
        start: Instant::now(),
        workers: (0..chance.between(2, 3)).map(|_| Slot::default()).collect(),
        is_calm: AtomicBool::new(false),
        is_over: CancellationToken::new(),
        factions,
        systems,
        numbers: AtomicU64::new(0),
        is_stopped: AtomicBool::new(false),
        bot: chance.between(0, 3),
    });
    scene.weather.worsen(&chance.fork());
    for slot in 0..scene.workers.len() {
        tokio::spawn(worker_slot(scene.clone(), slot, chance.fork()));
    }
    let players: Vec<_> = (0..chance.between(1, 3))
        .map(|player| tokio::spawn(player_life(scene.clone(), player, chance.fork())))
        .collect();
    let follower = tokio::spawn(follower_life(scene.clone(), chance.fork()));
    tokio::spawn(sky(scene.clone(), chance.fork()));

    sleep(Duration::from_millis(chance.between(4_000, 14_000))).await;
    scene.settle(players, follower).await;

    let virtual_ms = u64::try_from(scene.start.elapsed().as_millis()).unwrap();
    scene.server.trace.note(format_args!("{}", scene.server.model.describe()));
    let books = scene.server.books();
    Report {
        seed,
        faults_found: books.faults().to_vec(),
        faults_injected: scene.weather.faults(),
        hash: scene.server.trace.hash(),
        counts: books.counts,
        virtual_ms,
    }
}

impl Scene {
    fn link(&self, name: &'static str, number: usize, chance: Chance) -> Link {
        let flaw = match self.planted {
            Some(Planted::Link(flaw)) => Some(flaw),
            _ => None,
        };
        Link {
            server: self.server.clone(),
            weather: self.weather.clone(),
            chance,
            name,
            number,
            flaw,
        }
    }

    fn note(&self, line: &str) {
        self.server.trace.note(format_args!("{line}"));
    }

    fn fault(&self, what: String) {
        self.server.trace.note(format_args!("FAULT {what}"));
        self.server.books().fault(what);
    }

    fn is_calm(&self) -> bool {
        self.is_calm.load(Ordering::Relaxed)
    }

    fn now_ms(&self, offset_ms: i64) -> u64 {
        let passed = i64::try_from(self.start.elapsed().as_millis()).unwrap();
        u64::try_from(EPOCH_MS + passed + offset_ms).unwrap()
    }

    /// The faults stop; then everything must come right by itself, and the books must balance.
    async fn settle(
        self: &Arc<Self>,
        players: Vec<tokio::task::JoinHandle<()>>,
        follower: tokio::task::JoinHandle<()>,
    ) {
        self.note("the faults stop");
        self.is_calm.store(true, Ordering::Relaxed);
        self.weather.clear();
        for slot in &self.workers {
            slot.handle.lock().unwrap().spare();
        }
        let calm_since = Instant::now();
        let event = self.server.books().last_event();
        let mut goes_on = false;
        while !goes_on && calm_since.elapsed() < RECOVERY {
            // The operator's last wish may still be under way.
            self.server.set_paused(false).await.unwrap();
            let goes = || self.server.books().last_event().number() >= event.number() + 2;
            goes_on = self.until(Duration::from_millis(500), goes).await;
        }
        if !goes_on {
            return self.fault(format!("the sector does not go on within {RECOVERY:?}"));
        }
        self.server.trace.note(format_args!("goes on after {:?}", calm_since.elapsed()));
        for player in players {
            drop(player.await);
        }
        // Requests of before may still be under way; they come too late to do harm, and must.
        sleep(Duration::from_millis(5_100)).await;
        self.server.set_paused(false).await.unwrap();

        // The worker that holds the lease dies; another takes over.
        let Some((epoch, slot)) = self.server.books().newest_epoch() else {
            return self.fault("nobody ever held the lease".into());
        };
        self.workers[slot].is_closed.store(true, Ordering::Relaxed);
        self.workers[slot].handle.lock().unwrap().kill();
        self.server.trace.note(format_args!("worker {slot} dies for good"));
        let next_epoch =
            || self.server.books().newest_epoch().is_some_and(|(newest, _)| newest > epoch);
        if !self.until(TTL + Duration::from_secs(1), next_epoch).await {
            return self.fault("no standby takes over within the lease's life and a second".into());
        }
        let event = self.server.books().last_event();
        let beat = self.config.tick_ms.duration().max(self.config.universe_pause_ms.duration());
        let goes_on =
            || self.server.books().last_event() > event && self.server.books().open_orders() == 0;
        if !self.until(beat + Duration::from_secs(2), goes_on).await {
            let open = self.server.books().open_orders();
            return self.fault(format!(
                "the sector does not go on after the takeover, {open} orders are open"
            ));
        }
        drop(follower.await);
        self.is_over.cancel();
        self.close().await;
    }

    /// Whether something comes true in time.
    async fn until(&self, limit: Duration, is_true: impl Fn() -> bool) -> bool {
        let deadline = Instant::now() + limit;
        while !is_true() {
            if Instant::now() >= deadline {
                return false;
            }
            sleep(Duration::from_millis(5)).await;
        }
        true
    }

    /// Compares what is stored in the end with the books, and plays the records again.
    async fn close(&self) {
        let model = &self.server.model;
        let Some(head) = model.head().await.unwrap() else {
            return self.fault("there is no world".into());
        };
        let checkpoint = model.checkpoint().await.unwrap().unwrap();
        let snapshot: sector_sim::Snapshot = serde_json::from_str(&checkpoint.snapshot).unwrap();
        let digest =
            self.server.books().digest(&checkpoint.universe, checkpoint.tick).map(str::to_owned);
        if snapshot.verify().is_err() || Some(snapshot.digest.to_string()) != digest {
            self.fault(format!(
                "the checkpoint of tick {} is not what was committed",
                checkpoint.tick
            ));
        }
        // A reader that begins with the checkpoint reads everything after it, as it was.
        match model.events_after(checkpoint.event_id, usize::MAX, Duration::ZERO).await {
            Ok(events) => {
                self.server.books().read_events(checkpoint.event_id.into(), &events);
                if checkpoint.event_id.number() + events.len() as u64 != head.event_id.number() {
                    self.fault("events are missing after the checkpoint".into());
                }
            }
            Err(error) => self.fault(format!("nobody can go on from the checkpoint: {error}")),
        }
        let mut universes: Vec<(String, Option<u64>)> =
            vec![(head.universe.to_string(), Some(head.tick))];
        for run in model.runs(100).await.unwrap() {
            universes.push((run.universe.to_string(), None));
        }
        for (universe, ticks) in universes {
            if let Err(what) = self.replay(&universe, ticks).await {
                self.fault(format!("the replay of {universe}: {what}"));
            }
        }
    }

    /// Plays the records of a universe with the engine.
    async fn replay(&self, universe: &str, ticks: Option<u64>) -> Result<(), String> {
        let model = &self.server.model;
        let header = model.replay_header(&universe.into()).await.unwrap().ok_or("no header")?;
        let header: Value = serde_json::from_str(&header).map_err(|error| error.to_string())?;
        let rules: Rules =
            serde_json::from_value(header["rules"].clone()).map_err(|error| error.to_string())?;
        let size = Size { systems: self.config.systems, factions: self.config.factions };
        let seed = header["seed"].as_u64().ok_or("no seed")?;
        let mut world =
            Engine::with_size(Arc::new(rules), seed, size).map_err(|error| error.to_string())?;
        let records = model.records(&universe.into(), 1, usize::MAX).await.unwrap();
        for (tick, record) in records {
            let record: Value = serde_json::from_str(&record).map_err(|error| error.to_string())?;
            let orders = record.get("orders").cloned().unwrap_or_else(|| json!([]));
            let orders: Vec<sector_sim::Order> =
                serde_json::from_value(orders).map_err(|error| error.to_string())?;
            let digest = world.step(&orders).digest.to_string();
            let books = self.server.books();
            if world.tick() != tick || books.digest(universe, tick) != Some(&digest) {
                return Err(format!(
                    "tick {tick} gives {digest}, committed was {:?}",
                    books.digest(universe, tick)
                ));
            }
        }
        match ticks {
            Some(ticks) if ticks != world.tick() => {
                Err(format!("it ends at {}, the world is at {ticks}", world.tick()))
            }
            None if world.board().result().is_none() => Err("it has no end".into()),
            _ => Ok(()),
        }
    }
}

/// Starts a worker, and restarts it when it ends, as a supervisor does.
async fn worker_slot(scene: Arc<Scene>, slot: usize, chance: Chance) {
    while !scene.workers[slot].is_closed.load(Ordering::Relaxed) {
        if scene.is_stopped.load(Ordering::Relaxed) {
            sleep(Duration::from_millis(10)).await;
            continue;
        }
        let mut fate = Fate::default();
        let shutdown = CancellationToken::new();
        if !scene.is_calm() {
            // Any wait may be the last one, the first ones more often: there the lease is taken and the world recovered.
            let wait = |chance: &Chance| match chance.between(0, 2) {
                0 => chance.between(1, 14),
                1 => chance.between(1, 60),
                _ => chance.between(1, 400),
            };
            if chance.per_mille(500) {
                fate.killed_at = Some(wait(&chance));
            }
            if chance.per_mille(400) {
                fate.stopped_at =
                    Some((wait(&chance), Duration::from_millis(chance.between(10, 3_000))));
            }
            if chance.per_mille(150) {
                let (shutdown, after) = (shutdown.clone(), chance.between(1, 4_000));
                tokio::spawn(async move {
                    sleep(Duration::from_millis(after)).await;
                    shutdown.cancel();
                });
            }
            scene
                .weather
                .count(u64::from(fate.killed_at.is_some()) + u64::from(fate.stopped_at.is_some()));
        }
        let handle = Handle::new(fate);
        *scene.workers[slot].handle.lock().unwrap() = handle.clone();
        let sources = sources(&scene, slot, &chance);
        let link = Arc::new(scene.link("worker", slot, chance.fork()));
        let life =
            Process::new(sim_worker::run(scene.config.clone(), link, sources, shutdown), handle);
        let exit = life.await;
        match exit {
            Exit::Killed => scene.note(&format!("worker {slot} is killed")),
            Exit::Ended(Ok(())) => scene.note(&format!("worker {slot} shuts down")),
            Exit::Ended(Err(Error::LeaseLost(_))) => {
                scene.note(&format!("worker {slot} has lost the lease"));
            }
            Exit::Ended(Err(error)) => scene.fault(format!("worker {slot} gives up: {error}")),
        }
        let pause = if scene.is_calm() { 50 } else { chance.between(1, 1_500) };
        sleep(Duration::from_millis(pause)).await;
    }
}

fn sources(scene: &Arc<Scene>, slot: usize, chance: &Chance) -> Sources {
    let (clock, offset) = (scene.clone(), scene.workers[slot].clock_offset_ms.clone());
    let random = chance.fork();
    Sources {
        now_ms: Arc::new(move || clock.now_ms(offset.load(Ordering::Relaxed))),
        random: Arc::new(move || Ok(random.next())),
        rules: scene.rules.clone(),
    }
}

/// What happens to the store, the network, the clocks, and what the operator does.
async fn sky(scene: Arc<Scene>, chance: Chance) {
    let link = scene.link("operator", 90, chance.fork());
    let mut backup = None;
    loop {
        sleep(Duration::from_millis(chance.between(100, 1_500))).await;
        if scene.is_calm() {
            return;
        }
        let until = Instant::now() + Duration::from_millis(chance.between(50, 2_500));
        match chance.between(0, 9) {
            0 => {
                scene.note("the disk is full");
                scene.weather.fill_disk(until);
            }
            1 | 2 => {
                let client =
                    usize::try_from(chance.between(0, scene.workers.len() as u64 - 1)).unwrap();
                scene.note(&format!("worker {client} is cut off"));
                scene.weather.cut(client, until);
            }
            3 => {
                let slot =
                    usize::try_from(chance.between(0, scene.workers.len() as u64 - 1)).unwrap();
                let jump = i64::try_from(chance.between(0, 20_000_000)).unwrap() - 10_000_000;
                scene.note(&format!("the clock of worker {slot} jumps by {jump} ms"));
                scene.workers[slot].clock_offset_ms.store(jump, Ordering::Relaxed);
                scene.weather.count(1);
            }
            4 => {
                let paused = link.set_paused(true).await;
                sleep_until(until).await;
                drop((paused, link.set_paused(false).await));
            }
            5 => drop(
                link.request_restart(chance.per_mille(500).then(|| chance.between(0, 1_000))).await,
            ),
            6 => {
                if let Ok(Some(head)) = link.head().await {
                    drop(link.release_all(&head.universe).await);
                }
            }
            7 | 8 => match backup.take() {
                None => {
                    backup =
                        scene.server.model.head().await.unwrap().map(|_| scene.server.backup());
                }
                Some(taken) => {
                    restore(&scene, &taken).await;
                    // It may be needed again.
                    backup = chance.per_mille(300).then_some(taken);
                }
            },
            _ => {}
        }
    }
}

/// The operator stops all workers, waits until nobody holds the lease, and puts a backup in the place of everything.
async fn restore(scene: &Scene, backup: &Backup) {
    scene.is_stopped.store(true, Ordering::Relaxed);
    for slot in &scene.workers {
        slot.handle.lock().unwrap().kill();
    }
    scene.note("all workers are stopped for a restore");
    let is_unmarked = scene.planted == Some(Planted::Link(LinkFlaw::RestoredUnmarked));
    // Requests of the dead may still come, and one may take the lease.
    for _ in 0..20 {
        sleep(TTL / 5).await;
        if scene.is_calm() {
            break;
        }
        if scene.server.restore(backup, is_unmarked) {
            scene.note("a backup is restored");
            scene.weather.count(1);
            break;
        }
    }
    scene.is_stopped.store(false, Ordering::Relaxed);
}
