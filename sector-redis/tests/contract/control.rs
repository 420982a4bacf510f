//! Pause, restart and ping.

use sector_redis::{Commit, RestartRequest};

use crate::bench::{Bench, begin, tick};

pub(crate) async fn pause_is_kept(bench: Bench) {
    let store = &bench.store;
    assert!(!store.paused().await.unwrap());
    store.set_paused(true).await.unwrap();
    store.set_paused(true).await.unwrap();
    assert!(store.paused().await.unwrap());
    let lease = bench.begin().await;
    assert!(store.head().await.unwrap().unwrap().paused);
    bench.run(&lease, 1..=1).await;
    bench.commit(begin(&lease, "u2")).await.unwrap();
    assert!(store.paused().await.unwrap());
    store.set_paused(false).await.unwrap();
    assert!(!store.paused().await.unwrap());
    assert!(!store.head().await.unwrap().unwrap().paused);
}

fn served(mut commit: Commit, request: RestartRequest) -> Commit {
    commit.restart_served = Some(request.number);
    commit
}

pub(crate) async fn a_restart_is_served_once(bench: Bench) {
    let lease = bench.begin().await;
    let store = &bench.store;
    assert_eq!(store.restart_request().await.unwrap(), None);
    let largest = (1 << 53) - 1;
    for (universe, seed) in [("u2", None), ("u3", Some(largest))] {
        let request = store.request_restart(seed).await.unwrap();
        assert_eq!(request.seed, seed);
        assert_eq!(store.restart_request().await.unwrap(), Some(request));
        bench.commit(served(begin(&lease, universe), request)).await.unwrap();
        assert_eq!(store.restart_request().await.unwrap(), None);
    }
}

pub(crate) async fn a_newer_restart_is_not_served_by_the_older(bench: Bench) {
    let lease = bench.begin().await;
    let store = &bench.store;
    let older = store.request_restart(Some(1)).await.unwrap();
    let newer = store.request_restart(Some(2)).await.unwrap();
    assert!(newer.number > older.number);
    bench.commit(served(begin(&lease, "u2"), older)).await.unwrap();
    assert_eq!(store.restart_request().await.unwrap(), Some(newer));
    bench.commit(tick(&lease, "u2", 1)).await.unwrap();
    assert_eq!(store.restart_request().await.unwrap(), Some(newer));
}

pub(crate) async fn ping_answers(bench: Bench) {
    bench.store.ping().await.unwrap();
}
