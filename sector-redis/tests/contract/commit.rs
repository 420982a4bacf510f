//! The commit: fenced, in sequence, whole, and done once.

use std::time::Duration;

use sector_redis::{Award, Checkpoint, Commit, Error, Lease, Run};
use tokio::task::JoinSet;

use crate::bench::{Bench, KEEP_RUNS, LONG, SHORT, batch, begin, event, id, tick};

pub(crate) async fn begins_and_goes_on(bench: Bench) {
    assert_eq!(bench.store.head().await.unwrap(), None);
    assert_eq!(bench.store.checkpoint().await.unwrap(), None);
    let lease = bench.begin().await;
    bench.store.append_orders(&batch("p", &["a"])).await.unwrap();
    let first = Commit { cursor: id(1), ..tick(&lease, "u1", 1) };
    let committed = bench.commit(first).await.unwrap();
    assert_eq!((committed.event_ids, committed.repeated), (vec![id(2)], false));
    let head = bench.store.head().await.unwrap().unwrap();
    assert_eq!(head.universe, "u1");
    assert_eq!(head.tick, 1);
    assert_eq!(head.digest, "digest 1");
    assert_eq!((head.cursor, head.event_id), (id(1), id(2)));
    assert_eq!(head.epoch, lease.epoch);
    assert!(!head.finished && !head.paused);
}

pub(crate) async fn nothing_before_a_universe_begins(bench: Bench) {
    let lease = bench.lease().await;
    for number in [0, 1] {
        let refused = bench.commit(tick(&lease, "u1", number)).await;
        assert!(matches!(refused, Err(Error::TickConflict { .. })), "{refused:?}");
    }
    assert_eq!(bench.store.head().await.unwrap(), None);
}

/// A commit that would change everything there is.
fn sweeping(lease: &Lease, number: u64) -> Commit {
    Commit {
        events: vec![event("delta", "stale"), event("run_end", "stale")],
        checkpoint: Some("stale".into()),
        finished: Some("stale".into()),
        awards: vec![Award {
            universe: "u1".into(),
            faction: "F1".into(),
            award: "stale".into(),
            body: "{}".into(),
        }],
        event_maxlen: Some(0),
        restart_served: Some(u64::MAX >> 12),
        digest: "stale".into(),
        ..tick(lease, "u1", number)
    }
}

pub(crate) async fn a_stale_worker_changes_nothing(bench: Bench) {
    let stale = bench.begin().await;
    bench.run(&stale, 1..=3).await;
    bench.store.request_restart(Some(7)).await.unwrap();
    bench.store.claim(&"u1".into(), "F1", "p", 0, 1_000).await.unwrap();
    bench.store.release_lease(&stale).await.unwrap();
    let lease = bench.lease().await;
    let before = bench.state().await;
    for refused in [
        bench.commit(sweeping(&stale, 4)).await,
        bench.commit(begin(&stale, "u2")).await,
        bench.commit(sweeping(&Lease { holder: "imposter".into(), ..lease.clone() }, 4)).await,
        bench.commit(sweeping(&Lease { epoch: lease.epoch + 1, ..lease.clone() }, 4)).await,
    ] {
        assert!(matches!(refused, Err(Error::LeaseLost { .. })), "{refused:?}");
    }
    assert_eq!(bench.state().await, before);
    bench.commit(tick(&lease, "u1", 4)).await.unwrap();
}

pub(crate) async fn an_expired_lease_changes_nothing(bench: Bench) {
    let lease = bench.begin().await;
    let brief = Commit { lease_ttl: SHORT, ..tick(&lease, "u1", 1) };
    bench.commit(brief).await.unwrap();
    bench.outlive().await;
    let before = bench.state().await;
    let refused = bench.commit(sweeping(&lease, 2)).await;
    assert!(matches!(refused, Err(Error::LeaseLost { .. })), "{refused:?}");
    assert_eq!(bench.state().await, before);
}

