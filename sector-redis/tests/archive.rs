//! A whole store out of one backend and into another.
#![expect(clippy::unwrap_used, reason = "a broken promise ends the test")]

use std::sync::Arc;
use std::time::Duration;

use sector_redis::BackupNote;
use sector_redis::archive::{Archive, Dump, EPOCH_GAP};
use sector_redis::{
    Award, BatchOrder, Commit, Document, Error, KeyNames, Lease, NewEvent, OrderBatch, OrderStatus,
    Outcome, Place, Position, RedisOptions, Shelf, StoreOptions, StreamId,
};
use store_testkit::{RedisCluster, RedisServer};

const TTL: Duration = Duration::from_secs(600);

async fn open(place: Place) -> Arc<dyn Archive> {
    sector_redis::open_archive(StoreOptions::new(place)).await.unwrap()
}

fn tick(lease: &Lease, universe: &str, tick: u64, cursor: u64) -> Commit {
    Commit {
        lease: lease.clone(),
        lease_ttl: TTL,
        universe: universe.into(),
        tick,
        digest: format!("{tick:016x}"),
        cursor: StreamId::new(cursor),
        record: format!("{{\"tick\":{tick},\"of\":\"{universe}\"}}"),
        events: vec![NewEvent { kind: "delta".into(), data: format!("{{\"tick\":{tick}}}") }],
        event_maxlen: Some(1),
        ..Commit::default()
    }
}

fn begin(lease: &Lease, universe: &str, cursor: u64) -> Commit {
    let snapshot = Some(format!("{{\"of\":\"{universe}\"}}"));
    Commit {
        begin: Some(format!("header of {universe}")),
        checkpoint: snapshot,
        ..tick(lease, universe, 0, cursor)
    }
}

fn batch(universe: &str, client_id: &str) -> OrderBatch {
    let order = BatchOrder {
        client_id: Some(client_id.into()),
        body: format!("{{\"name\":\"{client_id}\"}}"),
    };
    OrderBatch {
        universe: universe.into(),
        player: "anna".into(),
        source: "human".into(),
        at_ms: 17,
        orders: vec![order, BatchOrder { client_id: None, body: "{\"é\":1}".into() }],
        ..OrderBatch::default()
    }
}

/// A finished run with an award, and a running universe with a checkpoint at tick 2, head at 4.
async fn fill(store: &dyn Archive) -> Lease {
    let lease = store.acquire_lease("worker", TTL).await.unwrap().unwrap();
    store.commit(&begin(&lease, "u1", 0)).await.unwrap();
    store.append_orders(&batch("u1", "old")).await.unwrap();
    let award = Award {
        universe: "u1".into(),
        faction: "F1".into(),
        award: "victory".into(),
        body: "{}".into(),
    };
    let last = Commit {
        finished: Some("{\"won\":1}".into()),
        awards: vec![award],
        ..tick(&lease, "u1", 1, 1)
    };
    store.commit(&last).await.unwrap();
    store.commit(&begin(&lease, "u2", 1)).await.unwrap();
    for name in ["a", "b", "c", "d"] {
        store.append_orders(&batch("u2", name)).await.unwrap();
    }
    store.claim(&"u2".into(), "F2", "anna", 5, 1_000).await.unwrap();
    store.touch(&"u2".into(), "anna", 900, 1_000).await.unwrap();
    store.commit(&tick(&lease, "u2", 1, 2)).await.unwrap();
    let whole = Commit { checkpoint: Some("{\"tick\":2}".into()), ..tick(&lease, "u2", 2, 3) };
    store.commit(&whole).await.unwrap();
    let outcome = |number: u64| Outcome {
        id: StreamId::new(number),
        player: "anna".into(),
        body: format!("{{\"é of\":{number}}}"),
    };
    let outcomes = vec![outcome(4)];
    store.commit(&Commit { outcomes, ..tick(&lease, "u2", 3, 4) }).await.unwrap();
    for (shelf, id) in
        [(Shelf::Keys, "bot"), (Shelf::Keys, "a"), (Shelf::Sessions, "s"), (Shelf::Replies, "r")]
    {
        let ends_at_ms = (id == "bot").then_some(50);
        let document =
            Document { id: id.into(), owner: "anna".into(), body: "{\"é\":1}".into(), ends_at_ms };
        assert!(store.insert_document(shelf, &document, 0).await.unwrap());
    }
    store.append_audit("{\"é\":1}").await.unwrap();
    store.append_audit("{\"é\":2}").await.unwrap();
    store.commit(&tick(&lease, "u2", 4, 4)).await.unwrap();
    store.set_paused(true).await.unwrap();
    store.request_restart(Some(9)).await.unwrap();
    lease
}

