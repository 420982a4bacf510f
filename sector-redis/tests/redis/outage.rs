//! Redis away, back, in a state of its own, or emptied under a running deployment.

use std::sync::Arc;
use std::time::Duration;

use sector_redis::{Error, Position, Store, StreamId};
use store_testkit::RedisServer;
use tokio::time::{Instant, sleep, timeout};

use crate::{TTL, begin, lease, open_url, order, raw, tick};

/// What is promised: everything works again this soon after Redis is back.
const RECOVERY: Duration = Duration::from_secs(5);

fn plain_reason(error: &Error, words: &str) {
    assert!(error.is_unavailable() && error.to_string().contains(words), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_works_again_within_five_seconds_of_its_return() {
    let mut server = RedisServer::start_with(&["--appendfsync", "always"]);
    let store = open_url(&server.url()).await.unwrap();
    let lease = lease(&store).await;
    store.commit(&begin(&lease)).await.unwrap();
    let mut slowest = Duration::ZERO;
    // Away for longer than the longest pause between attempts, as after a reboot.
    for (round, away) in [(1, Duration::from_millis(300)), (2, Duration::from_secs(4))] {
        server.kill();
        let gone = Instant::now();
        while gone.elapsed() < away {
            let asked = Instant::now();
            let refused = store.append_orders(&order("while away")).await;
            assert!(refused.as_ref().is_err_and(Error::is_unavailable), "{refused:?}");
            assert!(
                asked.elapsed() < Duration::from_secs(3),
                "a refusal took {:?}",
                asked.elapsed()
            );
            sleep(Duration::from_millis(50)).await;
        }
        let reader = store.clone();
        let waiting = tokio::spawn(async move {
            loop {
                let events =
                    reader.events_after(StreamId::new(round), 1, Duration::from_secs(30)).await;
                match events {
                    Ok(events) if !events.is_empty() => return events,
                    Ok(_) => {}
                    Err(error) => assert!(error.is_unavailable(), "{error:?}"),
                }
                sleep(Duration::from_millis(10)).await;
            }
        });
        server.restart();
        let back = Instant::now();
        while let Err(error) = store.commit(&tick(&lease, round)).await {
            assert!(error.is_unavailable(), "{error:?}");
            sleep(Duration::from_millis(10)).await;
        }
        let events =
            timeout(RECOVERY, waiting).await.expect("the reader is woken in time").unwrap();
        assert_eq!(events[0].id, StreamId::new(round + 1));
        assert!(back.elapsed() < RECOVERY, "it took {:?}", back.elapsed());
        slowest = slowest.max(back.elapsed());
    }
    println!("writing and waiting readers work again after at most {slowest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_stay_two_through_outages() {
    let mut server = RedisServer::start();
    let store = open_url(&server.url()).await.unwrap();
    for _ in 0..3 {
        server.restart();
        let tasks: Vec<_> = (0..200)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move {
                    let _ = store.ping().await;
                    let _ = store.head().await;
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    }
    crate::available_again(&store).await;
    // The follower comes back by itself, a moment later.
    let ours = || {
        let clients: String = redis::cmd("CLIENT").arg("LIST").query(&mut raw(&server)).unwrap();
        clients.lines().count() - 1
    };
    let started = Instant::now();
    while ours() != 2 {
        assert!(ours() <= 2 && started.elapsed() < RECOVERY, "{} connections", ours());
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_replica_is_unavailable_in_plain_words() {
    let server = RedisServer::start();
    let store = open_url(&server.url()).await.unwrap();
    let lease = lease(&store).await;
    store.commit(&begin(&lease)).await.unwrap();
    let replica_of = |host: &str, port: &str| {
        redis::cmd("REPLICAOF").arg(host).arg(port).query::<()>(&mut raw(&server)).unwrap();
    };
    replica_of("127.0.0.1", "1");
    let refused = store.append_orders(&order("a")).await.unwrap_err();
    plain_reason(&refused, "replica");
    let refused = store.commit(&tick(&lease, 1)).await.unwrap_err();
    plain_reason(&refused, "replica");
    replica_of("NO", "ONE");
    crate::available_again(&store).await;
    assert!(!store.commit(&tick(&lease, 1)).await.unwrap().repeated);
}

#[tokio::test]
async fn a_full_redis_says_so() {
    let server = RedisServer::start();
    let store = open_url(&server.url()).await.unwrap();
    let lease = lease(&store).await;
    store.commit(&begin(&lease)).await.unwrap();
    redis::cmd("CONFIG")
        .arg("SET")
        .arg("maxmemory")
        .arg("1")
        .query::<()>(&mut raw(&server))
        .unwrap();
    plain_reason(&store.append_orders(&order("a")).await.unwrap_err(), "maxmemory");
    plain_reason(&store.commit(&tick(&lease, 1)).await.unwrap_err(), "maxmemory");
    plain_reason(&store.set_paused(true).await.unwrap_err(), "maxmemory");
    // Reading goes on.
    assert_eq!(store.head().await.unwrap().unwrap().tick, 0);
}

#[tokio::test]
async fn a_redis_emptied_under_us_is_begun_anew_and_told() {
    let server = RedisServer::start();
    let store = open_url(&server.url()).await.unwrap();
    let first = lease(&store).await;
    store.commit(&begin(&first)).await.unwrap();
    store.commit(&tick(&first, 1)).await.unwrap();
    let known = store.incarnation().await.unwrap();
    redis::cmd("FLUSHALL").query::<()>(&mut raw(&server)).unwrap();

    let from = Position { incarnation: Some(known), after: StreamId::new(1) };
    let told = store.events_from(from, 10, Duration::ZERO).await;
    assert!(matches!(told, Err(Error::Restored { current: None, .. })), "{told:?}");
    // The old worker is out; nothing of its next tick is written.
    let refused = store.commit(&tick(&first, 2)).await;
    assert!(matches!(refused, Err(Error::LeaseLost { .. })), "{refused:?}");
    // The first writer marks the store, so that the next process recognizes it.
    store.put_nonce(sector_redis::Pool::Notes, "n", "v", TTL).await.unwrap();
    let second = lease(&store).await;
    store.commit(&begin(&second)).await.unwrap();
    let other: Arc<dyn Store> = open_url(&server.url()).await.unwrap();
    let now = other.incarnation().await.unwrap();
    assert_ne!(now, known);
    assert_eq!(store.head().await.unwrap().unwrap().incarnation, now);
    let told = other.events_from(from, 10, Duration::ZERO).await;
    assert!(
        matches!(told, Err(Error::Restored { current: Some(current), .. }) if current == now),
        "{told:?}"
    );
}
