//! The audit log.

use std::collections::BTreeMap;

use sector_redis::Error;
use tokio::task::JoinSet;

use crate::bench::Bench;

pub(crate) async fn is_numbered_without_gaps(bench: Bench) {
    assert!(bench.store.audit(0, 10).await.unwrap().is_empty());
    let mut tasks = JoinSet::new();
    for number in 0..100 {
        let store = bench.store.clone();
        tasks.spawn(async move {
            let body = format!("{{\"é\":{number}}}");
            (store.append_audit(&body).await.unwrap(), body)
        });
    }
    let given: BTreeMap<u64, String> = tasks.join_all().await.into_iter().collect();
    assert!(given.keys().copied().eq(1..=100));
    let read: BTreeMap<u64, String> =
        bench.store.audit(0, 1_000).await.unwrap().into_iter().collect();
    assert_eq!(read, given);
}

pub(crate) async fn is_read_in_pieces(bench: Bench) {
    for number in 1..=5 {
        assert_eq!(bench.store.append_audit(&number.to_string()).await.unwrap(), number);
    }
    let piece = async |after, count| {
        let entries = bench.store.audit(after, count).await.unwrap();
        assert!(entries.iter().all(|(number, body)| *body == number.to_string()));
        entries.into_iter().map(|(number, _)| number).collect::<Vec<_>>()
    };
    assert_eq!(piece(0, 2).await, [1, 2]);
    assert_eq!(piece(2, 2).await, [3, 4]);
    assert_eq!(piece(4, 2).await, [5]);
    assert_eq!(piece(0, usize::MAX).await, [1, 2, 3, 4, 5]);
    for beyond in [5, 6, u64::MAX] {
        assert!(piece(beyond, 2).await.is_empty());
    }
}

pub(crate) async fn is_bounded_by_entry(bench: Bench) {
    let refused = bench.store.append_audit(&"x".repeat(16 * 1024 + 1)).await;
    assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    assert_eq!(bench.store.append_audit(&"x".repeat(16 * 1024)).await.unwrap(), 1);
}
