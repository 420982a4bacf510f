//! Orders: accepted once, read in order, kept until a checkpoint has them.

use std::collections::BTreeSet;
use std::time::Duration;

use sector_redis::{BatchOrder, Commit, Error, OrderBatch, OrderEntry, StreamId};
use tokio::task::JoinSet;

use crate::bench::{Bench, batch, begin, bodies, id, tick};

async fn all(bench: &Bench) -> Vec<OrderEntry> {
    let read = bench.store.orders_after(StreamId::START, 10_000, Duration::ZERO);
    read.await.unwrap()
}

pub(crate) async fn are_read_as_appended(bench: Bench) {
    bench.begin().await;
    let given = batch("p", &["a", "-", "b"]);
    let receipt = bench.store.append_orders(&given).await.unwrap();
    assert_eq!((receipt.id, receipt.duplicates.len()), (id(1), 0));
    let expected = OrderEntry {
        id: id(1),
        universe: "u1".into(),
        player: "p".into(),
        source: "human".into(),
        at_ms: 1_234,
        orders: bodies(&["a", "-", "b"]),
    };
    assert_eq!(all(&bench).await, [expected]);
    assert_eq!(bench.store.order_backlog().await.unwrap(), 1);
}

pub(crate) async fn are_numbered_without_gaps(bench: Bench) {
    bench.begin().await;
    let mut tasks = JoinSet::new();
    for number in 0..50 {
        let store = bench.store.clone();
        tasks.spawn(async move {
            let given = batch(&format!("p{number}"), &["-"]);
            store.append_orders(&given).await.unwrap().id
        });
    }
    let given: BTreeSet<StreamId> = tasks.join_all().await.into_iter().collect();
    let expected: Vec<StreamId> = (1..=50).map(StreamId::new).collect();
    assert_eq!(given.into_iter().collect::<Vec<_>>(), expected);
    let read: Vec<StreamId> = all(&bench).await.iter().map(|entry| entry.id).collect();
    assert_eq!(read, expected);
    let some = bench.store.orders_after(id(20), 3, Duration::ZERO).await.unwrap();
    let some: Vec<StreamId> = some.iter().map(|entry| entry.id).collect();
    assert_eq!(some, [id(21), id(22), id(23)]);
}

pub(crate) async fn a_client_id_is_accepted_once(bench: Bench) {
    bench.begin().await;
    let first = bench.store.append_orders(&batch("p", &["a"])).await.unwrap();
    bench.store.append_orders(&batch("p", &["b"])).await.unwrap();
    let again = bench.store.append_orders(&batch("p", &["a"])).await.unwrap();
    assert_eq!(again.id, first.id);
    assert_eq!(again.duplicates, ["a"]);
    assert_eq!(all(&bench).await.len(), 2);
}

pub(crate) async fn a_client_id_counts_per_player(bench: Bench) {
    bench.begin().await;
    bench.store.append_orders(&batch("p", &["a"])).await.unwrap();
    let other = bench.store.append_orders(&batch("q", &["a"])).await.unwrap();
    assert_eq!((other.id, other.duplicates.len()), (id(2), 0));
    // Names that would run together if they were merely joined.
    bench.store.append_orders(&batch("p:x", &["y"])).await.unwrap();
    let other = bench.store.append_orders(&batch("p", &["x:y"])).await.unwrap();
    assert_eq!((other.id, other.duplicates.len()), (id(4), 0));
}

pub(crate) async fn a_client_id_twice_in_a_batch_is_taken_once(bench: Bench) {
    bench.begin().await;
    let receipt = bench.store.append_orders(&batch("p", &["a", "b", "a"])).await.unwrap();
    assert_eq!(receipt.duplicates, ["a"]);
    assert_eq!(all(&bench).await[0].orders, bodies(&["a", "b"]));
}

