//! Whether a sender may give its orders, judged in the step that appends them.

use std::sync::Arc;
use std::time::Duration;

use sector_redis::{Claim, Commit, Error, OrderBatch, Right, StreamId};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::bench::{Bench, batch, id, tick};

const IDLE: u64 = 60_000;

fn seat(player: &str, client_id: &str, faction: &str, at_ms: u64) -> OrderBatch {
    let right = Right::Seat { faction: faction.into(), idle_ms: IDLE };
    OrderBatch { right, at_ms, ..batch(player, &[client_id]) }
}

fn unclaimed(client_id: &str, factions: &[&str], at_ms: u64) -> OrderBatch {
    let factions = factions.iter().map(|faction| (*faction).to_owned()).collect();
    OrderBatch {
        right: Right::Unclaimed { factions, idle_ms: IDLE },
        at_ms,
        ..batch("bot", &[client_id])
    }
}

async fn count(bench: &Bench) -> usize {
    bench.store.orders_after(StreamId::START, 10_000, Duration::ZERO).await.unwrap().len()
}

fn held(result: sector_redis::Result<sector_redis::Receipt>) -> Option<String> {
    match result {
        Err(Error::NotYourSeat { held }) => held,
        other => panic!("{other:?}"),
    }
}

async fn claims(bench: &Bench, now_ms: u64) -> Vec<Claim> {
    bench.store.claims(&"u1".into(), now_ms, IDLE).await.unwrap()
}

pub(crate) async fn the_seat_must_be_held(bench: Bench) {
    bench.begin().await;
    let store = &bench.store;
    assert_eq!(held(store.append_orders(&seat("p", "a", "F1", 10)).await), None);
    store.claim(&"u1".into(), "F1", "p", 10, IDLE).await.unwrap();
    store.claim(&"u1".into(), "F 2", "q", 10, IDLE).await.unwrap();
    assert_eq!(store.append_orders(&seat("p", "a", "F1", 20)).await.unwrap().id, id(1));
    assert_eq!(store.append_orders(&seat("q", "a", "F 2", 20)).await.unwrap().id, id(2));
    assert_eq!(held(store.append_orders(&seat("q", "b", "F1", 20)).await).as_deref(), Some("F 2"));
    store.release(&"u1".into(), "p").await.unwrap();
    assert_eq!(held(store.append_orders(&seat("p", "b", "F1", 30)).await), None);
    // An order for another universe is refused as such, regardless of the sender.
    let elsewhere = OrderBatch { universe: "u0".into(), ..seat("p", "b", "F1", 30) };
    let refused = store.append_orders(&elsewhere).await;
    assert!(matches!(refused, Err(Error::WrongUniverse { .. })), "{refused:?}");
    assert_eq!(count(&bench).await, 2);
}

pub(crate) async fn a_lapsed_seat_gives_no_right(bench: Bench) {
    bench.begin().await;
    let store = &bench.store;
    store.claim(&"u1".into(), "F1", "p", 0, IDLE).await.unwrap();
    store.append_orders(&seat("p", "a", "F1", IDLE - 1)).await.unwrap();
    let late = 2 * IDLE - 1;
    assert_eq!(held(store.append_orders(&seat("p", "b", "F1", late)).await), None);
    // For others it is free from then on, and the order does not bring it back.
    store.append_orders(&unclaimed("c", &["F1"], late)).await.unwrap();
    assert!(claims(&bench, late).await.is_empty());
}

pub(crate) async fn an_order_is_a_sighting(bench: Bench) {
    bench.begin().await;
    let store = &bench.store;
    store.claim(&"u1".into(), "F1", "p", 0, IDLE).await.unwrap();
    let seen = async |at_ms: u64| {
        let client_id = at_ms.to_string();
        store.append_orders(&seat("p", &client_id, "F1", at_ms)).await.unwrap();
        claims(&bench, at_ms).await[0].seen_ms
    };
    // As exactly as `touch` has it: a second.
    assert_eq!(seen(999).await, 0);
    assert_eq!(seen(1_000).await, 1_000);
    assert_eq!(seen(1_999).await, 1_000);
    assert_eq!(seen(IDLE).await, IDLE);
    // A clock behind the others takes nothing back.
    assert_eq!(seen(5).await, IDLE);
    assert_eq!(claims(&bench, IDLE).await[0].since_ms, 0);
}

