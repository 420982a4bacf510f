//! The log of Redis, cut at any byte of the last commit: the store is as before it or as after it,
//! never in between, and once the log is repaired what is written from there on stays.
//!
//! With `PROPTEST_CASES` set it is cut at every byte.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a broken promise ends the test")]

use std::sync::Arc;
use std::time::Duration;

use sector_redis::{
    Award, BatchOrder, Commit, Lease, NewEvent, OrderBatch, Place, Store, StoreOptions, StreamId,
    open,
};
use store_testkit::RedisServer;

const TTL: Duration = Duration::from_millis(1);
/// Cuts of an ordinary run, besides those at either end.
const CUTS: u64 = 24;

async fn store(server: &RedisServer) -> Arc<dyn Store> {
    open(StoreOptions::new(Place::redis(server.url()))).await.unwrap()
}

/// Longer than an ordinary run.
const LONG: Duration = Duration::from_secs(60);

async fn acquire(store: &Arc<dyn Store>) -> Lease {
    let lease = store.acquire_lease("worker", LONG).await.unwrap();
    lease.expect("the lease is free")
}

fn commit(lease: &Lease, tick: u64, cursor: u64) -> Commit {
    Commit {
        lease: lease.clone(),
        lease_ttl: TTL,
        universe: "u".into(),
        tick,
        digest: format!("digest {tick}"),
        cursor: StreamId::new(cursor),
        record: format!("record {tick}"),
        events: vec![NewEvent { kind: "delta".into(), data: format!("to {tick}") }],
        ..Commit::default()
    }
}

async fn state(store: &Arc<dyn Store>) -> String {
    let head = store.head().await.unwrap().unwrap();
    format!(
        "{head:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}",
        store.checkpoint().await.unwrap(),
        store.records(&"u".into(), 0, 100).await.unwrap(),
        store.events_after(StreamId::START, 100, Duration::ZERO).await.unwrap(),
        store.orders_after(head.cursor, 100, Duration::ZERO).await.unwrap(),
        store_testkit::awards(&**store).await,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_cut_anywhere_in_the_last_commit_is_as_before_or_as_after() {
    let mut server = RedisServer::start_with(&["--appendfsync", "always"]);
    let first = store(&server).await;
    let held = acquire(&first).await;
    let begin = Commit {
        begin: Some("header".into()),
        checkpoint: Some("0".into()),
        lease_ttl: LONG,
        ..commit(&held, 0, 0)
    };
    first.commit(&begin).await.unwrap();
    for number in 0..3 {
        let orders = vec![BatchOrder {
            client_id: Some(format!("c{number}")),
            body: format!("order {number}"),
        }];
        let batch = OrderBatch {
            universe: "u".into(),
            player: "p".into(),
            orders,
            ..OrderBatch::default()
        };
        first.append_orders(&batch).await.unwrap();
    }
    let length = || server.log().metadata().unwrap().len();
    let (before, from) = (state(&first).await, length());
    let award = Award {
        universe: "u".into(),
        faction: "F1".into(),
        award: "first".into(),
        body: "{}".into(),
    };
    let last = Commit { checkpoint: Some("1".into()), awards: vec![award], ..commit(&held, 1, 2) };
    first.commit(&last).await.unwrap();
    let (after, to) = (state(&first).await, length());
    assert!(to > from && before != after);
    server.kill();

    let step = if std::env::var_os("PROPTEST_CASES").is_some() { 1 } else { (to - from) / CUTS };
    let edges = [from + 1, to - 2, to - 1, to];
    for cut in (from..to).step_by(usize::try_from(step).unwrap()).chain(edges) {
        let mut server = server.start_on_cut_log(cut);
        let expected = if cut == to { &after } else { &before };
        let torn = store(&server).await;
        assert_eq!(&state(&torn).await, expected, "cut at {cut} of {from} to {to}");

        // What is answered from here on outlives the next crash, once the log has been repaired.
        drop(torn);
        server.kill();
        server.repair_log();
        server.restart();
        let torn = store(&server).await;
        assert_eq!(&state(&torn).await, expected, "cut at {cut} of {from} to {to} and repaired");
        let (tick, cursor) = if cut == to { (2, 2) } else { (1, 1) };
        let held = match torn.renew_lease(&held, LONG).await {
            Ok(()) => held.clone(),
            // The last commit left it a millisecond to live.
            Err(_) => acquire(&torn).await,
        };
        torn.commit(&commit(&held, tick, cursor)).await.unwrap();
        let written = state(&torn).await;
        drop(torn);
        server.restart();
        assert_eq!(state(&store(&server).await).await, written, "written after a cut at {cut}");
    }
}
