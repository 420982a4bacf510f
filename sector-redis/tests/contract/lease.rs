//! The lease: one holder, epochs that only grow.

use std::collections::BTreeSet;
use std::time::Duration;

use sector_redis::{Error, Lease};
use tokio::task::JoinSet;

use crate::bench::{Bench, LONG, SHORT};

pub(crate) async fn one_of_many_takes_it(bench: Bench) {
    let mut tasks = JoinSet::new();
    for number in 0..50 {
        let store = bench.store.clone();
        tasks.spawn(async move {
            let holder = format!("worker-{number}");
            store.acquire_lease(&holder, LONG).await.unwrap()
        });
    }
    let taken: Vec<Lease> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(taken.len(), 1, "{taken:?}");
}

pub(crate) async fn is_not_taken_twice_by_the_same_name(bench: Bench) {
    bench.lease().await;
    let again = bench.store.acquire_lease("worker", LONG).await.unwrap();
    assert_eq!(again, None);
}

pub(crate) async fn epochs_grow_and_are_never_reused(bench: Bench) {
    let mut last = 0;
    for round in 0..6 {
        let life = if round % 2 == 0 { LONG } else { SHORT };
        let lease = bench.store.acquire_lease("worker", life).await.unwrap().unwrap();
        assert!(lease.epoch > last, "{} after {last}", lease.epoch);
        last = lease.epoch;
        if life == LONG {
            bench.store.release_lease(&lease).await.unwrap();
        } else {
            bench.outlive().await;
        }
    }
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let store = bench.store.clone();
        tasks.spawn(async move {
            let holder = format!("worker-{number}");
            let lease = store.acquire_lease(&holder, LONG).await.unwrap()?;
            store.release_lease(&lease).await.unwrap();
            Some(lease.epoch)
        });
    }
    let epochs: Vec<u64> = tasks.join_all().await.into_iter().flatten().collect();
    let different: BTreeSet<u64> = epochs.iter().copied().collect();
    assert!(!epochs.is_empty());
    assert_eq!(different.len(), epochs.len(), "{epochs:?}");
    assert!(epochs.iter().all(|epoch| *epoch > last), "{epochs:?} after {last}");
}

pub(crate) async fn renewal_keeps_it(bench: Bench) {
    let lease = bench.store.acquire_lease("worker", SHORT * 10).await.unwrap().unwrap();
    bench.store.renew_lease(&lease, LONG).await.unwrap();
    for _ in 0..11 {
        bench.outlive().await;
    }
    assert_eq!(bench.store.acquire_lease("other", LONG).await.unwrap(), None);
}

pub(crate) async fn renewal_of_a_lost_lease_is_refused(bench: Bench) {
    let lease = bench.store.acquire_lease("worker", SHORT).await.unwrap().unwrap();
    bench.outlive().await;
    let expired = bench.store.renew_lease(&lease, LONG).await;
    assert!(matches!(expired, Err(Error::LeaseLost { .. })), "{expired:?}");
    let other = bench.store.acquire_lease("other", LONG).await.unwrap().unwrap();
    let taken = bench.store.renew_lease(&lease, LONG).await;
    assert!(matches!(taken, Err(Error::LeaseLost { .. })), "{taken:?}");
    bench.store.renew_lease(&other, LONG).await.unwrap();
}

pub(crate) async fn release_compares(bench: Bench) {
    let stale = bench.store.acquire_lease("worker", SHORT).await.unwrap().unwrap();
    bench.outlive().await;
    let lease = bench.store.acquire_lease("worker", LONG).await.unwrap().unwrap();
    bench.store.release_lease(&stale).await.unwrap();
    let imposter = Lease { holder: "imposter".into(), epoch: lease.epoch };
    bench.store.release_lease(&imposter).await.unwrap();
    bench.store.renew_lease(&lease, LONG).await.unwrap();
    bench.store.release_lease(&lease).await.unwrap();
    bench.lease().await;
}

pub(crate) async fn bad_arguments_are_refused(bench: Bench) {
    for (holder, ttl) in
        [("", LONG), ("a\nb", LONG), ("worker", Duration::ZERO), ("worker", Duration::MAX)]
    {
        let refused = bench.store.acquire_lease(holder, ttl).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{holder:?} {ttl:?}");
    }
    bench.lease().await;
}