pub(crate) async fn a_refused_order_is_no_sighting(bench: Bench) {
    bench.begin().await;
    let store = &bench.store;
    store.claim(&"u1".into(), "F1", "p", 0, IDLE).await.unwrap();
    store.append_orders(&seat("p", "a", "F1", 0)).await.unwrap();
    let full = OrderBatch { backlog_max: Some(1), ..seat("p", "b", "F1", 5_000) };
    assert!(matches!(store.append_orders(&full).await, Err(Error::BacklogFull { waiting: 1 })));
    assert_eq!(
        held(store.append_orders(&seat("p", "b", "F2", 5_000)).await).as_deref(),
        Some("F1")
    );
    // A repetition writes nothing either.
    store.append_orders(&seat("p", "a", "F1", 5_000)).await.unwrap();
    assert_eq!(claims(&bench, 5_000).await[0].seen_ms, 0);
}

pub(crate) async fn unclaimed_means_by_nobody(bench: Bench) {
    bench.begin().await;
    let store = &bench.store;
    store.append_orders(&unclaimed("a", &["F1", "F2", "F3"], 0)).await.unwrap();
    store.append_orders(&unclaimed("b", &[], 0)).await.unwrap();
    store.claim(&"u1".into(), "F3", "p", 0, IDLE).await.unwrap();
    store.claim(&"u1".into(), "F1", "q", 10, IDLE).await.unwrap();
    let refused = store.append_orders(&unclaimed("c", &["F1", "F2", "F3"], 10)).await;
    let Err(Error::SeatTaken { factions }) = refused else { panic!("{refused:?}") };
    assert_eq!(factions, ["F1", "F3"]);
    store.append_orders(&unclaimed("c", &["F2"], 10)).await.unwrap();
    // One of the two has lapsed.
    let refused = store.append_orders(&unclaimed("d", &["F3", "F1"], IDLE)).await;
    assert!(
        matches!(&refused, Err(Error::SeatTaken { factions }) if factions == &["F1"]),
        "{refused:?}"
    );
    store.append_orders(&unclaimed("d", &["F3"], IDLE)).await.unwrap();
    store.release(&"u1".into(), "q").await.unwrap();
    store.append_orders(&unclaimed("e", &["F3", "F1"], IDLE)).await.unwrap();
    assert_eq!(count(&bench).await, 5);
}

pub(crate) async fn a_known_batch_keeps_its_receipt(bench: Bench) {
    bench.begin().await;
    let store = &bench.store;
    store.claim(&"u1".into(), "F1", "p", 0, IDLE).await.unwrap();
    let first = OrderBatch { right: seat("p", "", "F1", 0).right, ..batch("p", &["a", "b"]) };
    let receipt = store.append_orders(&first).await.unwrap();
    store.release(&"u1".into(), "p").await.unwrap();
    store.claim(&"u1".into(), "F1", "q", 0, IDLE).await.unwrap();
    let again =
        store.append_orders(&OrderBatch { backlog_max: Some(0), ..first.clone() }).await.unwrap();
    assert_eq!((again.id, again.duplicates.len()), (receipt.id, 2));
    // With one order that was not accepted before, the right is judged, and of all of them.
    let more = OrderBatch { orders: batch("p", &["a", "c"]).orders, ..first };
    assert_eq!(held(store.append_orders(&more).await), None);
    let free = unclaimed("x", &["F2"], 0);
    let receipt = store.append_orders(&free).await.unwrap();
    store.claim(&"u1".into(), "F2", "r", 0, IDLE).await.unwrap();
    assert_eq!(store.append_orders(&free).await.unwrap().id, receipt.id);
    assert_eq!(count(&bench).await, 2);
}

pub(crate) async fn a_full_backlog_refuses(bench: Bench) {
    let lease = bench.begin().await;
    let store = &bench.store;
    let with =
        |client_id: &str, most| OrderBatch { backlog_max: Some(most), ..batch("p", &[client_id]) };
    assert!(matches!(
        store.append_orders(&with("a", 0)).await,
        Err(Error::BacklogFull { waiting: 0 })
    ));
    for client_id in ["a", "b", "c"] {
        store.append_orders(&with(client_id, 3)).await.unwrap();
    }
    let refused = store.append_orders(&with("d", 3)).await;
    assert!(matches!(refused, Err(Error::BacklogFull { waiting: 3 })), "{refused:?}");
    assert_eq!(
        store.append_orders(&with("b", 3)).await.unwrap().id,
        id(2),
        "known, so there is room"
    );
    store.append_orders(&batch("p", &["d"])).await.unwrap();
    // A tick makes room, whether a checkpoint follows or not.
    bench.commit(Commit { cursor: id(3), ..tick(&lease, "u1", 1) }).await.unwrap();
    for client_id in ["e", "f"] {
        store.append_orders(&with(client_id, 3)).await.unwrap();
    }
    let refused = store.append_orders(&with("g", 3)).await;
    assert!(matches!(refused, Err(Error::BacklogFull { waiting: 3 })), "{refused:?}");
}

