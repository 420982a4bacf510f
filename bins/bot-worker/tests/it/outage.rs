//! Redis and the API are killed while bots play.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use sector_client::Client;
use store_testkit::RedisServer;

use crate::harness::{Sector, Watch, in_time};
use crate::worker::outcomes;

/// Length of an outage: longer than the time limit of a delivery, and than the lease.
const AWAY: Duration = Duration::from_millis(2_500);
/// Longest time in ticks until the bots give orders again after an outage: the longest pause
/// between attempts is 3 s, which are 30 ticks.
const TICKS_UNTIL_BACK: u64 = 40;

/// Waits for an order that the bots gave after this tick, and returns its tick. Fails on
/// duplicates.
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

/// Current tick, once the sector is available.
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
async fn bots_resume_after_redis_and_the_api_were_killed_and_no_order_is_lost_or_counted_twice() {
    let mut redis = RedisServer::start();
    let mut sector = Sector::on_redis(&redis, 100).await;
    sector.make_api_mortal().await;
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
        // Ticks continue while only the API is unavailable, so count from the newest one.
        last = last.max(newest(&watcher).await);
        let given = until_ordered(&mut watch, &mut seen, last).await;
        println!(
            "{what} was killed: next order {:?} later, in tick {given} after {last}",
            since.elapsed()
        );
        assert!(
            given <= last + TICKS_UNTIL_BACK,
            "{what}: next order in tick {given}, after {last}"
        );
        assert!(!playing.is_finished(), "the bots have ended");
        last = given;
    }

    // No more orders are given; wait for the outcomes of all accepted ones.
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
