//! What was acknowledged survives `kill -9`, whole, on the embedded store.
//!
//! The test starts itself again as a writer, which accepts orders and commits ticks as fast as it
//! can and says so line by line. It is killed after some number of lines, at whatever point of its
//! work that is. Then the books are checked, and the next writer goes on from there.
#![expect(clippy::unwrap_used, reason = "a broken promise ends the test")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use sector_redis::{
    BatchOrder, Commit, NewEvent, OrderBatch, Place, Store, StoreOptions, StreamId, open,
};

const DIRECTORY: &str = "SECTOR_CRASH_TEST_DIRECTORY";
const ROUND: &str = "SECTOR_CRASH_TEST_ROUND";
const TTL: Duration = Duration::from_secs(60);

async fn store(directory: &Path) -> Arc<dyn Store> {
    let options = StoreOptions::new(Place::Directory(directory.to_owned()));
    open(options).await.unwrap()
}

/// The writer. Without a directory there is nothing to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the process that the test below kills"]
async fn writer() {
    let (Ok(directory), Ok(round)) = (std::env::var(DIRECTORY), std::env::var(ROUND)) else {
        return;
    };
    let store = store(Path::new(&directory)).await;
    println!("opened");
    let lease = store.acquire_lease("writer", TTL).await.unwrap();
    let lease = lease.expect("the killed writer's lease is void");
    let (mut tick, mut cursor) = match store.head().await.unwrap() {
        Some(head) => (head.tick, head.cursor),
        None => {
            let begin = Commit {
                lease: lease.clone(),
                lease_ttl: TTL,
                universe: "u".into(),
                digest: "0".into(),
                record: String::new(),
                begin: Some("header".into()),
                checkpoint: Some("0".into()),
                events: vec![event(0)],
                ..Commit::default()
            };
            store.commit(&begin).await.unwrap();
            println!("committed 0");
            (0, StreamId::START)
        }
    };
    for player in ["p", "q"] {
        let (store, round) = (store.clone(), round.clone());
        tokio::spawn(async move {
            for number in 0.. {
                let client_id = format!("{player}.{round}.{number}");
                let batch = OrderBatch {
                    universe: "u".into(),
                    player: player.into(),
                    orders: vec![BatchOrder {
                        client_id: Some(client_id.clone()),
                        body: client_id.clone(),
                    }],
                    ..OrderBatch::default()
                };
                let receipt = store.append_orders(&batch).await.unwrap();
                println!("accepted {} {client_id}", receipt.id);
            }
        });
    }
    loop {
        let wait = Duration::from_secs(1);
        let entries = store.orders_after(cursor, 100, wait).await.unwrap();
        cursor = entries.last().map_or(cursor, |entry| entry.id);
        tick += 1;
        let applied: Vec<String> = entries
            .iter()
            .map(|entry| format!("{} {}", entry.id, entry.orders.join(",")))
            .collect();
        let commit = Commit {
            lease: lease.clone(),
            lease_ttl: TTL,
            universe: "u".into(),
            tick,
            digest: tick.to_string(),
            cursor,
            record: applied.join("\n"),
            events: vec![event(tick)],
            checkpoint: tick.is_multiple_of(7).then(|| tick.to_string()),
            ..Commit::default()
        };
        store.commit(&commit).await.unwrap();
        println!("committed {tick}");
    }
}

fn event(tick: u64) -> NewEvent {
    NewEvent { kind: "delta".into(), data: tick.to_string() }
}

/// What the writers of all rounds were told.
#[derive(Default)]
struct Told {
    accepted: BTreeMap<String, StreamId>,
    committed: Option<u64>,
}

impl Told {
    fn read(&mut self, line: &str) {
        let words: Vec<&str> = line.trim_end().split(' ').collect();
        match words[..] {
            ["accepted", id, client_id] => {
                self.accepted.insert(client_id.to_owned(), id.parse().unwrap());
            }
            ["committed", tick] => self.committed = Some(tick.parse().unwrap()),
            // The test harness says things of its own.
            _ => {}
        }
    }
}

