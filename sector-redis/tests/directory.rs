//! Opening a data directory: what is kept, and what is refused with a sentence that helps.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a broken promise ends the test")]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redb::{Database, TableDefinition};
use sector_redis::{
    BatchOrder, Clock, Commit, Durability, Error, NewEvent, OrderBatch, Place, Result, Store,
    StoreOptions, StreamId, open,
};

const TTL: Duration = Duration::from_secs(600);

async fn open_at(directory: &Path) -> Result<Arc<dyn Store>> {
    open(StoreOptions::new(Place::Directory(directory.to_owned()))).await
}

/// The message of the refusal, which must name the path and offer a way out.
async fn refusal(directory: &Path) -> String {
    let message = match open_at(directory).await {
        Err(error @ Error::Config { .. }) => error.to_string(),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("{} was opened", directory.display()),
    };
    assert!(message.contains(&directory.display().to_string()), "{message}");
    assert!(message.contains("directory"), "{message}");
    message
}

#[tokio::test]
async fn everything_is_there_after_opening_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = open_at(directory.path()).await.unwrap();
    assert_eq!(store.durability(), Durability::Disk);
    let lease = store.acquire_lease("worker", TTL).await.unwrap().unwrap();
    let begin = Commit {
        lease: lease.clone(),
        lease_ttl: TTL,
        universe: "u1".into(),
        digest: "d".into(),
        record: "r".into(),
        begin: Some("header".into()),
        checkpoint: Some("world".into()),
        events: vec![NewEvent { kind: "snapshot".into(), data: "world".into() }],
        ..Commit::default()
    };
    store.commit(&begin).await.unwrap();
    store.claim(&"u1".into(), "F1", "p", 5, 1_000).await.unwrap();
    store.set_paused(true).await.unwrap();
    let request = store.request_restart(Some(9)).await.unwrap();
    let head = store.head().await.unwrap();
    let claims = store.claims(&"u1".into(), 5, 1_000).await.unwrap();
    drop(store);

    let store = open_at(directory.path()).await.unwrap();
    assert_eq!(store.head().await.unwrap(), head);
    assert_eq!(store.claims(&"u1".into(), 5, 1_000).await.unwrap(), claims);
    assert_eq!(store.restart_request().await.unwrap(), Some(request));
    assert!(store.paused().await.unwrap());
    let events = store.events_after(StreamId::START, 10, Duration::ZERO);
    assert_eq!(events.await.unwrap().len(), 1);
    // The holder's process is gone, so its lease is void at once; its epoch is not given again.
    let next = store.acquire_lease("worker", TTL).await.unwrap().unwrap();
    assert!(next.epoch > lease.epoch);
    let stale = Commit { tick: 1, begin: None, ..begin };
    let refused = store.commit(&stale).await;
    assert!(matches!(refused, Err(Error::LeaseLost { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_directory_in_use_is_refused_by_name_of_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let store = open_at(directory.path()).await.unwrap();
    let message = refusal(directory.path()).await;
    let process = format!("in use by process {}", std::process::id());
    assert!(message.contains(&process), "{message}");
    store.ping().await.unwrap();
    drop(store);
    open_at(directory.path()).await.unwrap();
}

#[tokio::test]
async fn a_file_in_place_of_the_directory_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data");
    fs::write(&path, "hello").unwrap();
    refusal(&path).await;
    assert_eq!(fs::read(&path).unwrap(), b"hello");
}

#[tokio::test]
async fn a_file_of_something_else_is_refused_and_left_alone() {
    for content in ["not a database".repeat(1_000), "x".into()] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sector.redb");
        fs::write(&path, &content).unwrap();
        refusal(directory.path()).await;
        assert_eq!(fs::read(&path).unwrap(), content.as_bytes());
    }
}

#[tokio::test]
async fn another_programs_database_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let table = TableDefinition::<&str, &str>::new("theirs");
    let database = Database::create(directory.path().join("sector.redb")).unwrap();
    let txn = database.begin_write().unwrap();
    txn.open_table(table).unwrap().insert("a", "b").unwrap();
    txn.commit().unwrap();
    drop(database);
    let path = directory.path().join("sector.redb");
    let before = fs::read(&path).unwrap();
    let message = refusal(directory.path()).await;
    assert!(message.contains("another program"), "{message}");
    assert!(fs::read(&path).unwrap() == before, "the file was changed");
}