pub(crate) async fn a_refusal_writes_nothing(bench: Bench) {
    bench.begin().await;
    let store = &bench.store;
    store.claim(&"u1".into(), "F1", "p", 0, IDLE).await.unwrap();
    let before = bench.state().await;
    held(store.append_orders(&seat("q", "a", "F1", 5_000)).await);
    store.append_orders(&unclaimed("a", &["F1"], 5_000)).await.unwrap_err();
    store
        .append_orders(&OrderBatch { backlog_max: Some(0), ..seat("p", "a", "F1", 5_000) })
        .await
        .unwrap_err();
    assert_eq!(bench.state().await, before);
    assert_eq!(count(&bench).await, 0);
    // The client ids were not used up.
    for (number, given) in
        [batch("q", &["a"]), batch("bot", &["a"]), batch("p", &["a"])].iter().enumerate()
    {
        let receipt = store.append_orders(given).await.unwrap();
        assert_eq!((receipt.id, receipt.duplicates.len()), (id(number as u64 + 1), 0));
    }
}

/// Bots order for a faction while a player claims it: nothing of theirs comes after its claim was
/// answered, and who was refused once stays refused.
pub(crate) async fn claims_and_orders_at_once(bench: Bench) {
    bench.begin().await;
    for round in 0..10 {
        let faction = Arc::new(format!("F{round}"));
        let begins = Arc::new(Barrier::new(9));
        let mut tasks = JoinSet::new();
        for bot in 0..8 {
            let (store, faction, begins) = (bench.store.clone(), faction.clone(), begins.clone());
            tasks.spawn(async move {
                begins.wait().await;
                let mut refused = false;
                for number in 0..10 {
                    let right =
                        Right::Unclaimed { factions: vec![faction.to_string()], idle_ms: IDLE };
                    let given = batch(&format!("bot{bot}"), &[&format!("{round}-{number}")]);
                    match store.append_orders(&OrderBatch { right, at_ms: 0, ..given }).await {
                        Ok(_) => assert!(!refused, "taken again after the claim"),
                        Err(Error::SeatTaken { .. }) => refused = true,
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
        let (store, claimed) = (bench.store.clone(), faction.clone());
        tasks.spawn(async move {
            begins.wait().await;
            let player = format!("p{round}");
            store.claim(&"u1".into(), &claimed, &player, 0, IDLE).await.unwrap();
            // What a bot gave is before this order, however the calls were gathered.
            let mine = store.append_orders(&seat(&player, "mine", &claimed, 0)).await.unwrap().id;
            let later = store.orders_after(mine, 10_000, Duration::ZERO).await.unwrap();
            assert!(later.is_empty(), "{later:?}");
        });
        tasks.join_all().await;
        let last = bench.store.append_orders(&unclaimed(&round.to_string(), &[&faction], 0)).await;
        assert!(matches!(last, Err(Error::SeatTaken { .. })), "{last:?}");
    }
}

pub(crate) async fn a_full_backlog_holds_at_once(bench: Bench) {
    bench.begin().await;
    let mut tasks = JoinSet::new();
    for number in 0..100 {
        let store = bench.store.clone();
        tasks.spawn(async move {
            let given =
                OrderBatch { backlog_max: Some(40), ..batch(&format!("p{number}"), &["a"]) };
            store.append_orders(&given).await
        });
    }
    let results = tasks.join_all().await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 40);
    for error in results.into_iter().filter_map(Result::err) {
        assert!(matches!(error, Error::BacklogFull { waiting: 40 }), "{error}");
    }
    assert_eq!(count(&bench).await, 40);
}

pub(crate) async fn bad_rights_are_refused(bench: Bench) {
    bench.begin().await;
    let many = vec!["F1"; 1_001];
    for bad in [
        seat("p", "a", "", 0),
        seat("p", "a", "F\u{1f}1", 0),
        unclaimed("a", &[""], 0),
        unclaimed("a", &many, 0),
    ] {
        let refused = bench.store.append_orders(&bad).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    }
    bench.store.append_orders(&unclaimed("a", &many[..1_000], 0)).await.unwrap();
}