pub(crate) async fn repetition_changes_nothing(bench: Bench) {
    let lease = bench.begin().await;
    for commit in [
        Commit { events: vec![event("delta", "a"), event("delta", "b")], ..tick(&lease, "u1", 1) },
        Commit { events: vec![], ..tick(&lease, "u1", 2) },
        Commit {
            finished: Some("won".into()),
            checkpoint: Some("u1 at 3".into()),
            ..tick(&lease, "u1", 3)
        },
        begin(&lease, "u2"),
    ] {
        let first = bench.commit(commit.clone()).await.unwrap();
        let before = bench.state().await;
        for _ in 0..3 {
            let again = bench.commit(commit.clone()).await.unwrap();
            assert_eq!(again.event_ids, first.event_ids);
            assert!(again.repeated && !first.repeated);
        }
        assert_eq!(bench.state().await, before);
    }
}

pub(crate) async fn repetition_is_known_after_the_lease_is_lost(bench: Bench) {
    let lease = bench.begin().await;
    let commit = tick(&lease, "u1", 1);
    let first = bench.commit(commit.clone()).await.unwrap();
    bench.store.release_lease(&lease).await.unwrap();
    let other = bench.lease().await;
    let again = bench.commit(commit.clone()).await.unwrap();
    assert_eq!((again.event_ids, again.repeated), (first.event_ids, true));
    // It did not take the lease back.
    bench.store.renew_lease(&other, LONG).await.unwrap();
    bench.commit(tick(&other, "u1", 2)).await.unwrap();
    let late = bench.commit(commit).await;
    assert!(matches!(late, Err(Error::LeaseLost { .. })), "{late:?}");
}

pub(crate) async fn a_fork_is_refused(bench: Bench) {
    let lease = bench.begin().await;
    bench.run(&lease, 1..=2).await;
    let before = bench.state().await;
    let fork = Commit { digest: "another".into(), ..tick(&lease, "u1", 2) };
    for fork in [fork, tick(&lease, "u1", 1), tick(&lease, "u0", 3), begin(&lease, "u1")] {
        let refused = bench.commit(fork).await;
        assert!(matches!(refused, Err(Error::TickConflict { .. })), "{refused:?}");
    }
    assert_eq!(bench.state().await, before);
}

pub(crate) async fn a_gap_is_refused(bench: Bench) {
    let lease = bench.begin().await;
    for number in [2, 3, u64::MAX >> 12] {
        let refused = bench.commit(tick(&lease, "u1", number)).await;
        assert!(matches!(refused, Err(Error::TickConflict { .. })), "{refused:?}");
    }
}

pub(crate) async fn a_late_begin_is_refused(bench: Bench) {
    let lease = bench.lease().await;
    let first = Commit { follows: Some(id(0)), ..begin(&lease, "u1") };
    bench.commit(first.clone()).await.unwrap();
    assert!(bench.commit(first.clone()).await.unwrap().repeated);
    // The first universe is broken off, which leaves nothing of it, and its begin comes again.
    let second = Commit { follows: Some(id(1)), ..begin(&lease, "u2") };
    bench.commit(second.clone()).await.unwrap();
    bench.commit(Commit { follows: Some(id(2)), ..tick(&lease, "u2", 1) }).await.unwrap();
    let before = bench.state().await;
    for late in [first, second, Commit { follows: Some(id(9)), ..begin(&lease, "u3") }] {
        let refused = bench.commit(late).await;
        assert!(matches!(refused, Err(Error::TickConflict { .. })), "{refused:?}");
    }
    assert_eq!(bench.state().await, before);
    bench.commit(Commit { follows: Some(id(3)), ..begin(&lease, "u3") }).await.unwrap();
}

pub(crate) async fn a_race_of_equal_ticks_has_one_winner(bench: Bench) {
    let lease = bench.begin().await;
    let mut tasks = JoinSet::new();
    for number in 0..50 {
        let store = bench.store.clone();
        let commit = Commit { digest: format!("digest of {number}"), ..tick(&lease, "u1", 1) };
        tasks.spawn(async move { store.commit(&commit).await });
    }
    let results = tasks.join_all().await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    for result in results.into_iter().filter_map(Result::err) {
        assert!(matches!(result, Error::TickConflict { .. }), "{result:?}");
    }
    assert_eq!(bench.store.head().await.unwrap().unwrap().event_id, id(2));
}

pub(crate) async fn renews_the_lease(bench: Bench) {
    let lease = bench.store.acquire_lease("worker", SHORT * 10).await.unwrap().unwrap();
    bench.commit(begin(&lease, "u1")).await.unwrap();
    for _ in 0..11 {
        bench.outlive().await;
    }
    bench.commit(tick(&lease, "u1", 1)).await.unwrap();
}