/// What a restore leaves as it was.
fn but_for_its_life(dump: &Dump) -> Dump {
    Dump { incarnation: sector_redis::Incarnation::new(0), last_epoch: 0, ..dump.clone() }
}

async fn goes_on(store: &dyn Archive, old: &Dump) {
    let new = store.incarnation().await.unwrap();
    assert_ne!(new, old.incarnation);
    assert_eq!(store.last_backup().await.unwrap(), None);
    let known = Position { incarnation: Some(old.incarnation), after: old.world.event_id };
    let told = store.events_from(known, 10, Duration::ZERO).await.unwrap_err();
    assert!(matches!(told, Error::Restored { .. }), "{told}");
    let checkpoint = store.checkpoint().await.unwrap().unwrap();
    assert_eq!((checkpoint.tick, checkpoint.snapshot.as_str()), (2, "{\"tick\":2}"));
    let from = Position { incarnation: Some(new), after: checkpoint.event_id };
    assert_eq!(store.events_from(from, 10, Duration::ZERO).await.unwrap(), old.events);
    assert_eq!(store.claims(&"u2".into(), 901, 1_000).await.unwrap(), old.seats);
    assert!(store.paused().await.unwrap());
    assert_eq!(store.restart_request().await.unwrap().unwrap().seed, Some(9));

    assert_eq!(
        store.order(StreamId::new(4)).await.unwrap(),
        Some(OrderStatus::Done(old.outcomes[0].clone()))
    );
    let own = store.orders_of("anna", 10).await.unwrap();
    assert_eq!(own.iter().map(|status| status.id().number()).collect::<Vec<_>>(), [5, 4]);
    assert_eq!(store.documents_of(Shelf::Keys, "anna", 0).await.unwrap(), old.keys);
    assert_eq!(
        store.documents_of(Shelf::Keys, "anna", 50).await.unwrap(),
        old.keys[..1],
        "ends are kept"
    );
    for shelf in [Shelf::Sessions, Shelf::Replies] {
        assert!(store.documents_of(shelf, "anna", 0).await.unwrap().is_empty(), "left out");
    }
    let audit = store.audit(0, 10).await.unwrap();
    assert_eq!(audit, (1..).zip(old.audit.clone()).collect::<Vec<_>>());
    assert_eq!(store.append_audit("{}").await.unwrap(), 3);

    // A worker reads what waits, and nothing twice; nobody's order is accepted twice.
    let lease = store.acquire_lease("another", TTL).await.unwrap().unwrap();
    assert!(lease.epoch > old.last_epoch + EPOCH_GAP);
    let head = store.head().await.unwrap().unwrap();
    assert_eq!((head.tick, head.cursor, &head.digest), (4, StreamId::new(4), &old.world.digest));
    let waiting = store.orders_after(head.cursor, 10, Duration::ZERO).await.unwrap();
    assert_eq!(waiting, old.orders[1..]);
    let known = OrderBatch { orders: batch("u2", "a").orders[..1].to_vec(), ..batch("u2", "a") };
    let again = store.append_orders(&known).await.unwrap();
    assert_eq!((again.id, again.duplicates), (StreamId::new(2), vec!["a".to_owned()]));
    assert_eq!(store.append_orders(&batch("u2", "e")).await.unwrap().id, StreamId::new(6));
    let checkpointed =
        Commit { checkpoint: Some("{\"tick\":5}".into()), ..tick(&lease, "u2", 5, 6) };
    store.commit(&checkpointed).await.unwrap();
    assert_eq!(store.records(&"u2".into(), 0, 10).await.unwrap().len(), 6);
    assert_eq!(store.records(&"u1".into(), 0, 10).await.unwrap().len(), 2);
    assert_eq!(store.runs(10).await.unwrap().len(), 1);
    assert_eq!(store.request_restart(None).await.unwrap().number, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_backend_takes_what_every_other_gives() {
    let (first, second, third) = (RedisServer::start(), RedisServer::start(), RedisServer::start());
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let directory = |directory: &tempfile::TempDir| Place::Directory(directory.path().join("data"));
    let ways = [
        (Place::Memory, Place::redis(first.url())),
        (Place::redis(second.url()), directory(&one)),
        (Place::redis(second.url()), Place::redis(third.url())),
        (directory(&two), Place::Memory),
    ];
    let mut filled = false;
    for (from, to) in ways {
        let from = if from == Place::redis(second.url()) {
            let store = open(from).await;
            if !std::mem::replace(&mut filled, true) {
                fill(&*store).await;
            }
            store
        } else {
            let store = open(from).await;
            fill(&*store).await;
            store
        };
        let dump = from.dump().await.unwrap().unwrap();
        dump.check().unwrap();
        assert_eq!((dump.orders.len(), dump.events.len(), dump.client_ids.len()), (2, 2, 4));
        assert_eq!((dump.replays.len(), dump.seats.len(), dump.awards.len()), (2, 1, 1));
        from.note_backup(BackupNote { at_ms: 3, tick: 4 }).await.unwrap();
        assert_eq!(from.last_backup().await.unwrap(), Some(BackupNote { at_ms: 3, tick: 4 }));
        assert_eq!(from.dump().await.unwrap().unwrap(), dump);
        let to = open(to).await;
        let incarnation = to.restore(&dump).await.unwrap();
        let restored = to.dump().await.unwrap().unwrap();
        assert_eq!(but_for_its_life(&restored), but_for_its_life(&dump));
        assert_eq!(restored.incarnation, incarnation);
        goes_on(&*to, &dump).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_ended_can_be_carried_over() {
    let server = RedisServer::start();
    for (from, to) in
        [(Place::Memory, Place::redis(server.url())), (Place::redis(server.url()), Place::Memory)]
    {
        let from = open(from).await;
        if from.head().await.unwrap().is_none() {
            let lease = from.acquire_lease("worker", TTL).await.unwrap().unwrap();
            from.commit(&begin(&lease, "u1", 0)).await.unwrap();
            let last = Commit {
                finished: Some("{}".into()),
                checkpoint: Some("{\"tick\":1}".into()),
                ..tick(&lease, "u1", 1, 0)
            };
            from.commit(&last).await.unwrap();
        }
        let dump = from.dump().await.unwrap().unwrap();
        let to = open(to).await;
        to.restore(&dump).await.unwrap();
        assert_eq!(but_for_its_life(&to.dump().await.unwrap().unwrap()), but_for_its_life(&dump));
        assert_eq!(to.records(&"u1".into(), 0, 9).await.unwrap().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_takes_and_gives_one_sector_of_several() {
    let cluster = RedisCluster::start();
    let place = |id: &str| {
        let names = KeyNames { sector_id: Some(id.parse().unwrap()), ..KeyNames::default() };
        Place::Redis(RedisOptions { names, ..RedisOptions::new(cluster.url()) })
    };
    let north = open(place("north")).await;
    fill(&*north).await;
    let dump = north.dump().await.unwrap().unwrap();
    let south = open(place("south")).await;
    south.restore(&dump).await.unwrap();
    assert_eq!(but_for_its_life(&south.dump().await.unwrap().unwrap()), but_for_its_life(&dump));
    goes_on(&*south, &dump).await;
    assert_eq!(north.dump().await.unwrap().unwrap(), dump, "the other sector is as it was");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_there_is_not_overwritten() {
    let source = open(Place::Memory).await;
    fill(&*source).await;
    let dump = source.dump().await.unwrap().unwrap();
    let server = RedisServer::start();
    for place in [Place::Memory, Place::redis(server.url())] {
        let store = open(place).await;
        let refused = |error: Error| match error {
            Error::Config { message, .. } => message,
            other => panic!("{other:?}"),
        };
        let lease = store.acquire_lease("busy", TTL).await.unwrap().unwrap();
        let message = refused(store.restore(&dump).await.unwrap_err());
        assert!(
            message.contains("\"busy\"") && message.contains("nothing was changed"),
            "{message}"
        );
        assert_eq!(store.head().await.unwrap(), None);
        store.commit(&begin(&lease, "mine", 0)).await.unwrap();
        store.release_lease(&lease).await.unwrap();
        let before = store.dump().await.unwrap();
        let message = refused(store.restore(&dump).await.unwrap_err());
        assert!(message.contains("tick 0 of universe \"mine\""), "{message}");
        assert_eq!(store.dump().await.unwrap(), before);
    }
    let server = RedisServer::start();
    for place in [Place::Memory, Place::redis(server.url())] {
        let store = open(place).await;
        store.record_award(&dump.awards[0]).await.unwrap();
        let message = store.restore(&dump).await.unwrap_err().to_string();
        assert!(message.contains("awards"), "{message}");
    }
    let server = RedisServer::start();
    for place in [Place::Memory, Place::redis(server.url())] {
        let store = open(place).await;
        store.append_audit("{}").await.unwrap();
        let message = store.restore(&dump).await.unwrap_err().to_string();
        assert!(message.contains("audit"), "{message}");
    }
    let server = RedisServer::start();
    for place in [Place::Memory, Place::redis(server.url())] {
        let store = open(place).await;
        store.insert_document(Shelf::Keys, &dump.keys[0], 0).await.unwrap();
        let message = store.restore(&dump).await.unwrap_err().to_string();
        assert!(message.contains("keys"), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_that_fails_leaves_nothing() {
    let source = open(Place::Memory).await;
    fill(&*source).await;
    let dump = source.dump().await.unwrap().unwrap();
    let server = RedisServer::start();
    let store = open(Place::redis(server.url())).await;
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_connection().unwrap();
    redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(1).exec(&mut connection).unwrap();
    let refused = store.restore(&dump).await.unwrap_err();
    assert!(refused.is_unavailable() && refused.to_string().contains("full"), "{refused}");
    assert_eq!(store.dump().await.unwrap(), None);
    redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(0).exec(&mut connection).unwrap();

    // One that was cut off in the middle leaves keys that end by themselves and are in nobody's way.
    let prepared = "sector:restoring:0:0";
    redis::cmd("SET").arg(prepared).arg(1).exec(&mut connection).unwrap();
    store.restore(&dump).await.unwrap();
    let keys: Vec<String> =
        redis::cmd("KEYS").arg("sector:restoring:*").query(&mut connection).unwrap();
    assert_eq!(keys, [prepared]);
    let left: i64 = redis::cmd("PTTL").arg("sector:records").query(&mut connection).unwrap();
    assert_eq!(left, -1, "what is restored does not end by itself");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_dump_of_a_running_sector_is_of_one_moment() {
    let server = RedisServer::start();
    for place in [Place::Memory, Place::redis(server.url())] {
        let store = open(place).await;
        let lease = store.acquire_lease("worker", TTL).await.unwrap().unwrap();
        store.commit(&begin(&lease, "u", 0)).await.unwrap();
        let busy = store.clone();
        let work = tokio::spawn(async move {
            for number in 1..=120 {
                let receipt = busy.append_orders(&batch("u", &number.to_string())).await.unwrap();
                let checkpoint = (number % 7 == 0).then(|| format!("{{\"tick\":{number}}}"));
                let cursor = receipt.id.number() - number % 2;
                busy.commit(&Commit { checkpoint, ..tick(&lease, "u", number, cursor) })
                    .await
                    .unwrap();
            }
        });
        let mut ticks = Vec::new();
        while !work.is_finished() {
            let dump = store.dump().await.unwrap().unwrap();
            dump.check().unwrap();
            assert_eq!(dump.client_ids.len() as u64, dump.last_order.number());
            ticks.push(dump.world.tick);
        }
        work.await.unwrap();
        ticks.dedup();
        assert!(ticks.len() > 1, "some were taken while it ran: {ticks:?}");
    }
}

#[tokio::test]
async fn what_contradicts_itself_is_refused() {
    let source = open(Place::Memory).await;
    fill(&*source).await;
    let good = source.dump().await.unwrap().unwrap();
    let changes: [fn(&mut Dump); 14] = [
        |dump| dump.outcomes[0].id = StreamId::new(5),
        |dump| dump.outcomes.push(dump.outcomes[0].clone()),
        |dump| dump.keys.swap(0, 1),
        |dump| dump.keys[0].owner = String::new(),
        |dump| dump.audit[0] = "x".repeat(20_000),
        |dump| drop(dump.orders.pop()),
        |dump| drop(dump.events.remove(0)),
        |dump| drop(dump.replays[0].records.pop()),
        |dump| dump.replays.clear(),
        |dump| dump.replays.swap(0, 1),
        |dump| dump.world.cursor = StreamId::new(99),
        |dump| dump.last_epoch = u64::MAX,
        |dump| dump.client_ids[0].player = "a\u{1f}b".into(),
        |dump| dump.client_ids[0].entry = StreamId::new(99),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let mut bad = good.clone();
        change(&mut bad);
        assert!(bad.check().is_err(), "change {index}");
        let empty = open(Place::Memory).await;
        assert!(empty.restore(&bad).await.is_err(), "change {index}");
        assert_eq!(empty.head().await.unwrap(), None);
    }
}

#[tokio::test]
async fn looking_makes_nothing() {
    let server = RedisServer::start();
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    assert!(!sector_redis::exists(&Place::Directory(data.clone())).await.unwrap());
    assert!(!data.exists());
    assert!(!sector_redis::exists(&Place::redis(server.url())).await.unwrap());
    assert!(
        sector_redis::sectors(&sector_redis::RedisOptions::new(server.url()))
            .await
            .unwrap()
            .is_empty()
    );
    let store = open(Place::redis(server.url())).await;
    assert!(sector_redis::exists(&Place::redis(server.url())).await.unwrap());
    assert_eq!(store.lease_held().await.unwrap(), None);
    let lease = store.acquire_lease("me", TTL).await.unwrap().unwrap();
    let held = store.lease_held().await.unwrap().unwrap();
    assert_eq!((held.holder.as_str(), held.epoch), ("me", lease.epoch));
    assert!(held.left_ms <= 600_000 && held.left_ms > 500_000);
}
