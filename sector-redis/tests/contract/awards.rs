//! Awards: recorded once, kept for ever; those of a commit are final.

use sector_redis::{Award, Commit, Error, Recorded, Run};
use store_testkit::awards;

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
    let store = &*bench.store;
    let first = award("u1", "F1", "victory", "{\"a\":1}");
    assert_eq!(store.record_award(&first).await.unwrap(), Recorded::New);
    assert_eq!(store.record_award(&first).await.unwrap(), Recorded::Same);
    let other = award("u1", "F1", "victory", "other");
    assert_eq!(store.record_award(&other).await.unwrap(), Recorded::Different);
    assert_eq!(awards(store).await, [first]);
    // Names that would run together if they were merely joined.
    for (faction, name) in [("F1:x", "y"), ("F1", "x:y")] {
        let award = award("u1", faction, name, "");
        assert_eq!(store.record_award(&award).await.unwrap(), Recorded::New);
    }
}

pub(crate) async fn come_with_a_commit(bench: Bench) {
    let lease = bench.begin().await;
    let forged = award("u1", "F1", "victory", "forged");
    let kept = award("u1", "F3", "victory", "of someone else");
    for award in [&forged, &kept] {
        bench.store.record_award(award).await.unwrap();
    }
    let earned = award("u1", "F1", "victory", "earned");
    let fresh = award("u1", "F2", "survivor", "é \"quoted\"");
    let commit = Commit { awards: vec![earned.clone(), fresh.clone()], ..tick(&lease, "u1", 1) };
    bench.commit(commit).await.unwrap();
    bench.commit(begin(&lease, "u2")).await.unwrap();
    assert_eq!(bench.store.record_award(&forged).await.unwrap(), Recorded::Different);
    assert_eq!(awards(&*bench.store).await, [earned, fresh, kept]);
}

pub(crate) async fn come_page_by_page(bench: Bench) {
    let store = &*bench.store;
    assert_eq!((awards(store).await, store.award_count().await.unwrap()), (Vec::new(), 0));
    let mut all = Vec::new();
    for number in 0..600 {
        let award = award(&format!("u{number}"), "F1", "a", &"x".repeat(100));
        store.record_award(&award).await.unwrap();
        all.push(award);
    }
    all.sort();
    let page = store.awards(None, 10).await.unwrap();
    assert!(page.awards.len() < 100 && page.next.is_some(), "{}", page.awards.len());
    assert_eq!(awards(store).await, all);
    assert_eq!(store.award_count().await.unwrap(), 600);
    let broken = store.awards(Some("no page"), 10).await;
    assert!(matches!(broken, Err(Error::Invalid { .. })), "{broken:?}");
}

pub(crate) async fn are_listed_beside_their_run(bench: Bench) {
    let lease = bench.begin().await;
    assert_eq!(bench.store.run(&"u1".into()).await.unwrap(), None);
    let commit = Commit { finished: Some("summary".into()), ..tick(&lease, "u1", 1) };
    bench.commit(commit).await.unwrap();
    let run = Run { universe: "u1".into(), summary: "summary".into() };
    assert_eq!(bench.store.run(&"u1".into()).await.unwrap(), Some(run));
    assert_eq!(bench.store.run(&"u2".into()).await.unwrap(), None);
}