pub(crate) async fn the_cursor_never_moves_back_or_beyond(bench: Bench) {
    let lease = bench.begin().await;
    for _ in 0..3 {
        bench.store.append_orders(&batch("p", &["-"])).await.unwrap();
    }
    let at = |number: u64, cursor: u64| Commit { cursor: id(cursor), ..tick(&lease, "u1", number) };
    bench.commit(at(1, 2)).await.unwrap();
    for cursor in [0, 1, 4] {
        let refused = bench.commit(at(2, cursor)).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    }
    bench.commit(at(2, 2)).await.unwrap();
    bench.commit(at(3, 3)).await.unwrap();
}

pub(crate) async fn a_universe_id_is_not_used_twice(bench: Bench) {
    let lease = bench.begin().await;
    let end = Commit { finished: Some("won".into()), ..tick(&lease, "u1", 1) };
    bench.commit(end).await.unwrap();
    bench.commit(begin(&lease, "u2")).await.unwrap();
    let refused = bench.commit(begin(&lease, "u1")).await;
    assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    assert_eq!(bench.store.head().await.unwrap().unwrap().universe, "u2");
}

pub(crate) async fn malformed_commits_are_refused(bench: Bench) {
    let lease = bench.begin().await;
    let plain = tick(&lease, "u1", 1);
    for bad in [
        Commit { universe: "".into(), ..plain.clone() },
        Commit { lease_ttl: Duration::ZERO, ..plain.clone() },
        Commit { events: vec![event("", "x")], ..plain.clone() },
        Commit { tick: 1, ..begin(&lease, "u2") },
        Commit { checkpoint: None, ..begin(&lease, "u2") },
        Commit { finished: Some("x".into()), ..begin(&lease, "u2") },
        Commit {
            awards: vec![Award {
                universe: "u1".into(),
                faction: "F1".into(),
                award: String::new(),
                body: String::new(),
            }],
            ..plain.clone()
        },
    ] {
        let refused = bench.commit(bad).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    }
    bench.commit(plain).await.unwrap();
}

pub(crate) async fn records_are_kept_from_tick_zero(bench: Bench) {
    let lease = bench.begin().await;
    bench.run(&lease, 1..=5).await;
    let header = bench.store.replay_header(&"u1".into()).await.unwrap();
    assert_eq!(header.as_deref(), Some("header of u1"));
    let record = |tick: u64| (tick, format!("record {tick}"));
    let all = bench.store.records(&"u1".into(), 0, 100).await.unwrap();
    assert_eq!(all, (0..=5).map(record).collect::<Vec<_>>());
    let some = bench.store.records(&"u1".into(), 3, 2).await.unwrap();
    assert_eq!(some, [record(3), record(4)]);
    assert!(bench.store.records(&"u1".into(), 6, 2).await.unwrap().is_empty());
    assert!(bench.store.records(&"u2".into(), 0, 2).await.unwrap().is_empty());
    assert_eq!(bench.store.replay_header(&"u2".into()).await.unwrap(), None);
}

pub(crate) async fn begin_drops_what_belonged_to_the_old_universe(bench: Bench) {
    let lease = bench.begin().await;
    bench.run(&lease, 1..=2).await;
    bench.store.claim(&"u1".into(), "F1", "p", 0, 1_000).await.unwrap();
    bench.store.append_orders(&batch("p", &["a"])).await.unwrap();
    bench.commit(begin(&lease, "u2")).await.unwrap();

    assert!(bench.store.claims(&"u2".into(), 0, 1_000).await.unwrap().is_empty());
    assert_eq!(bench.store.touch(&"u2".into(), "p", 0, 1_000).await.unwrap(), None);
    let mut again = batch("p", &["a"]);
    let late = bench.store.append_orders(&again).await;
    assert!(matches!(late, Err(Error::WrongUniverse { .. })), "{late:?}");
    again.universe = "u2".into();
    let receipt = bench.store.append_orders(&again).await.unwrap();
    assert_eq!((receipt.id, receipt.duplicates.len()), (id(2), 0));

    // It was broken off, so its replay is gone; its orders are still there to be refused.
    assert_eq!(bench.store.replay_header(&"u1".into()).await.unwrap(), None);
    assert!(bench.store.records(&"u1".into(), 0, 10).await.unwrap().is_empty());
    assert!(bench.store.runs(10).await.unwrap().is_empty());
    assert_eq!(bench.store.records(&"u2".into(), 0, 10).await.unwrap().len(), 1);
    assert_eq!(bench.store.head().await.unwrap().unwrap().event_id, id(4));
}

