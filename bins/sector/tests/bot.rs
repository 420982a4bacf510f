//! A bot of the SDK while its server is killed and started again: it goes on by itself, no order
//! that it was told was accepted is lost, and none is taken twice.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sector_client::{Bot, Client, Transport, number_orders};
use sector_sim::order::Focus;
use sector_sim::replay::Replay;
use sector_sim::{FactionId, Order, Strategy, Turn, View};
use tokio::sync::Notify;

/// The pace of the sector.
const TICK_MS: u64 = 100;
/// How often the server is killed, each time a quarter of a tick later after a tick.
const KILLS: u32 = 4;
/// How many orders of the bot are carried out or refused by ticks between two kills.
const ORDERS_BETWEEN: usize = 6;
/// What the ids of the bot's orders begin with, which tells them from those of the service's bots.
const NAME: &str = "bot-of-this-test";
/// Longest a test waits for anything before it fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `sector up`, killed when dropped.
struct Up(Child);

impl Up {
    /// Starts it on this port of the API (any if 0), and says which it is.
    fn start(data: &str, port: u16) -> (Up, u16) {
        let (port, tick_ms) = (port.to_string(), TICK_MS.to_string());
        let mut child = Command::new(env!("CARGO_BIN_EXE_sector"))
            .args([
                "up",
                "--api-port",
                &port,
                "--frontend-port",
                "0",
                "--minter-port",
                "0",
                "--tick-ms",
                &tick_ms,
            ])
            .args(["--data", data, "--seed", "7"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        let up = Up(child);
        for line in BufReader::new(stdout).lines() {
            let line = line.unwrap();
            if let ["API", url, ..] = line.split_whitespace().collect::<Vec<_>>().as_slice() {
                let port =
                    url.strip_suffix("/health").and_then(|url| url.rsplit_once(':')).unwrap().1;
                return (up, port.parse().unwrap());
            }
        }
        panic!("sector up ended before it said where to look");
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .unwrap_or_else(|_| panic!("{what} took longer than {PATIENCE:?}"))
}

/// Sets the focus of its home over and over, by orders numbered under a name of its own, and keeps
/// what it gave. Such an order is never refused for its form, however late it comes.
struct Steady {
    given: Arc<Mutex<Vec<Order>>>,
}

impl Strategy for Steady {
    fn name(&self) -> &'static str {
        "steady"
    }

    fn orders(&mut self, view: &View<'_>, turn: &Turn) -> Vec<Order> {
        let system = view.faction().unwrap().home.unwrap();
        let focuses = [Focus::Industry, Focus::Garrison, Focus::Balanced];
        let mut orders: Vec<Order> = focuses
            .map(|focus| Order::new(view.me, sector_sim::Command::Focus { system, focus }))
            .into_iter()
            .collect();
        number_orders(NAME, turn.tick, &mut orders);
        self.given.lock().unwrap().extend(orders.iter().cloned());
        orders
    }
}

/// Waits until ticks after this one have carried out or refused so many of the bot's orders; says
/// which it is then.
async fn plays(watch: &Client, faction: FactionId, after: u64, orders: usize) -> u64 {
    let mut ticks = watch.ticks_by(Transport::LongPoll(Duration::from_secs(5)));
    let mut count = 0;
    in_time("orders of the bot", async {
        loop {
            let tick = ticks.next().await.unwrap();
            let is_of_bot =
                |id: &Option<Box<str>>| id.as_deref().is_some_and(|id| id.starts_with(NAME));
            if tick.number() > after {
                count +=
                    tick.outcomes(faction).filter(|outcome| is_of_bot(&outcome.client_id)).count();
            }
            if count >= orders {
                return tick.number();
            }
        }
    })
    .await
}

/// Waits until the ticks have taken whatever was accepted by now; says which universe it is.
async fn settle(watch: &Client) -> String {
    let now = watch.snapshot().await.unwrap();
    in_time("ticks after the last order", async {
        let mut ticks = watch.ticks();
        loop {
            let tick = ticks.next().await.unwrap();
            assert_eq!(tick.universe_id(), now.universe_id, "the universe has ended");
            if tick.number() >= now.tick + 3 {
                return now.universe_id;
            }
        }
    })
    .await
}

/// How often each of the bot's orders is in the record.
async fn recorded(watch: &Client, universe: &str) -> BTreeMap<String, u64> {
    let record = in_time("the record", watch.replay(universe)).await.unwrap();
    let mut recorded = BTreeMap::new();
    for tick in Replay::parse(&record).unwrap().ticks() {
        let ids = tick.orders.iter().filter_map(|order| order.client_id.as_deref());
        for id in ids.filter(|id| id.starts_with(NAME)) {
            *recorded.entry(id.to_owned()).or_default() += 1;
        }
    }
    recorded
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_goes_on_while_its_server_is_killed_and_loses_and_doubles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("sector");
    let data = data.to_str().unwrap();
    let (mut up, port) = Up::start(data, 0);
    let url = format!("http://127.0.0.1:{port}");
    let client = in_time("a connection", Client::connect(&url)).await.unwrap();
    in_time("a login", client.guest()).await.unwrap();
    let watch = Client::new(&url).unwrap();
    let me: FactionId = "F1".parse().unwrap();

    let (stop, given) = (Arc::new(Notify::new()), Arc::new(Mutex::new(Vec::new())));
    let stopped = Arc::clone(&stop);
    let mut bot = Bot::new(&client, me, Box::new(Steady { given: Arc::clone(&given) }));
    let playing =
        tokio::spawn(async move { bot.run(async move { stopped.notified().await }).await });
    let mut tick = 0;
    for kill in 0..KILLS {
        tick = plays(&watch, me, tick, ORDERS_BETWEEN).await;
        // Not always at the same moment of a tick.
        tokio::time::sleep(Duration::from_millis(TICK_MS) * kill / KILLS).await;
        drop(up);
        assert!(!playing.is_finished(), "the bot has given up");
        (up, _) = Up::start(data, port);
    }
    plays(&watch, me, tick, ORDERS_BETWEEN).await;
    stop.notify_one();
    let summary = in_time("the bot stops", playing).await.unwrap().unwrap();
    let universe = settle(&watch).await;

    let taken = recorded(&watch, &universe).await;
    println!("{summary}; {} of its orders are recorded", taken.len());
    assert!(taken.values().all(|times| *times == 1), "an order was taken twice: {taken:?}");
    let (count, least, most) =
        (taken.len() as u64, summary.accepted, summary.accepted + summary.unsure);
    assert!(count >= least, "{} orders were accepted and {count} are recorded", summary.accepted);
    assert!(
        count <= most,
        "{count} orders are recorded, and the bot knows of {most} that can be: {summary}"
    );
    assert_eq!(summary.refused, 0, "{summary}");
    let given: Vec<Order> = given.lock().unwrap().drain(..).collect();
    let is_given = |id: &String| given.iter().any(|order| order.client_id.as_deref() == Some(id));
    assert!(taken.keys().all(is_given), "{taken:?} are not all of {given:?}");

    // Whatever was taken before a kill is known after it: sent once more, nothing of it counts
    // again.
    drop(up);
    let _up = Up::start(data, port);
    let again: Vec<Order> = given
        .into_iter()
        .filter(|order| taken.contains_key(order.client_id.as_deref().unwrap()))
        .collect();
    let delivery = in_time("the second delivery", client.deliver(&again)).await.unwrap();
    assert_eq!(
        (delivery.accepted, delivery.duplicates.len()),
        (again.len(), again.len()),
        "{delivery:?}"
    );
    assert_eq!(settle(&watch).await, universe);
    assert_eq!(recorded(&watch, &universe).await, taken);
}
