//! Nonces: taken once, not after their end, bounded in number.

use sector_redis::MAX_NONCES;
use tokio::task::JoinSet;

use crate::bench::{Bench, LONG, SHORT};

pub(crate) async fn are_taken_once(bench: Bench) {
    let store = &bench.store;
    store.put_nonce("a", "1", LONG).await.unwrap();
    store.put_nonce("b", "2", LONG).await.unwrap();
    assert_eq!(store.take_nonce("a").await.unwrap().as_deref(), Some("1"));
    assert_eq!(store.take_nonce("a").await.unwrap(), None);
    assert_eq!(store.take_nonce("c").await.unwrap(), None);
    assert_eq!(store.take_nonce("b").await.unwrap().as_deref(), Some("2"));
}

pub(crate) async fn a_hundred_at_once_take_one(bench: Bench) {
    bench.store.put_nonce("a", "1", LONG).await.unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..100 {
        let store = bench.store.clone();
        tasks.spawn(async move { store.take_nonce("a").await.unwrap() });
    }
    let taken: Vec<String> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(taken, ["1"]);
}

pub(crate) async fn expire(bench: Bench) {
    let store = &bench.store;
    store.put_nonce("a", "1", SHORT).await.unwrap();
    store.put_nonce("b", "2", LONG).await.unwrap();
    bench.outlive().await;
    assert_eq!(store.take_nonce("a").await.unwrap(), None);
    assert_eq!(store.take_nonce("b").await.unwrap().as_deref(), Some("2"));
}

pub(crate) async fn are_replaced(bench: Bench) {
    let store = &bench.store;
    store.put_nonce("a", "1", SHORT).await.unwrap();
    store.put_nonce("a", "2", LONG).await.unwrap();
    bench.outlive().await;
    assert_eq!(store.take_nonce("a").await.unwrap().as_deref(), Some("2"));
    assert_eq!(store.take_nonce("a").await.unwrap(), None);
}

pub(crate) async fn are_bounded(bench: Bench) {
    let store = &bench.store;
    store.put_nonce("soonest", "x", LONG / 2).await.unwrap();
    for number in 1..MAX_NONCES {
        store.put_nonce(&number.to_string(), "x", LONG).await.unwrap();
    }
    store.put_nonce("1", "again", LONG).await.unwrap();
    store.put_nonce("last", "x", LONG).await.unwrap();
    assert_eq!(store.take_nonce("soonest").await.unwrap(), None);
    for kept in ["2", "last"] {
        assert_eq!(store.take_nonce(kept).await.unwrap().as_deref(), Some("x"));
    }
    assert_eq!(store.take_nonce("1").await.unwrap().as_deref(), Some("again"));
}
