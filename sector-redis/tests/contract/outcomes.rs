//! Outcomes of orders.

use sector_redis::{Commit, Error, OrderStatus, Outcome, StreamId};

use crate::bench::{Bench, batch, begin, bodies, id, tick};

fn outcome(number: u64, player: &str) -> Outcome {
    Outcome { id: id(number), player: player.into(), body: format!("{{\"é of\":{number}}}") }
}

async fn append(bench: &Bench, universe: &str, players: &[&str]) {
    for player in players {
        let mut given = batch(player, &["-"]);
        given.universe = universe.into();
        bench.store.append_orders(&given).await.unwrap();
    }
}

async fn done(bench: &Bench, number: u64) -> Option<Outcome> {
    match bench.store.order(id(number)).await.unwrap() {
        None => None,
        Some(OrderStatus::Done(outcome)) => Some(outcome),
        Some(waiting) => panic!("{waiting:?}"),
    }
}

async fn is_waiting(bench: &Bench, number: u64) -> bool {
    matches!(bench.store.order(id(number)).await.unwrap(), Some(OrderStatus::Waiting(entry)) if entry.id == id(number))
}

/// The ids of a player's entries, negative while they wait.
async fn listed(bench: &Bench, player: &str, count: usize) -> Vec<i64> {
    let statuses = bench.store.orders_of(player, count).await.unwrap();
    let number = |status: &OrderStatus| i64::try_from(status.id().number()).unwrap();
    let signed = |status: OrderStatus| match &status {
        OrderStatus::Waiting(entry) => {
            assert_eq!(entry.player, player);
            -number(&status)
        }
        OrderStatus::Done(outcome) => {
            assert_eq!(*outcome, self::outcome(outcome.id.number(), player));
            number(&status)
        }
    };
    statuses.into_iter().map(signed).collect()
}

pub(crate) async fn waiting_then_done_then_forgotten(bench: Bench) {
    let lease = bench.begin().await;
    assert_eq!(bench.store.order(id(1)).await.unwrap(), None);
    assert_eq!(bench.store.order(StreamId::START).await.unwrap(), None);
    assert_eq!(bench.store.order(StreamId::new(u64::MAX)).await.unwrap(), None);
    append(&bench, "u1", &["p", "p", "p"]).await;
    let Some(OrderStatus::Waiting(entry)) = bench.store.order(id(2)).await.unwrap() else {
        panic!("it waits")
    };
    assert_eq!((entry.id, entry.orders), (id(2), bodies(&["-"])));
    let first = Commit {
        cursor: id(2),
        outcomes: vec![outcome(1, "p"), outcome(2, "p")],
        ..tick(&lease, "u1", 1)
    };
    bench.commit(first).await.unwrap();
    assert_eq!(done(&bench, 1).await, Some(outcome(1, "p")));
    assert_eq!(done(&bench, 2).await, Some(outcome(2, "p")));
    assert!(is_waiting(&bench, 3).await);
    // The newest two are kept; a checkpoint, which drops the orders, makes no difference.
    let whole = Some("u1 at 2".into());
    let second = Commit {
        cursor: id(3),
        outcomes: vec![outcome(3, "p")],
        outcomes_kept: Some(2),
        checkpoint: whole,
        ..tick(&lease, "u1", 2)
    };
    bench.commit(second).await.unwrap();
    assert_eq!(done(&bench, 1).await, None);
    assert_eq!(listed(&bench, "p", 10).await, [3, 2]);
    let third = Commit { cursor: id(3), outcomes_kept: Some(0), ..tick(&lease, "u1", 3) };
    bench.commit(third).await.unwrap();
    assert_eq!(listed(&bench, "p", 10).await, [] as [i64; 0]);
    // Numbering goes on, and so does keeping.
    append(&bench, "u1", &["p"]).await;
    let fourth = Commit { cursor: id(4), outcomes: vec![outcome(4, "p")], ..tick(&lease, "u1", 4) };
    bench.commit(fourth).await.unwrap();
    assert_eq!(listed(&bench, "p", 10).await, [4]);
}

pub(crate) async fn come_with_their_commit_alone(bench: Bench) {
    let lease = bench.begin().await;
    append(&bench, "u1", &["p"]).await;
    let good = Commit { cursor: id(1), outcomes: vec![outcome(1, "p")], ..tick(&lease, "u1", 1) };
    for bad in [
        Commit { tick: 2, ..good.clone() },
        Commit { cursor: id(2), ..good.clone() },
        Commit {
            lease: sector_redis::Lease { epoch: lease.epoch + 1, ..lease.clone() },
            ..good.clone()
        },
    ] {
        bench.commit(bad).await.unwrap_err();
        assert!(is_waiting(&bench, 1).await);
    }
    bench.commit(good.clone()).await.unwrap();
    // The same tick again brings nothing new, whatever it says now.
    let again = Commit { outcomes: vec![Outcome { body: "{}".into(), ..outcome(1, "q") }], ..good };
    assert!(bench.commit(again).await.unwrap().repeated);
    assert_eq!(done(&bench, 1).await, Some(outcome(1, "p")));
    assert_eq!(listed(&bench, "q", 10).await, [] as [i64; 0]);
}

