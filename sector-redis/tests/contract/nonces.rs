//! Nonces: taken once, not after their end, bounded in number.

use sector_redis::Pool;
use tokio::task::JoinSet;

use crate::bench::{Bench, LONG, SHORT};

pub(crate) async fn are_taken_once(bench: Bench) {
    let store = &bench.store;
    store.put_nonce(Pool::Traces, "a", "1", LONG).await.unwrap();
    store.put_nonce(Pool::Traces, "b", "2", LONG).await.unwrap();
    assert_eq!(store.take_nonce(Pool::Traces, "a").await.unwrap().as_deref(), Some("1"));
    assert_eq!(store.take_nonce(Pool::Traces, "a").await.unwrap(), None);
    assert_eq!(store.take_nonce(Pool::Traces, "c").await.unwrap(), None);
    assert_eq!(store.take_nonce(Pool::Traces, "b").await.unwrap().as_deref(), Some("2"));
}

pub(crate) async fn a_hundred_at_once_take_one(bench: Bench) {
    bench.store.put_nonce(Pool::Traces, "a", "1", LONG).await.unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..100 {
        let store = bench.store.clone();
        tasks.spawn(async move { store.take_nonce(Pool::Traces, "a").await.unwrap() });
    }
    let taken: Vec<String> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(taken, ["1"]);
}

pub(crate) async fn expire(bench: Bench) {
    let store = &bench.store;
    store.put_nonce(Pool::Traces, "a", "1", SHORT).await.unwrap();
    store.put_nonce(Pool::Traces, "b", "2", LONG).await.unwrap();
    bench.outlive().await;
    assert_eq!(store.take_nonce(Pool::Traces, "a").await.unwrap(), None);
    assert_eq!(store.take_nonce(Pool::Traces, "b").await.unwrap().as_deref(), Some("2"));
}

pub(crate) async fn are_replaced(bench: Bench) {
    let store = &bench.store;
    store.put_nonce(Pool::Traces, "a", "1", SHORT).await.unwrap();
    store.put_nonce(Pool::Traces, "a", "2", LONG).await.unwrap();
    bench.outlive().await;
    assert_eq!(store.take_nonce(Pool::Traces, "a").await.unwrap().as_deref(), Some("2"));
    assert_eq!(store.take_nonce(Pool::Traces, "a").await.unwrap(), None);
}

pub(crate) async fn are_bounded(bench: Bench) {
    let store = &bench.store;
    store.put_nonce(Pool::Traces, "soonest", "x", LONG / 2).await.unwrap();
    for number in 1..Pool::Traces.max() {
        store.put_nonce(Pool::Traces, &number.to_string(), "x", LONG).await.unwrap();
    }
    store.put_nonce(Pool::Traces, "1", "again", LONG).await.unwrap();
    store.put_nonce(Pool::Traces, "last", "x", LONG).await.unwrap();
    assert_eq!(store.take_nonce(Pool::Traces, "soonest").await.unwrap(), None);
    for kept in ["2", "last"] {
        assert_eq!(store.take_nonce(Pool::Traces, kept).await.unwrap().as_deref(), Some("x"));
    }
    assert_eq!(store.take_nonce(Pool::Traces, "1").await.unwrap().as_deref(), Some("again"));
}

pub(crate) async fn a_flood_of_one_pool_evicts_nothing_of_another(bench: Bench) {
    let store = &bench.store;
    for pool in Pool::ALL {
        store.put_nonce(pool, "kept", pool.max().to_string().as_str(), LONG / 2).await.unwrap();
    }
    for number in 0..=Pool::Notes.max() {
        store.put_nonce(Pool::Notes, &number.to_string(), "x", LONG).await.unwrap();
    }
    for pool in Pool::ALL {
        let kept = store.take_nonce(pool, "kept").await.unwrap();
        let expected = (pool != Pool::Notes).then(|| pool.max().to_string());
        assert_eq!(kept, expected, "{pool:?}");
    }
}
