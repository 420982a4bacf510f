//! Seats: one holder a faction, one faction a player, lapsing.

use sector_redis::{Claim, ClaimOutcome};
use tokio::task::JoinSet;

use crate::bench::Bench;

const IDLE: u64 = 60_000;

fn claim(faction: &str, player: &str, since_ms: u64, seen_ms: u64) -> Claim {
    Claim { faction: faction.into(), player: player.into(), since_ms, seen_ms }
}

pub(crate) async fn a_faction_has_one_holder(bench: Bench) {
    bench.begin().await;
    let store = &bench.store;
    let first = store.claim(&"u1".into(), "F1", "p", 100, IDLE).await.unwrap();
    assert_eq!(first, ClaimOutcome::Claimed);
    let other = store.claim(&"u1".into(), "F1", "q", 200, IDLE).await.unwrap();
    assert_eq!(other, ClaimOutcome::TakenByOther);
    let again = store.claim(&"u1".into(), "F1", "p", 5_000, IDLE).await.unwrap();
    assert_eq!(again, ClaimOutcome::Claimed);
    let claims = store.claims(&"u1".into(), 5_000, IDLE).await.unwrap();
    assert_eq!(claims, [claim("F1", "p", 100, 5_000)]);
}

pub(crate) async fn a_player_has_one_faction(bench: Bench) {
    bench.begin().await;
    let store = &bench.store;
    store.claim(&"u1".into(), "F1", "p", 100, IDLE).await.unwrap();
    let second = store.claim(&"u1".into(), "F2", "p", 100, IDLE).await.unwrap();
    assert_eq!(second, ClaimOutcome::AlreadyHolds("F1".into()));
    assert_eq!(store.claims(&"u1".into(), 100, IDLE).await.unwrap().len(), 1);
}

pub(crate) async fn a_hundred_at_once_for_one_faction(bench: Bench) {
    bench.begin().await;
    let mut tasks = JoinSet::new();
    for number in 0..100 {
        let store = bench.store.clone();
        tasks.spawn(async move {
            let player = format!("p{number}");
            let outcome = store.claim(&"u1".into(), "F1", &player, 100, IDLE).await.unwrap();
            (player, outcome)
        });
    }
    let (won, lost): (Vec<_>, Vec<_>) = tasks
        .join_all()
        .await
        .into_iter()
        .partition(|(_, outcome)| *outcome == ClaimOutcome::Claimed);
    assert_eq!(won.len(), 1);
    assert!(lost.iter().all(|(_, outcome)| *outcome == ClaimOutcome::TakenByOther));
    let claims = bench.store.claims(&"u1".into(), 100, IDLE).await.unwrap();
    assert_eq!(claims, [claim("F1", &won[0].0, 100, 100)]);
}

pub(crate) async fn one_player_at_once_for_many_factions(bench: Bench) {
    bench.begin().await;
    let mut tasks = JoinSet::new();
    for number in 0..50 {
        let store = bench.store.clone();
        tasks.spawn(async move {
            let faction = format!("F{number}");
            store.claim(&"u1".into(), &faction, "p", 100, IDLE).await.unwrap()
        });
    }
    let outcomes = tasks.join_all().await;
    let won = outcomes.iter().filter(|outcome| **outcome == ClaimOutcome::Claimed);
    assert_eq!(won.count(), 1);
    assert_eq!(bench.store.claims(&"u1".into(), 100, IDLE).await.unwrap().len(), 1);
}

pub(crate) async fn lapsed_claims_give_way(bench: Bench) {
    bench.begin().await;
    let store = &bench.store;
    store.claim(&"u1".into(), "F1", "p", 100, IDLE).await.unwrap();
    let before = store.claim(&"u1".into(), "F1", "q", 100 + IDLE - 1, IDLE).await.unwrap();
    assert_eq!(before, ClaimOutcome::TakenByOther);
    assert_eq!(store.claims(&"u1".into(), 100 + IDLE - 1, IDLE).await.unwrap().len(), 1);
    assert!(store.claims(&"u1".into(), 100 + IDLE, IDLE).await.unwrap().is_empty());
    let after = store.claim(&"u1".into(), "F1", "q", 100 + IDLE, IDLE).await.unwrap();
    assert_eq!(after, ClaimOutcome::Claimed);
    let now = 100 + IDLE;
    assert_eq!(store.claims(&"u1".into(), now, IDLE).await.unwrap(), [claim("F1", "q", now, now)]);
    // The former holder is free to take another.
    assert_eq!(store.touch(&"u1".into(), "p", now, IDLE).await.unwrap(), None);
    let other = store.claim(&"u1".into(), "F2", "p", now, IDLE).await.unwrap();
    assert_eq!(other, ClaimOutcome::Claimed);
    // A player whose own claim has lapsed may change; the old seat is left clean.
    let later = now + IDLE;
    let change = store.claim(&"u1".into(), "F3", "p", later, IDLE).await.unwrap();
    assert_eq!(change, ClaimOutcome::Claimed);
    assert_eq!(
        store.claims(&"u1".into(), later, IDLE).await.unwrap(),
        [claim("F3", "p", later, later)]
    );
    let freed = store.claim(&"u1".into(), "F2", "r", later, IDLE).await.unwrap();
    assert_eq!(freed, ClaimOutcome::Claimed);
    // Coming back to the same faction after lapsing is a new claim.
    let back = later + IDLE;
    store.claim(&"u1".into(), "F3", "p", back, IDLE).await.unwrap();
    assert_eq!(
        store.claims(&"u1".into(), back, IDLE).await.unwrap(),
        [claim("F3", "p", back, back)]
    );
}