pub(crate) async fn are_of_entries_the_commit_passes(bench: Bench) {
    let lease = bench.begin().await;
    append(&bench, "u1", &["p"; 5]).await;
    bench.commit(Commit { cursor: id(2), ..tick(&lease, "u1", 1) }).await.unwrap();
    assert_eq!(done(&bench, 1).await, None, "nothing was said of it");
    let with = |outcomes: &[u64]| Commit {
        cursor: id(4),
        outcomes: outcomes.iter().map(|number| outcome(*number, "p")).collect(),
        ..tick(&lease, "u1", 2)
    };
    let before = bench.state().await;
    let mut nameless = with(&[3]);
    nameless.outcomes[0].player = String::new();
    let endless = Commit { outcomes_kept: Some(1_000_001), ..with(&[3]) };
    for bad in [with(&[2]), with(&[0]), with(&[5]), with(&[3, 3]), with(&[4, 3]), nameless, endless]
    {
        let refused = bench.commit(bad).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    }
    assert_eq!(bench.state().await, before);
    bench.commit(with(&[4])).await.unwrap();
    assert_eq!((done(&bench, 3).await, done(&bench, 4).await), (None, Some(outcome(4, "p"))));
}

pub(crate) async fn are_listed_newest_first(bench: Bench) {
    let lease = bench.begin().await;
    append(&bench, "u1", &["p", "q", "p", "q", "p", "p"]).await;
    assert_eq!(listed(&bench, "p", 10).await, [-6, -5, -3, -1]);
    assert_eq!(listed(&bench, "p", 3).await, [-6, -5, -3]);
    let outcomes =
        vec![outcome(1, "p"), outcome(2, "q"), outcome(3, "p"), outcome(4, "q"), outcome(5, "p")];
    bench.commit(Commit { cursor: id(5), outcomes, ..tick(&lease, "u1", 1) }).await.unwrap();
    assert_eq!(listed(&bench, "p", 10).await, [-6, 5, 3, 1]);
    assert_eq!(listed(&bench, "p", 2).await, [-6, 5]);
    assert_eq!(listed(&bench, "p", 1).await, [-6]);
    assert_eq!(listed(&bench, "q", 10).await, [4, 2]);
    assert_eq!(listed(&bench, "r", 10).await, [] as [i64; 0]);
}

pub(crate) async fn are_listed_per_player(bench: Bench) {
    let lease = bench.begin().await;
    // Names of which one begins with the other, and that would run together if they were merely joined.
    let players = ["p", "p ", "p1", "p 1", "pé", "p\u{a0}"];
    append(&bench, "u1", &players).await;
    let outcomes = (1..).zip(players).map(|(number, player)| outcome(number, player)).collect();
    bench.commit(Commit { cursor: id(6), outcomes, ..tick(&lease, "u1", 1) }).await.unwrap();
    append(&bench, "u1", &players).await;
    for (number, player) in (1..).zip(players) {
        assert_eq!(listed(&bench, player, 10).await, [-number - 6, number], "{player:?}");
    }
}

pub(crate) async fn at_most_a_hundred_are_listed(bench: Bench) {
    let lease = bench.begin().await;
    append(&bench, "u1", &["p"; 130]).await;
    let outcomes = (1..=120).map(|number| outcome(number, "p")).collect();
    bench.commit(Commit { cursor: id(120), outcomes, ..tick(&lease, "u1", 1) }).await.unwrap();
    let all = listed(&bench, "p", usize::MAX).await;
    let expected: Vec<i64> =
        (121..=130).rev().map(|number| -number).chain((31..=120).rev()).collect();
    assert_eq!(all, expected);
    assert_eq!(
        done(&bench, 1).await,
        Some(outcome(1, "p")),
        "what is not listed can still be asked for"
    );
}

pub(crate) async fn outlive_their_universe(bench: Bench) {
    let lease = bench.begin().await;
    append(&bench, "u1", &["p", "p"]).await;
    bench
        .commit(Commit { cursor: id(1), outcomes: vec![outcome(1, "p")], ..tick(&lease, "u1", 1) })
        .await
        .unwrap();
    // The universe that begins refuses what was for the old one.
    let next = Commit { cursor: id(2), outcomes: vec![outcome(2, "p")], ..begin(&lease, "u2") };
    bench.commit(next).await.unwrap();
    append(&bench, "u2", &["p"]).await;
    assert_eq!(listed(&bench, "p", 10).await, [-3, 2, 1]);
}
