//! Events: contiguous, and honest about what is gone.

use std::time::Duration;

use sector_redis::{Commit, Error, Event, StreamId};
use tokio::task::JoinSet;

use crate::bench::{Bench, event, id, tick};

pub(crate) async fn are_numbered_without_gaps(bench: Bench) {
    let lease = bench.begin().await;
    let many = Commit {
        events: vec![event("delta", "é\n\"b\""), event("run_end", "c")],
        ..tick(&lease, "u1", 1)
    };
    let committed = bench.commit(many).await.unwrap();
    assert_eq!(committed.event_ids, [id(2), id(3)]);
    let none = Commit { events: vec![], ..tick(&lease, "u1", 2) };
    assert!(bench.commit(none).await.unwrap().event_ids.is_empty());
    let third = bench.commit(tick(&lease, "u1", 3)).await.unwrap();
    assert_eq!(third.event_ids, [id(4)]);
    let events = bench.store.events_after(id(1), 100, Duration::ZERO).await.unwrap();
    let expected = [(2, "delta", "é\n\"b\""), (3, "run_end", "c"), (4, "delta", "u1 to 3")]
        .map(|(number, kind, data)| Event { id: id(number), kind: kind.into(), data: data.into() });
    assert_eq!(events, expected);
}

#[track_caller]
fn is_trimmed(result: &Result<Vec<Event>, Error>, kept_after: u64, last: u64) {
    let Err(Error::HistoryTrimmed { stream, kept_after: kept, last: end, .. }) = result else {
        panic!("{result:?}");
    };
    assert_eq!((*stream, *kept, *end), ("events", id(kept_after), id(last)));
}

pub(crate) async fn trimming_is_told(bench: Bench) {
    let lease = bench.begin().await;
    bench.run(&lease, 1..=8).await;
    let trimming = Commit {
        event_maxlen: Some(4),
        checkpoint: Some("u1 at 9".into()),
        ..tick(&lease, "u1", 9)
    };
    bench.commit(trimming).await.unwrap();
    let read = |after: u64| bench.store.events_after(id(after), 100, Duration::ZERO);
    for after in [0, 1, 5] {
        is_trimmed(&read(after).await, 6, 10);
    }
    let kept: Vec<StreamId> = read(6).await.unwrap().iter().map(|event| event.id).collect();
    assert_eq!(kept, [id(7), id(8), id(9), id(10)]);
    assert!(read(10).await.unwrap().is_empty());
    is_trimmed(&read(11).await, 6, 10);
    // Also for one who would wait.
    let wait = Duration::from_secs(60);
    is_trimmed(&bench.store.events_after(id(11), 1, wait).await, 6, 10);

    let all_gone = Commit {
        event_maxlen: Some(0),
        checkpoint: Some("u1 at 10".into()),
        ..tick(&lease, "u1", 10)
    };
    bench.commit(all_gone).await.unwrap();
    is_trimmed(&read(10).await, 11, 11);
    assert!(read(11).await.unwrap().is_empty());
    let next = bench.commit(tick(&lease, "u1", 11)).await.unwrap();
    assert_eq!(next.event_ids, [id(12)]);
}

pub(crate) async fn the_checkpoint_can_always_be_followed(bench: Bench) {
    let lease = bench.begin().await;
    for number in 1..=10 {
        let trimming = Commit { event_maxlen: Some(2), ..tick(&lease, "u1", number) };
        bench.commit(trimming).await.unwrap();
    }
    let checkpoint = bench.store.checkpoint().await.unwrap().unwrap();
    let events = bench.store.events_after(checkpoint.event_id, 100, Duration::ZERO);
    assert_eq!(events.await.unwrap().len(), 10);
}

pub(crate) async fn waiting_readers_are_woken(bench: Bench) {
    let lease = bench.begin().await;
    let mut readers = JoinSet::new();
    for _ in 0..20 {
        let store = bench.store.clone();
        readers.spawn(async move {
            let mut read = Vec::new();
            let mut after = id(1);
            while after < id(21) {
                let wait = Duration::from_secs(60);
                let events = store.events_after(after, 7, wait).await.unwrap();
                after = events.last().expect("woken with something").id;
                read.extend(events.into_iter().map(|event| event.id));
            }
            read
        });
    }
    bench.run(&lease, 1..=20).await;
    let expected: Vec<StreamId> = (2..=21).map(StreamId::new).collect();
    let read = tokio::time::timeout(Duration::from_secs(30), readers.join_all());
    for ids in read.await.expect("readers are woken") {
        assert_eq!(ids, expected);
    }
}

pub(crate) async fn waiting_ends(bench: Bench) {
    bench.begin().await;
    let wait = Duration::from_millis(30);
    let started = std::time::Instant::now();
    assert!(bench.store.events_after(id(1), 10, wait).await.unwrap().is_empty());
    assert!(started.elapsed() >= wait);
}

pub(crate) async fn reads_are_bounded_by_count(bench: Bench) {
    let lease = bench.begin().await;
    bench.run(&lease, 1..=5).await;
    for (count, expected) in [(0, 1), (1, 1), (4, 4), (usize::MAX, 6)] {
        let events = bench.store.events_after(StreamId::START, count, Duration::ZERO);
        assert_eq!(events.await.unwrap().len(), expected);
    }
}
