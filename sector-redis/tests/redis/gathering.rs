//! Batches that arrive while others are on their way share one call, and are still each by itself.

use std::sync::Arc;
use std::time::Duration;

use sector_redis::{
    BatchOrder, Commit, Error, OrderBatch, OrderEntry, OrderStatus, Place, Receipt, Result, Right,
    Store, StoreOptions, StreamId,
};
use store_testkit::RedisServer;
use tokio::task::JoinHandle;

use crate::proxy::Proxy;
use crate::{begin, lease, open_url, order, raw};

fn nameless(body: &str) -> OrderBatch {
    OrderBatch { orders: vec![BatchOrder { client_id: None, body: body.into() }], ..order("-") }
}

/// Asks for all at once: on one thread the first is sent, and the others find it on its way.
fn at_once(store: &Arc<dyn Store>, batches: Vec<OrderBatch>) -> Vec<JoinHandle<Result<Receipt>>> {
    let ask = |batch: OrderBatch| {
        let store = store.clone();
        tokio::spawn(async move { store.append_orders(&batch).await })
    };
    batches.into_iter().map(ask).collect()
}

async fn answers(asking: Vec<JoinHandle<Result<Receipt>>>) -> Vec<Result<Receipt>> {
    let mut answers = Vec::new();
    for asking in asking {
        answers.push(asking.await.unwrap());
    }
    answers
}

/// How many scripts Redis has run.
fn calls(server: &RedisServer) -> usize {
    let stats: String = redis::cmd("INFO").arg("commandstats").query(&mut raw(server)).unwrap();
    let line = stats.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls=")).unwrap();
    line.split(',').next().unwrap().parse().unwrap()
}

async fn bodies(store: &Arc<dyn Store>) -> Vec<String> {
    let entries = store.orders_after(StreamId::START, 1_000, Duration::ZERO).await.unwrap();
    entries.into_iter().flat_map(|entry| entry.orders).collect()
}

#[tokio::test]
async fn receipts_come_in_the_order_of_arrival_and_calls_are_few() {
    let server = RedisServer::start();
    let store = open_url(&server.url()).await.unwrap();
    store.commit(&begin(&lease(&store).await)).await.unwrap();
    store.append_orders(&order("first")).await.unwrap();
    let before = calls(&server);
    let given = (0..200).map(|number| order(&format!("c{number}"))).collect();
    let answers = answers(at_once(&store, given)).await;
    assert_eq!(calls(&server) - before, 2, "one alone, and one for all others");
    for (number, answer) in (2..).zip(answers) {
        assert_eq!(answer.unwrap(), Receipt { id: StreamId::new(number), duplicates: vec![] });
    }
    let expected: Vec<String> = (0..200).map(|number| format!("c{number}")).collect();
    assert_eq!(bodies(&store).await[1..], expected);
}

#[tokio::test]
async fn a_refusal_or_a_duplicate_is_of_one_batch_alone() {
    let server = RedisServer::start();
    let store = open_url(&server.url()).await.unwrap();
    store.commit(&begin(&lease(&store).await)).await.unwrap();
    let elsewhere = OrderBatch { universe: "u0".into(), ..order("b") };
    let bad = OrderBatch { orders: vec![], ..order("-") };
    let given = vec![
        order("a"),
        order("b"),
        elsewhere,
        order("b"),
        bad,
        order("a"),
        nameless("x"),
        order("c"),
    ];
    let answers = answers(at_once(&store, given)).await;
    let entry = |at: usize| {
        let receipt = answers[at].as_ref().unwrap();
        (receipt.id.number(), receipt.duplicates.len())
    };
    assert!(matches!(&answers[2], Err(Error::WrongUniverse { given, current: Some(current) })
        if given == "u0" && current == "u1"));
    assert!(matches!(answers[4], Err(Error::Invalid { .. })));
    assert_eq!([0, 1, 3, 5, 6, 7].map(entry), [(1, 0), (2, 0), (2, 1), (1, 1), (3, 0), (4, 0)]);
    assert_eq!(bodies(&store).await, ["a", "b", "x", "c"]);
}

