//! A bot of the SDK while the server is killed and started again: it goes on by itself, and nothing that it was told
//! was accepted is lost or counted twice.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use sector_client::{Bot, Client, Transport};
use sector_sim::{FactionId, Replay, Rules, strategy};
use tokio::sync::Notify;

/// How often the server is killed.
const KILLS: u64 = 4;
/// Longest a test waits for anything before it fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `sector up`, killed when dropped.
struct Up(Child);

impl Up {
    /// Starts it on this port of the API (any if 0), and says which it is.
    fn start(data: &str, port: u16) -> (Up, u16) {
        let port = port.to_string();
        let mut child = Command::new(env!("CARGO_BIN_EXE_sector"))
            .args(["up", "--api-port", &port, "--frontend-port", "0", "--minter-port", "0", "--tick-ms", "50"])
            .args(["--data", data, "--seed", "7"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        let up = Up(child);
        for line in BufReader::new(stdout).lines() {
            let line = line.unwrap();
            if let ["API", url, ..] = line.split_whitespace().collect::<Vec<_>>().as_slice() {
                let port = url.strip_suffix("/health").and_then(|url| url.rsplit_once(':')).unwrap().1;
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
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what} took longer than {PATIENCE:?}"))
}

/// Waits for so many outcomes of the faction's orders that were given after a tick; says which tick it is then.
async fn plays(watch: &Client, faction: FactionId, after: u64, outcomes: usize) -> u64 {
    let mut ticks = watch.ticks_by(Transport::LongPoll(Duration::from_secs(5)));
    let mut count = 0;
    in_time("orders of the bot", async {
        loop {
            let tick = ticks.next().await.unwrap();
            if tick.number() > after + 1 {
                count += tick.outcomes(faction).count();
            }
            if count >= outcomes {
                return tick.number();
            }
        }
    })
    .await
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

    // The bots of the service play until the claim; the orders from here on are this bot's.
    in_time("the claim", client.claim(me)).await.unwrap();
    let begun = client.snapshot().await.unwrap().tick + 5;
    in_time("ticks after the claim", async { while client.snapshot().await.unwrap().tick < begun {} }).await;

    let stop = Arc::new(Notify::new());
    let stopped = Arc::clone(&stop);
    let mut bot = Bot::new(&client, me, strategy("random", Rules::classic().personality(0)).unwrap());
    let playing = tokio::spawn(async move { bot.run(async move { stopped.notified().await }).await });
    let mut tick = 0;
    for kill in 0..KILLS {
        // Not always at the same moment of a tick.
        tick = plays(&watch, me, tick, 3 + kill as usize).await;
        drop(up);
        assert!(!playing.is_finished(), "the bot has given up");
        (up, _) = Up::start(data, port);
    }
    tick = plays(&watch, me, tick, 5).await;
    stop.notify_one();
    let summary = in_time("the bot stops", playing).await.unwrap().unwrap();
    // Whatever was accepted last has been taken by then.
    let end = in_time("ticks after the last order", async {
        let mut ticks = watch.ticks();
        loop {
            let now = ticks.next().await.unwrap();
            if now.number() > tick + 5 && now.number() > summary.turns + 5 {
                return now.universe_id().to_owned();
            }
        }
    })
    .await;

    let record = in_time("the record", watch.replay(&end)).await.unwrap();
    let replay = Replay::parse(&record).unwrap();
    let mut given: BTreeMap<String, u64> = BTreeMap::new();
    for tick in replay.ticks() {
        for order in tick.orders.iter().filter(|order| order.faction == me) {
            let id = order.client_id.as_deref().unwrap();
            // universe-tick-faction-number
            if id.rsplit('-').nth(2).unwrap().parse::<u64>().unwrap() >= begun {
                *given.entry(id.to_owned()).or_default() += 1;
            }
        }
    }
    println!("{summary}; {} orders of the faction in the record", given.len());
    assert!(given.values().all(|times| *times == 1), "an order came twice: {given:?}");
    let (recorded, least, most) = (given.len() as u64, summary.accepted, summary.accepted + summary.unsure);
    assert!(recorded >= least, "{} orders were accepted and {recorded} recorded", summary.accepted);
    assert!(recorded <= most, "{recorded} orders are recorded, and only {most} can be the bot's");
    assert!(summary.accepted > 0 && summary.turns > 20, "{summary}");
}