pub(crate) async fn partly_known_batches_append_the_rest(bench: Bench) {
    bench.begin().await;
    bench.store.append_orders(&batch("p", &["a", "b"])).await.unwrap();
    let rest = batch("p", &["b", "-", "c", "a"]);
    let receipt = bench.store.append_orders(&rest).await.unwrap();
    assert_eq!(receipt.id, id(2));
    assert_eq!(receipt.duplicates, ["b", "a"]);
    assert_eq!(all(&bench).await[1].orders, bodies(&["-", "c"]));
    let again = bench.store.append_orders(&batch("p", &["c", "a"])).await.unwrap();
    assert_eq!(again.id, id(2), "the entry of the first order of the batch");
}

pub(crate) async fn a_hundred_at_once_with_one_client_id_are_one(bench: Bench) {
    bench.begin().await;
    let mut tasks = JoinSet::new();
    for _ in 0..100 {
        let store = bench.store.clone();
        tasks.spawn(async move { store.append_orders(&batch("p", &["a"])).await.unwrap() });
    }
    let receipts = tasks.join_all().await;
    assert!(receipts.iter().all(|receipt| receipt.id == id(1)));
    let fresh = receipts.iter().filter(|receipt| receipt.duplicates.is_empty());
    assert_eq!(fresh.count(), 1);
    assert_eq!(all(&bench).await.len(), 1);
}

pub(crate) async fn many_at_once_are_each_by_itself(bench: Bench) {
    bench.begin().await;
    let mut tasks = JoinSet::new();
    for number in 0..200 {
        let store = bench.store.clone();
        tasks.spawn(async move {
            // Names that two batches share, names of their own, no names, and universes that do not run.
            let (shared, own) = (format!("s{}", number / 8), format!("o{number}"));
            let mut given = match number % 4 {
                0 => batch("p", &[&shared, &own, &own]),
                1 => batch("p", &[&shared]),
                2 => batch("q", &["-", &shared]),
                _ => batch("p", &[&shared]),
            };
            if number % 4 == 3 {
                given.universe = "u0".into();
            }
            (given.clone(), store.append_orders(&given).await)
        });
    }
    let results = tasks.join_all().await;
    let entries = all(&bench).await;
    let mut expected = 0;
    for (given, result) in results {
        if given.universe == "u0" {
            assert!(
                matches!(result, Err(Error::WrongUniverse { current: Some(_), .. })),
                "{result:?}"
            );
            continue;
        }
        let receipt = result.unwrap();
        let entry = entries.iter().find(|entry| entry.id == receipt.id).unwrap();
        assert_eq!(entry.player, given.player);
        // What the receipt does not name a duplicate is in the entry, in its order, and nothing else.
        let mut duplicates = receipt.duplicates.clone();
        let fresh: Vec<String> = given
            .orders
            .iter()
            .rev()
            .filter_map(|order| {
                let last =
                    duplicates.last().is_some_and(|name| Some(name) == order.client_id.as_ref());
                if last { duplicates.pop().and(None) } else { Some(order.body.clone()) }
            })
            .collect();
        let fresh: Vec<String> = fresh.into_iter().rev().collect();
        if fresh.is_empty() {
            assert!(entry.orders.contains(&given.orders[0].body));
        } else {
            assert_eq!(entry.orders, fresh);
            expected += 1;
        }
    }
    assert_eq!(entries.len(), expected);
    let mut seen = BTreeSet::new();
    for entry in &entries {
        for body in entry.orders.iter().filter(|body| !body.contains('-')) {
            assert!(
                seen.insert((entry.player.clone(), body.clone())),
                "{body} of {} twice",
                entry.player
            );
        }
    }
    // 25 shared names for each player, and 50 of their own.
    assert_eq!(seen.len(), 100);
}