#[tokio::test]
async fn a_gathered_call_whose_answer_was_lost_is_asked_again_for_what_has_names() {
    let server = RedisServer::start();
    let proxy = Proxy::before(&server).await;
    let store = open_url(&proxy.url()).await.unwrap();
    store.commit(&begin(&lease(&store).await)).await.unwrap();
    store.append_orders(&order("first")).await.unwrap();
    // Both calls are on their way when the connection is cut.
    proxy.lose(1);
    let elsewhere = OrderBatch { universe: "u0".into(), ..order("z") };
    let given = vec![
        order("alone"),
        order("a"),
        nameless("x"),
        elsewhere,
        order("b"),
        order("a"),
        nameless("y"),
    ];
    let answers = answers(at_once(&store, given)).await;
    assert!(proxy.all_lost());
    assert!(matches!(answers[3], Err(Error::WrongUniverse { .. })), "{:?}", answers[3]);
    // Their outcome cannot be known, and no caller gets one.
    for at in [2, 6] {
        assert!(answers[at].as_ref().is_err_and(Error::is_unavailable), "{:?}", answers[at]);
    }
    let entries = store.orders_after(StreamId::START, 100, Duration::ZERO).await.unwrap();
    for (at, body) in [(0, "alone"), (1, "a"), (4, "b"), (5, "a")] {
        let receipt = answers[at].as_ref().unwrap();
        let entry = entries.iter().find(|entry| entry.id == receipt.id).unwrap();
        assert_eq!(entry.orders, [body]);
    }
    let (nameless, named): (Vec<String>, Vec<String>) =
        bodies(&store).await.into_iter().partition(|body| ["x", "y"].contains(&body.as_str()));
    assert_eq!(named, ["first", "alone", "a", "b"], "each once");
    assert!(nameless.is_empty() || nameless == ["x", "y"], "{nameless:?}");
}

#[tokio::test]
async fn a_call_that_stays_lost_is_unavailable_to_all_and_done_once() {
    let server = RedisServer::start();
    let proxy = Proxy::before(&server).await;
    let store = open_url(&proxy.url()).await.unwrap();
    store.commit(&begin(&lease(&store).await)).await.unwrap();
    store.append_orders(&order("first")).await.unwrap();
    proxy.lose(usize::MAX);
    let unknown = answers(at_once(&store, vec![order("alone"), order("a"), order("b")])).await;
    proxy.lose(0);
    for answer in &unknown {
        assert!(answer.as_ref().is_err_and(Error::is_unavailable), "{answer:?}");
    }
    // Who repeats finds what was done.
    crate::available_again(&store).await;
    let again = answers(at_once(&store, vec![order("alone"), order("a"), order("b")])).await;
    assert!(again.iter().all(Result::is_ok), "{again:?}");
    assert_eq!(again[0].as_ref().unwrap().duplicates, ["alone"], "it had reached Redis");
    assert_eq!(bodies(&store).await, ["first", "alone", "a", "b"]);
}

#[tokio::test]
async fn a_caller_that_gives_up_loses_no_others() {
    let server = RedisServer::start();
    let store = open_url(&server.url()).await.unwrap();
    store.commit(&begin(&lease(&store).await)).await.unwrap();
    let asking = at_once(&store, (0..20).map(|number| order(&format!("c{number}"))).collect());
    tokio::task::yield_now().await;
    let (given_up, kept): (Vec<_>, Vec<_>) =
        asking.into_iter().enumerate().partition(|(at, _)| at % 2 == 0);
    for (_, asking) in given_up {
        asking.abort();
    }
    for (at, asking) in kept {
        let receipt = asking.await.unwrap().unwrap();
        let entries = store.orders_after(StreamId::START, 100, Duration::ZERO).await.unwrap();
        let entry = entries.iter().find(|entry| entry.id == receipt.id).unwrap();
        assert_eq!(entry.orders, [format!("c{at}")]);
    }
    // What was given up may have been on its way; nothing is there twice.
    let mut bodies = bodies(&store).await;
    bodies.sort();
    let all = bodies.len();
    bodies.dedup();
    assert_eq!(bodies.len(), all);
    assert!((1..20).step_by(2).all(|number| bodies.contains(&format!("c{number}"))), "{bodies:?}");
}