#[tokio::test]
async fn another_format_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    drop(open_at(directory.path()).await.unwrap());
    let path = directory.path().join("sector.redb");
    let meta = TableDefinition::<&str, u64>::new("meta");
    let database = Database::open(&path).unwrap();
    let txn = database.begin_write().unwrap();
    txn.open_table(meta).unwrap().insert("format", 99).unwrap();
    txn.commit().unwrap();
    drop(database);
    let before = fs::read(&path).unwrap();
    let message = refusal(directory.path()).await;
    assert!(message.contains("format 99"), "{message}");
    assert!(fs::read(&path).unwrap() == before, "the file was changed");
}

#[tokio::test]
async fn a_half_made_file_is_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("sector.redb.new"), "half").unwrap();
    let store = open_at(directory.path()).await.unwrap();
    assert_eq!(store.head().await.unwrap(), None);
}

/// A store with something of everything that is sealed, closed again.
async fn filled(directory: &Path) {
    let store = open_at(directory).await.unwrap();
    let lease = store.acquire_lease("worker", TTL).await.unwrap().unwrap();
    let begin = Commit {
        lease,
        lease_ttl: TTL,
        universe: "u1".into(),
        digest: "d".into(),
        record: "the record".into(),
        begin: Some("header".into()),
        checkpoint: Some("the world".into()),
        events: vec![NewEvent { kind: "snapshot".into(), data: "the event".into() }],
        ..Commit::default()
    };
    store.commit(&begin).await.unwrap();
    let orders = vec![BatchOrder { client_id: None, body: "the order".into() }];
    let batch =
        OrderBatch { universe: "u1".into(), player: "p".into(), orders, ..OrderBatch::default() };
    store.append_orders(&batch).await.unwrap();
}

#[tokio::test]
async fn the_format_before_is_taken_over() {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path()).await;
    // As the version before wrote it: no incarnation, no sums.
    let path = directory.path().join("sector.redb");
    let database = Database::open(&path).unwrap();
    let txn = database.begin_write().unwrap();
    let meta = TableDefinition::<&str, u64>::new("meta");
    txn.open_table(meta).unwrap().insert("format", 1).unwrap();
    txn.open_table(meta).unwrap().remove("incarnation").unwrap();
    let records = TableDefinition::<(&str, u64), &str>::new("records");
    txn.open_table(records).unwrap().insert(("u1", 0), "the record").unwrap();
    txn.commit().unwrap();
    drop(database);

    let store = open_at(directory.path()).await.unwrap();
    let incarnation = store.incarnation().await.unwrap();
    assert_eq!(store.records(&"u1".into(), 0, 10).await.unwrap(), [(0, "the record".to_owned())]);
    assert_eq!(store.head().await.unwrap().unwrap().incarnation, incarnation);
    drop(store);
    assert_eq!(open_at(directory.path()).await.unwrap().incarnation().await.unwrap(), incarnation);
}

#[tokio::test]
async fn a_changed_byte_in_the_file_is_refused_at_opening() {
    for payload in ["the record", "the world", "the event", "the order"] {
        let directory = tempfile::tempdir().unwrap();
        filled(directory.path()).await;
        let path = directory.path().join("sector.redb");
        let mut bytes = fs::read(&path).unwrap();
        let found: Vec<usize> = (0..bytes.len() - payload.len())
            .filter(|at| bytes[*at..].starts_with(payload.as_bytes()))
            .collect();
        assert!(!found.is_empty(), "{payload}");
        for at in found {
            bytes[at] ^= 1;
        }
        fs::write(&path, &bytes).unwrap();
        let message = refusal(directory.path()).await;
        assert!(message.contains("damaged") && message.contains("backup"), "{message}");
    }
}

/// A clock that a person has set back.
#[derive(Default)]
struct Unsteady(AtomicU64);

impl Clock for Unsteady {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_clock_set_back_lengthens_a_lease_and_breaks_nothing() {
    let clock = Arc::new(Unsteady(AtomicU64::new(1_000_000)));
    let directory = tempfile::tempdir().unwrap();
    let place = Place::Directory(directory.path().to_owned());
    let store =
        open(StoreOptions { clock: clock.clone(), ..StoreOptions::new(place) }).await.unwrap();
    let first = store.acquire_lease("first", Duration::from_secs(1)).await.unwrap().unwrap();
    clock.0.store(10, Ordering::SeqCst);
    // Too long, never too short: nobody else comes in while the first may still write.
    assert_eq!(store.acquire_lease("second", TTL).await.unwrap(), None);
    store.renew_lease(&first, Duration::from_secs(1)).await.unwrap();
    clock.0.store(2_000, Ordering::SeqCst);
    let second = store.acquire_lease("second", TTL).await.unwrap().unwrap();
    assert!(second.epoch > first.epoch);
    let stale = store.renew_lease(&first, TTL).await;
    assert!(matches!(stale, Err(Error::LeaseLost { .. })), "{stale:?}");
}