/// Runs a writer until it has said `lines` lines, and kills it.
fn run_and_kill(directory: &Path, round: u32, lines: u32, told: &mut Told) {
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "writer", "--ignored", "--nocapture"])
        .env(DIRECTORY, directory)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(writer.stdout.take().unwrap());
    let mut line = String::new();
    for _ in 0..lines {
        line.clear();
        assert!(output.read_line(&mut line).unwrap() > 0, "the writer ended");
        told.read(&line);
    }
    writer.kill().unwrap();
    writer.wait().unwrap();
    // What it said before it died counts, except a line it did not finish.
    loop {
        line.clear();
        output.read_line(&mut line).unwrap();
        if !line.ends_with('\n') {
            break;
        }
        told.read(&line);
    }
}

async fn check_the_books(directory: &Path, told: &Told) {
    let store = store(directory).await;
    let Some(head) = store.head().await.unwrap() else {
        assert_eq!(told.committed, None);
        assert!(told.accepted.is_empty());
        return;
    };
    assert!(Some(head.tick) >= told.committed, "{head:?} {:?}", told.committed);
    assert_eq!(head.digest, head.tick.to_string());

    let mut records = Vec::new();
    loop {
        let from = records.len() as u64;
        let more = store.records(&"u".into(), from, 1_000).await.unwrap();
        if more.is_empty() {
            break;
        }
        records.extend(more);
    }
    let ticks: Vec<u64> = records.iter().map(|(tick, _)| *tick).collect();
    assert_eq!(ticks, (0..=head.tick).collect::<Vec<_>>());

    // Applied and waiting orders together are the whole stream, each entry once.
    let applied = records.iter().flat_map(|(_, record)| record.lines());
    let mut entries: Vec<(StreamId, String)> = applied
        .map(|line| {
            let (id, client_id) = line.split_once(' ').unwrap();
            (id.parse().unwrap(), client_id.to_owned())
        })
        .collect();
    assert_eq!(entries.last().map_or(StreamId::START, |entry| entry.0), head.cursor);
    let waiting = store.orders_after(head.cursor, 10_000, Duration::ZERO);
    for entry in waiting.await.unwrap() {
        entries.push((entry.id, entry.orders.join(",")));
    }
    let numbers: Vec<u64> = entries.iter().map(|entry| entry.0.number()).collect();
    assert_eq!(numbers, (1..=entries.len() as u64).collect::<Vec<_>>());
    let by_client_id: BTreeMap<String, StreamId> =
        entries.iter().map(|(id, client_id)| (client_id.clone(), *id)).collect();
    assert_eq!(by_client_id.len(), entries.len(), "an order is there twice");
    for (client_id, id) in &told.accepted {
        assert_eq!(by_client_id.get(client_id), Some(id), "{client_id}");
    }

    let mut last = StreamId::START;
    loop {
        let events = store.events_after(last, 1_000, Duration::ZERO).await.unwrap();
        let Some(newest) = events.last() else { break };
        last = newest.id;
        for event in &events {
            assert_eq!(event.data, (event.id.number() - 1).to_string());
        }
    }
    assert_eq!((last, head.event_id), (head.event_id, StreamId::new(head.tick + 1)));

    let checkpoint = store.checkpoint().await.unwrap().unwrap();
    assert_eq!(checkpoint.tick, head.tick - head.tick % 7);
    assert_eq!(checkpoint.snapshot, checkpoint.tick.to_string());
    assert_eq!(checkpoint.event_id.number(), checkpoint.tick + 1);
}

#[test]
fn kill_9_at_any_moment_loses_nothing_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut told = Told::default();
    // The first lines are the harness's and "opened": the early rounds die while opening.
    for (round, lines) in
        [0, 1, 3, 4, 5, 8, 13, 21, 55, 89, 144, 233, 300, 610].into_iter().enumerate()
    {
        run_and_kill(&data, round.try_into().unwrap(), lines, &mut told);
        runtime.block_on(check_the_books(&data, &told));
    }
    assert!(told.accepted.len() > 100, "{}", told.accepted.len());
    assert!(told.committed > Some(100), "{:?}", told.committed);
}