/// Ten batches of players `p` and `q` in turns: the first alone in the stream, the others together.
async fn ten(store: &Arc<dyn Store>, server: &RedisServer) {
    let given = (1..=10).map(|number: u64| {
        let player = if number % 2 == 1 { "p" } else { "q" };
        OrderBatch { player: player.into(), ..order(&number.to_string()) }
    });
    for answer in answers(at_once(store, given.collect())).await {
        answer.unwrap();
    }
    let length: u64 = redis::Commands::xlen(&mut raw(server), "sector:orders").unwrap();
    assert_eq!(length, 2, "one alone, and one for all others");
}

#[tokio::test]
async fn what_was_accepted_together_is_read_from_any_cursor() {
    let server = RedisServer::start();
    let store = open_url(&server.url()).await.unwrap();
    store.commit(&begin(&lease(&store).await)).await.unwrap();
    ten(&store, &server).await;
    for cursor in 0..=10 {
        for count in [1, 3, 100] {
            let read =
                store.orders_after(StreamId::new(cursor), count, Duration::ZERO).await.unwrap();
            let expected: Vec<u64> = (cursor + 1..=10).take(count).collect();
            assert_eq!(read.iter().map(|entry| entry.id.number()).collect::<Vec<_>>(), expected);
            for entry in read {
                assert_eq!(entry.orders, [entry.id.number().to_string()]);
            }
        }
    }
    let beyond = store.orders_after(StreamId::new(11), 1, Duration::ZERO).await;
    assert!(matches!(beyond, Err(Error::HistoryTrimmed { .. })), "{beyond:?}");
}

#[tokio::test]
async fn a_cursor_in_the_middle_of_what_was_accepted_together_loses_nothing() {
    let server = RedisServer::start();
    let store =
        sector_redis::open_archive(StoreOptions::new(Place::redis(server.url()))).await.unwrap();
    let held = store.acquire_lease("worker", crate::TTL).await.unwrap().unwrap();
    store.commit(&begin(&held)).await.unwrap();
    let plain: Arc<dyn Store> = store.clone();
    ten(&plain, &server).await;
    let whole = Some("world".to_owned());
    let middle =
        Commit { cursor: StreamId::new(5), checkpoint: whole.clone(), ..crate::tick(&held, 1) };
    store.commit(&middle).await.unwrap();
    assert_eq!(store.order_backlog().await.unwrap(), 5);
    let numbers =
        |entries: &[OrderEntry]| entries.iter().map(|entry| entry.id.number()).collect::<Vec<_>>();
    let read = store.orders_after(StreamId::new(5), 100, Duration::ZERO).await.unwrap();
    assert_eq!(numbers(&read), [6, 7, 8, 9, 10]);
    // Lost entries are reported; the others can still be read.
    let trimmed = store.orders_after(StreamId::START, 100, Duration::ZERO).await;
    let Err(Error::HistoryTrimmed { kept_after, last, .. }) = trimmed else {
        panic!("{trimmed:?}")
    };
    assert_eq!((kept_after, last), (StreamId::new(1), StreamId::new(10)));
    assert_eq!(store.orders_after(kept_after, 100, Duration::ZERO).await.unwrap().len(), 9);
    // Only waiting orders are reported as waiting, and only they are dumped.
    for number in 1..=11 {
        let status = store.order(StreamId::new(number)).await.unwrap();
        let waits =
            matches!(&status, Some(OrderStatus::Waiting(entry)) if entry.id.number() == number);
        assert_eq!(waits, (6..=10).contains(&number), "{status:?}");
        assert!(waits || status.is_none());
    }
    for (player, expected) in [("p", vec![9, 7]), ("q", vec![10, 8, 6]), ("r", vec![])] {
        let own = store.orders_of(player, 10).await.unwrap();
        assert_eq!(own.iter().map(|status| status.id().number()).collect::<Vec<_>>(), expected);
        let newest = store.orders_of(player, 1).await.unwrap();
        assert_eq!(newest, own[..own.len().min(1)]);
    }
    let dump = store.dump().await.unwrap().unwrap();
    dump.check().unwrap();
    assert_eq!(numbers(&dump.orders), [6, 7, 8, 9, 10]);
    let end = Commit { cursor: StreamId::new(10), checkpoint: whole, ..crate::tick(&held, 2) };
    store.commit(&end).await.unwrap();
    assert!(store.orders_after(StreamId::new(10), 100, Duration::ZERO).await.unwrap().is_empty());
    let length: u64 = redis::Commands::xlen(&mut raw(&server), "sector:orders").unwrap();
    assert_eq!(length, 0);
}

