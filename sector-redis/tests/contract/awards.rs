//! Awards: recorded once, kept for ever.

use sector_redis::{Award, Commit};

use crate::bench::{Bench, begin, tick};

fn award(universe: &str, faction: &str, name: &str, body: &str) -> Award {
    Award {
        universe: universe.into(),
        faction: faction.into(),
        award: name.into(),
        body: body.into(),
    }
}

pub(crate) async fn are_recorded_once(bench: Bench) {
    let store = &bench.store;
    let first = award("u1", "F1", "victory", "{\"a\":1}");
    assert!(store.record_award(&first).await.unwrap());
    assert!(!store.record_award(&award("u1", "F1", "victory", "other")).await.unwrap());
    assert_eq!(store.awards(None).await.unwrap(), [first]);
    // Names that would run together if they were merely joined.
    assert!(store.record_award(&award("u1", "F1:x", "y", "")).await.unwrap());
    assert!(store.record_award(&award("u1", "F1", "x:y", "")).await.unwrap());
}

pub(crate) async fn come_with_a_commit(bench: Bench) {
    let lease = bench.begin().await;
    let known = award("u1", "F1", "victory", "first");
    bench.store.record_award(&known).await.unwrap();
    let fresh = award("u1", "F2", "survivor", "é \"quoted\"");
    let commit = Commit {
        awards: vec![award("u1", "F1", "victory", "second"), fresh.clone()],
        ..tick(&lease, "u1", 1)
    };
    bench.commit(commit).await.unwrap();
    bench.commit(begin(&lease, "u2")).await.unwrap();
    assert_eq!(bench.store.awards(None).await.unwrap(), [known, fresh]);
}

pub(crate) async fn are_listed_in_order(bench: Bench) {
    let awards = [
        award("u1", "F1", "b", "1"),
        award("u1", "F10", "a", "2"),
        award("u1", "F2", "a", "3"),
        award("u10", "F1", "a", "4"),
        award("u2", "F1", "a", "5"),
    ];
    for award in awards.iter().rev() {
        bench.store.record_award(award).await.unwrap();
    }
    assert_eq!(bench.store.awards(None).await.unwrap(), awards);
    assert_eq!(bench.store.awards(Some(&"u1".into())).await.unwrap(), awards[..3]);
    assert_eq!(bench.store.awards(Some(&"u2".into())).await.unwrap(), awards[4..]);
    assert!(bench.store.awards(Some(&"u3".into())).await.unwrap().is_empty());
}