pub(crate) async fn a_finished_run_is_kept(bench: Bench) {
    let lease = bench.begin().await;
    bench.run(&lease, 1..=2).await;
    let end = Commit { finished: Some("won by F1".into()), ..tick(&lease, "u1", 3) };
    bench.commit(end).await.unwrap();
    for _ in 0..2 {
        let run = Run { universe: "u1".into(), summary: "won by F1".into() };
        assert_eq!(bench.store.runs(10).await.unwrap(), [run]);
        assert_eq!(bench.store.records(&"u1".into(), 0, 10).await.unwrap().len(), 4);
        assert_eq!(bench.store.records(&"u1".into(), 2, 1).await.unwrap()[0].1, "record 2");
        let header = bench.store.replay_header(&"u1".into()).await.unwrap();
        assert_eq!(header.as_deref(), Some("header of u1"));
        if bench.store.head().await.unwrap().unwrap().universe == "u1" {
            bench.commit(begin(&lease, "u2")).await.unwrap();
        }
    }
}

pub(crate) async fn a_finished_universe_takes_no_more(bench: Bench) {
    let lease = bench.begin().await;
    let end = Commit { finished: Some("won".into()), ..tick(&lease, "u1", 1) };
    bench.commit(end).await.unwrap();
    assert!(bench.store.head().await.unwrap().unwrap().finished);
    let refused = bench.commit(tick(&lease, "u1", 2)).await;
    assert!(matches!(refused, Err(Error::TickConflict { .. })), "{refused:?}");
    let order = bench.store.append_orders(&batch("p", &["a"])).await;
    assert!(matches!(order, Err(Error::WrongUniverse { current: None, .. })), "{order:?}");
}

pub(crate) async fn old_runs_go(bench: Bench) {
    let lease = bench.lease().await;
    let runs = KEEP_RUNS + 2;
    for number in 1..=runs {
        let universe = format!("u{number}");
        bench.commit(begin(&lease, &universe)).await.unwrap();
        let end =
            Commit { finished: Some(format!("end of {universe}")), ..tick(&lease, &universe, 1) };
        bench.commit(end).await.unwrap();
    }
    let kept = bench.store.runs(100).await.unwrap();
    let kept: Vec<&str> = kept.iter().map(|run| run.universe.as_str()).collect();
    assert_eq!(kept, ["u5", "u4", "u3"]);
    let newest = bench.store.runs(1).await.unwrap();
    assert_eq!(newest[0].summary, "end of u5");
    for gone in ["u1", "u2"] {
        assert_eq!(bench.store.replay_header(&gone.into()).await.unwrap(), None);
        assert!(bench.store.records(&gone.into(), 0, 10).await.unwrap().is_empty());
    }
    for here in ["u3", "u4", "u5"] {
        assert_eq!(bench.store.records(&here.into(), 0, 10).await.unwrap().len(), 2);
    }
}

pub(crate) async fn checkpoints_say_what_they_include(bench: Bench) {
    let lease = bench.begin().await;
    bench.store.append_orders(&batch("p", &["a"])).await.unwrap();
    let kept = Commit {
        checkpoint: Some("u1 at 1".into()),
        cursor: id(1),
        events: vec![event("delta", "a"), event("delta", "b")],
        ..tick(&lease, "u1", 1)
    };
    bench.commit(kept).await.unwrap();
    let second = Commit { cursor: id(1), ..tick(&lease, "u1", 2) };
    bench.commit(second).await.unwrap();
    let expected = Checkpoint {
        incarnation: bench.store.incarnation().await.unwrap(),
        universe: "u1".into(),
        tick: 1,
        event_id: id(3),
        cursor: id(1),
        snapshot: "u1 at 1".into(),
    };
    assert_eq!(bench.store.checkpoint().await.unwrap(), Some(expected));
}