#[tokio::test]
async fn rights_are_judged_for_each_of_a_group() {
    let server = RedisServer::start();
    let store = open_url(&server.url()).await.unwrap();
    store.commit(&begin(&lease(&store).await)).await.unwrap();
    for (faction, player) in [("F1", "p"), ("F2", "q")] {
        store.claim(&"u1".into(), faction, player, 0, 60_000).await.unwrap();
    }
    let seat = |player: &str, faction: &str, client_id: &str| OrderBatch {
        player: player.into(),
        right: Right::Seat { faction: faction.into(), idle_ms: 60_000 },
        at_ms: 5_000,
        backlog_max: Some(6),
        ..order(client_id)
    };
    let free = |factions: &[&str], client_id: &str| OrderBatch {
        player: "bot".into(),
        right: Right::Unclaimed {
            factions: factions.iter().map(|f| (*f).to_owned()).collect(),
            idle_ms: 60_000,
        },
        at_ms: 5_000,
        ..order(client_id)
    };
    let given = vec![
        order("alone"),
        seat("p", "F1", "a"),
        seat("p", "F2", "b"),
        free(&["F3", "F2", "F1"], "c"),
        free(&["F3", "F4"], "d"),
        // Refused once, its client id is as free as before; accepted, it is known.
        seat("p", "F2", "a2"),
        seat("p", "F1", "a2"),
        seat("r", "F1", "e"),
        seat("p", "F1", "a2"),
        nameless("x"),
        seat("q", "F2", "f"),
        seat("q", "F2", "g"),
    ];
    let answers = answers(at_once(&store, given)).await;
    let shown: Vec<String> = answers
        .iter()
        .map(|answer| match answer {
            Ok(receipt) => {
                format!(
                    "{}{}",
                    receipt.id.number(),
                    if receipt.duplicates.is_empty() { "" } else { " again" }
                )
            }
            Err(Error::NotYourSeat { held }) => {
                format!("holds {}", held.as_deref().unwrap_or("none"))
            }
            Err(Error::SeatTaken { factions }) => format!("taken {}", factions.join(" ")),
            Err(Error::BacklogFull { waiting }) => format!("full {waiting}"),
            Err(error) => error.to_string(),
        })
        .collect();
    assert_eq!(
        shown,
        [
            "1",
            "2",
            "holds F1",
            "taken F2 F1",
            "3",
            "holds F1",
            "4",
            "holds none",
            "4 again",
            "5",
            "6",
            "full 6"
        ]
    );
    assert_eq!(bodies(&store).await, ["alone", "a", "d", "a2", "x", "f"]);
    let seen: Vec<u64> = store
        .claims(&"u1".into(), 5_000, 60_000)
        .await
        .unwrap()
        .iter()
        .map(|claim| claim.seen_ms)
        .collect();
    assert_eq!(seen, [5_000, 5_000]);
}
