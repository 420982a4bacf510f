//! The incarnation: which life of the store a number belongs to.

use std::time::Duration;

use sector_redis::{Error, Incarnation, Position};

use crate::bench::{Bench, id, tick};

pub(crate) async fn is_kept_and_told(bench: Bench) {
    let first = bench.store.incarnation().await.unwrap();
    let lease = bench.begin().await;
    bench.run(&lease, 1..=2).await;
    assert_eq!(bench.store.incarnation().await.unwrap(), first);
    assert_eq!(bench.store.head().await.unwrap().unwrap().incarnation, first);
    assert_eq!(bench.store.checkpoint().await.unwrap().unwrap().incarnation, first);
}

pub(crate) async fn is_renewed_only_without_a_worker(bench: Bench) {
    let lease = bench.begin().await;
    let first = bench.store.incarnation().await.unwrap();
    let refused = bench.store.renew_incarnation().await;
    assert!(matches!(refused, Err(Error::Config { .. })), "{refused:?}");
    assert_eq!(bench.store.incarnation().await.unwrap(), first);
    bench.store.release_lease(&lease).await.unwrap();
    let second = bench.store.renew_incarnation().await.unwrap();
    assert_ne!(second, first);
    assert_eq!(bench.store.incarnation().await.unwrap(), second);
    assert_eq!(bench.store.head().await.unwrap().unwrap().incarnation, second);
    // It is still the same world: the next worker goes on.
    let next = bench.lease().await;
    bench.commit(tick(&next, "u1", 1)).await.unwrap();
}

pub(crate) async fn followers_of_another_are_told(bench: Bench) {
    let lease = bench.begin().await;
    bench.run(&lease, 1..=2).await;
    let known = bench.store.incarnation().await.unwrap();
    let at = |incarnation: Incarnation, after: u64| Position {
        incarnation: Some(incarnation),
        after: id(after),
    };
    let read = |from: Position| bench.store.events_from(from, 10, Duration::ZERO);
    assert_eq!(read(at(known, 1)).await.unwrap().len(), 2);
    assert!(read(at(known, 3)).await.unwrap().is_empty());
    bench.store.release_lease(&lease).await.unwrap();
    let current = bench.store.renew_incarnation().await.unwrap();
    // Where there is something to read, where there is nothing yet, and where there never was.
    for after in [0, 1, 3, 4] {
        let told = read(at(known, after)).await;
        let Err(Error::Restored { known: told_known, current: told_current }) = told else {
            panic!("{told:?}");
        };
        assert_eq!((told_known, told_current), (known, Some(current)));
    }
    assert_eq!(read(at(current, 1)).await.unwrap().len(), 2);
    assert_eq!(read(id(1).into()).await.unwrap().len(), 2);
}

pub(crate) async fn waiting_followers_are_told(bench: Bench) {
    let lease = bench.begin().await;
    let known = bench.store.incarnation().await.unwrap();
    let reader = bench.store.clone();
    let waiting = tokio::spawn(async move {
        let from = Position { incarnation: Some(known), after: id(1) };
        reader.events_from(from, 10, Duration::from_secs(60)).await
    });
    bench.store.release_lease(&lease).await.unwrap();
    bench.store.renew_incarnation().await.unwrap();
    let next = bench.lease().await;
    bench.commit(tick(&next, "u1", 1)).await.unwrap();
    let told = tokio::time::timeout(Duration::from_secs(30), waiting).await.unwrap().unwrap();
    assert!(matches!(told, Err(Error::Restored { .. })), "{told:?}");
}
