//! Ticks: in order, exact, across cuts, gaps and new universes.

use std::time::Duration;

use sector_redis::StreamId;

use crate::harness::{Sector, in_time, until};

const POLL: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_tick_comes_once_and_exact_across_a_restart_of_the_api() {
    let mut sector = Sector::start(20, 10_000).await;
    let mut ticks = sector.client().await.ticks(POLL);
    let first = in_time("the first tick", ticks.next()).await.unwrap();
    assert!(first.is_new_universe && first.missed == 0 && first.mirror.is_exact());
    let mut number = first.number();
    for round in 0..3 {
        for _ in 0..10 {
            let tick = in_time("a tick", ticks.next()).await.unwrap();
            assert_eq!((tick.number(), tick.missed, tick.is_new_universe), (number + 1, 0, false));
            assert!(tick.mirror.is_exact());
            number += 1;
        }
        if round < 2 {
            sector.stop_api().await;
            let store = &sector.store;
            let away = || async { store.head().await.unwrap().filter(|head| head.tick > number + 10) };
            until("ticks while the API is away", away).await;
            sector.start_api().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_tick_is_told_how_many_were_missed() {
    let sector = Sector::start(20, 10_000).await;
    let mut ticks = sector.client().await.ticks(POLL);
    let before = in_time("the first tick", ticks.newest()).await.unwrap().number();
    let store = &sector.store;
    let behind = || async { store.head().await.unwrap().filter(|head| head.tick > before + 250) };
    let head = until("more ticks than one page holds", behind).await;
    let tick = in_time("the newest tick", ticks.newest()).await.unwrap();
    assert!(tick.number() >= head.tick, "{} < {}", tick.number(), head.tick);
    assert_eq!(tick.missed, tick.number() - before - 1);
    assert_eq!(tick.turn().missed, tick.missed);
    assert!(tick.mirror.is_exact());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_are_gone_are_made_up_for_by_a_snapshot() {
    let mut sector = Sector::start(20, 5).await;
    let mut ticks = sector.client().await.ticks(POLL);
    let before = in_time("the first tick", ticks.next()).await.unwrap().number();
    sector.stop_api().await;
    let store = &sector.store;
    // The entry of tick n has the id n + 1: the first is the snapshot of tick 0.
    let after = StreamId::new(before + 1);
    let trimmed = || async { store.events_after(after, 1, Duration::ZERO).await.err() };
    until("the events are trimmed", trimmed).await;
    sector.start_api().await;
    let tick = in_time("a tick after the gap", ticks.next()).await.unwrap();
    assert!(tick.missed > 0 && !tick.is_new_universe, "{tick:?}");
    assert_eq!(tick.number(), before + tick.missed + 1);
    assert!(tick.mirror.is_exact());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_universe_is_followed() {
    let sector = Sector::start(20, 10_000).await;
    let admin = sector.player(200).await;
    let mut ticks = admin.ticks(POLL);
    let first = in_time("the first tick", ticks.next()).await.unwrap().universe_id().to_owned();
    admin.restart(Some(99)).await.unwrap();
    let (tick, universe) = in_time("a new universe", async {
        loop {
            let tick = ticks.next().await.unwrap();
            if tick.is_new_universe {
                assert_eq!((tick.missed, tick.board().seed()), (0, 99));
                return (tick.number(), tick.universe_id().to_owned());
            }
            assert_eq!(tick.universe_id(), first);
        }
    })
    .await;
    assert_ne!(universe, first);
    let next = in_time("its next tick", ticks.next()).await.unwrap();
    assert_eq!((next.number(), next.is_new_universe), (tick + 1, false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_may_be_given_up_without_loss() {
    let sector = Sector::start(30, 10_000).await;
    let mut ticks = sector.client().await.ticks(POLL);
    let mut number = in_time("the first tick", ticks.next()).await.unwrap().number();
    let mut given_up = 0;
    while given_up < 20 {
        match tokio::time::timeout(Duration::from_millis(7), ticks.next()).await {
            Ok(tick) => {
                number += 1;
                assert_eq!(tick.unwrap().number(), number);
            }
            Err(_) => given_up += 1,
        }
    }
    assert_eq!(in_time("a tick", ticks.next()).await.unwrap().number(), number + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restore_the_ticks_begin_anew_by_themselves() {
    let mut sector = Sector::start(20, 10_000).await;
    let mut ticks = sector.client().await.ticks(POLL);
    for _ in 0..5 {
        in_time("a tick", ticks.next()).await.unwrap();
    }
    sector.restore().await;
    let restored = in_time("a tick after the restore", async {
        loop {
            let tick = ticks.next().await.unwrap();
            if tick.is_new_universe {
                return tick.number();
            }
        }
    })
    .await;
    for number in restored + 1..restored + 10 {
        let tick = in_time("a tick", ticks.next()).await.unwrap();
        assert_eq!((tick.number(), tick.missed, tick.is_new_universe), (number, 0, false));
        assert!(tick.mirror.is_exact());
    }
}