pub(crate) async fn another_universe_is_refused(bench: Bench) {
    let none = bench.store.append_orders(&batch("p", &["a"])).await;
    assert!(matches!(none, Err(Error::WrongUniverse { current: None, .. })), "{none:?}");
    bench.begin().await;
    let mut other = batch("p", &["a"]);
    other.universe = "u0".into();
    let refused = bench.store.append_orders(&other).await;
    let Err(Error::WrongUniverse { current, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(current.as_deref(), Some("u1"));
    assert!(all(&bench).await.is_empty());
}

pub(crate) async fn bad_batches_are_refused(bench: Bench) {
    bench.begin().await;
    let order = |client_id: &str, length: usize| BatchOrder {
        client_id: Some(client_id.into()),
        body: "x".repeat(length),
    };
    let with = |orders: Vec<BatchOrder>| OrderBatch { orders, ..batch("p", &[]) };
    let mut nameless = batch("p", &["a"]);
    nameless.player = String::new();
    for bad in [
        with(vec![]),
        with(vec![order("a", 1); 1_001]),
        with(vec![order("a", 64 * 1024 + 1)]),
        with(vec![order("", 1)]),
        with(vec![order("a\0b", 1)]),
        with(vec![order(&"a".repeat(257), 1)]),
        nameless,
    ] {
        let refused = bench.store.append_orders(&bad).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    }
    assert!(all(&bench).await.is_empty());
    let largest: Vec<BatchOrder> = (0..1_000).map(|n| order(&format!("c{n}"), 100)).collect();
    bench.store.append_orders(&with(largest)).await.unwrap();
    assert_eq!(all(&bench).await[0].orders.len(), 1_000);
}

pub(crate) async fn waiting_readers_are_woken(bench: Bench) {
    bench.begin().await;
    let mut readers = JoinSet::new();
    for _ in 0..20 {
        let store = bench.store.clone();
        readers.spawn(async move {
            let wait = Duration::from_secs(60);
            store.orders_after(StreamId::START, 10, wait).await.unwrap()
        });
    }
    bench.store.append_orders(&batch("p", &["a"])).await.unwrap();
    let read = tokio::time::timeout(Duration::from_secs(30), readers.join_all());
    for entries in read.await.expect("readers are woken") {
        assert_eq!(entries.len(), 1);
    }
}

pub(crate) async fn waiting_ends(bench: Bench) {
    bench.begin().await;
    let wait = Duration::from_millis(30);
    let started = std::time::Instant::now();
    let read = bench.store.orders_after(StreamId::START, 10, wait).await.unwrap();
    assert!(read.is_empty());
    assert!(started.elapsed() >= wait);
}

pub(crate) async fn a_cursor_beyond_the_end_is_refused(bench: Bench) {
    bench.begin().await;
    bench.store.append_orders(&batch("p", &["a"])).await.unwrap();
    let beyond = bench.store.orders_after(id(2), 10, Duration::ZERO).await;
    assert!(matches!(beyond, Err(Error::HistoryTrimmed { .. })), "{beyond:?}");
    assert!(bench.store.orders_after(id(1), 10, Duration::ZERO).await.unwrap().is_empty());
}

pub(crate) async fn are_trimmed_only_below_the_checkpoint(bench: Bench) {
    let lease = bench.begin().await;
    for _ in 0..5 {
        bench.store.append_orders(&batch("p", &["-"])).await.unwrap();
    }
    let read_three = Commit { cursor: id(3), ..tick(&lease, "u1", 1) };
    bench.commit(read_three).await.unwrap();
    assert_eq!(all(&bench).await.len(), 5, "no checkpoint has them yet");
    assert_eq!(bench.store.order_backlog().await.unwrap(), 2);

    let kept =
        Commit { cursor: id(4), checkpoint: Some("u1 at 2".into()), ..tick(&lease, "u1", 2) };
    bench.commit(kept).await.unwrap();
    let trimmed = bench.store.orders_after(id(3), 10, Duration::ZERO).await;
    let Err(Error::HistoryTrimmed { kept_after, last, .. }) = trimmed else {
        panic!("{trimmed:?}");
    };
    assert_eq!((kept_after, last), (id(4), id(5)));
    let rest = bench.store.orders_after(id(4), 10, Duration::ZERO).await.unwrap();
    assert_eq!(rest.len(), 1);

    // Neither trimming nor a new universe restarts the numbering.
    let next = Commit { cursor: id(5), ..begin(&lease, "u2") };
    bench.commit(next).await.unwrap();
    assert!(bench.store.orders_after(id(5), 10, Duration::ZERO).await.unwrap().is_empty());
    let mut later = batch("p", &["a"]);
    later.universe = "u2".into();
    assert_eq!(bench.store.append_orders(&later).await.unwrap().id, id(6));
}
