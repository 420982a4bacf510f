//! Redis and the API are killed under playing bots.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use sector_client::Client;
use store_testkit::RedisServer;

use crate::harness::{Sector, Watch, in_time};
use crate::worker::outcomes;

/// How long something is away: longer than orders are tried for, and than the lease lasts.
const AWAY: Duration = Duration::from_millis(2_500);
/// How many ticks after the sector is back the bots have given an order again, at the latest: the longest pause between
/// attempts to reach it is 3 s, which are 30 ticks.
const TICKS_UNTIL_BACK: u64 = 40;

/// Watches until the bots have given an order after this tick, and says in which. Whatever comes twice fails.
async fn until_ordered(watch: &mut Watch, seen: &mut BTreeSet<String>, last: u64) -> u64 {
    in_time("an order of the bots", async {
        loop {
            let found = outcomes(watch, seen).await;
            let given = found.iter().map(|(_, id)| id.rsplit('-').nth(2).unwrap().parse().unwrap());
            if let Some(given) = given.filter(|given| *given > last).min() {
                return given;
            }
        }
    })
    .await
}

/// The tick that the sector is at, once it is back.
async fn newest(client: &Client) -> u64 {
    in_time("a snapshot", async {
        loop {
            if let Ok(snapshot) = client.snapshot().await {
                return snapshot.tick;
            }
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bots_go_on_after_redis_and_the_api_were_killed_and_no_order_counts_twice_or_is_lost() {
    let mut redis = RedisServer::start();
    let mut sector = Sector::on_redis(&redis, 100).await;
    sector.let_api_be_killed().await;
    let (work, playing) = sector.play_apart(sector.options("random", 50));
    let watcher = sector.player(1).await;
    let (mut watch, mut seen) = (Watch::new(&watcher), BTreeSet::new());
    let mut last = until_ordered(&mut watch, &mut seen, 0).await;

    for what in ["Redis", "the API", "both"] {
        let since = Instant::now();
        if what != "the API" {
            redis.kill();
        }
        if what != "Redis" {
            sector.kill_api();
        }
        tokio::time::sleep(AWAY).await;
        if what != "the API" {
            redis.restart();
        }
        if what != "Redis" {
            sector.start_mortal_api().await;
        }
        // Ticks go on while only the API is away: what counts is from the newest on.
        last = last.max(newest(&watcher).await);
        let given = until_ordered(&mut watch, &mut seen, last).await;
        println!(
            "{what} was killed: an order again {:?} later, in tick {given} after {last}",
            since.elapsed()
        );
        assert!(
            given <= last + TICKS_UNTIL_BACK,
            "{what}: an order only in tick {given}, after {last}"
        );
        assert!(!playing.is_finished(), "the bots have ended");
        last = given;
    }

    // Nobody orders any more; all that was accepted comes.
    let accepted = work.accepted.load(Ordering::Relaxed);
    playing.abort();
    in_time("all accepted orders", async {
        while (seen.len() as u64) < accepted {
            outcomes(&mut watch, &mut seen).await;
        }
    })
    .await;
    for _ in 0..5 {
        outcomes(&mut watch, &mut seen).await;
    }
}