pub(crate) async fn touching_keeps_a_claim(bench: Bench) {
    bench.begin().await;
    let store = &bench.store;
    store.claim(&"u1".into(), "F1", "p", 0, IDLE).await.unwrap();
    assert_eq!(
        store.touch(&"u1".into(), "p", IDLE - 1, IDLE).await.unwrap().as_deref(),
        Some("F1")
    );
    assert_eq!(store.touch(&"u1".into(), "q", IDLE - 1, IDLE).await.unwrap(), None);
    let claims = store.claims(&"u1".into(), 2 * IDLE - 2, IDLE).await.unwrap();
    assert_eq!(claims, [claim("F1", "p", 0, IDLE - 1)]);
    // A clock behind the others takes nothing back.
    assert_eq!(store.touch(&"u1".into(), "p", 5, IDLE).await.unwrap().as_deref(), Some("F1"));
    assert_eq!(store.claims(&"u1".into(), 2 * IDLE - 2, IDLE).await.unwrap().len(), 1);
}

pub(crate) async fn touching_does_not_revive(bench: Bench) {
    bench.begin().await;
    let store = &bench.store;
    store.claim(&"u1".into(), "F1", "p", 0, IDLE).await.unwrap();
    assert_eq!(store.touch(&"u1".into(), "p", IDLE, IDLE).await.unwrap(), None);
    assert!(store.claims(&"u1".into(), IDLE, IDLE).await.unwrap().is_empty());
    let other = store.claim(&"u1".into(), "F1", "q", IDLE, IDLE).await.unwrap();
    assert_eq!(other, ClaimOutcome::Claimed);
}

pub(crate) async fn release_frees(bench: Bench) {
    bench.begin().await;
    let store = &bench.store;
    store.claim(&"u1".into(), "F1", "p", 0, IDLE).await.unwrap();
    assert_eq!(store.release(&"u1".into(), "q").await.unwrap(), None);
    assert_eq!(store.release(&"u1".into(), "p").await.unwrap().as_deref(), Some("F1"));
    assert_eq!(store.release(&"u1".into(), "p").await.unwrap(), None);
    let other = store.claim(&"u1".into(), "F1", "q", 0, IDLE).await.unwrap();
    assert_eq!(other, ClaimOutcome::Claimed);
}

pub(crate) async fn release_all_frees(bench: Bench) {
    bench.begin().await;
    let store = &bench.store;
    for number in 1..=3 {
        let (faction, player) = (format!("F{number}"), format!("p{number}"));
        store.claim(&"u1".into(), &faction, &player, 0, IDLE).await.unwrap();
    }
    assert_eq!(store.release_all(&"u0".into()).await.unwrap(), 0);
    assert_eq!(store.release_all(&"u1".into()).await.unwrap(), 3);
    assert_eq!(store.release_all(&"u1".into()).await.unwrap(), 0);
    assert!(store.claims(&"u1".into(), 0, IDLE).await.unwrap().is_empty());
    let again = store.claim(&"u1".into(), "F2", "p1", 0, IDLE).await.unwrap();
    assert_eq!(again, ClaimOutcome::Claimed);
}

pub(crate) async fn another_universe_has_no_seats(bench: Bench) {
    let store = &bench.store;
    let none = store.claim(&"u1".into(), "F1", "p", 0, IDLE).await.unwrap();
    assert_eq!(none, ClaimOutcome::WrongUniverse);
    bench.begin().await;
    let other = store.claim(&"u0".into(), "F1", "p", 0, IDLE).await.unwrap();
    assert_eq!(other, ClaimOutcome::WrongUniverse);
    store.claim(&"u1".into(), "F1", "p", 0, IDLE).await.unwrap();
    assert!(store.claims(&"u0".into(), 0, IDLE).await.unwrap().is_empty());
    assert_eq!(store.release(&"u0".into(), "p").await.unwrap(), None);
    assert_eq!(store.touch(&"u0".into(), "p", 0, IDLE).await.unwrap(), None);
    assert_eq!(store.claims(&"u1".into(), 0, IDLE).await.unwrap().len(), 1);
}
