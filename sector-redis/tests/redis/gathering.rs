//! Batches that arrive while others are on their way share one call, and are still each by itself.

use std::sync::Arc;
use std::time::Duration;

use sector_redis::testkit::RedisServer;
use sector_redis::{BatchOrder, Error, OrderBatch, Receipt, Result, Store, StreamId};
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
    let given = vec![order("a"), order("b"), elsewhere, order("b"), bad, order("a"), nameless("x"), order("c")];
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
    let given = vec![order("alone"), order("a"), nameless("x"), elsewhere, order("b"), order("a"), nameless("y")];
    let answers = answers(at_once(&store, given)).await;
    assert!(proxy.all_lost());
    assert!(matches!(answers[3], Err(Error::WrongUniverse { .. })), "{:?}", answers[3]);
    // Nobody can find out what became of them, and nobody is told.
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
    let (given_up, kept): (Vec<_>, Vec<_>) = asking.into_iter().enumerate().partition(|(at, _)| at % 2 == 0);
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
