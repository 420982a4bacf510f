//! What only Redis can do wrong: be away, come back, hold something else, refuse us.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a broken promise ends the test"
)]

mod clock;
mod cluster;
mod damage;
mod durable;
mod gathering;
mod outage;
mod proxy;
mod sentinel;
mod users;

use std::sync::Arc;
use std::time::Duration;

use redis::{Commands, Connection};
use sector_redis::{
    BatchOrder, Commit, Document, Durability, Error, KeyNames, Lease, NewEvent, OrderBatch, Place,
    RedisOptions, Result, Right, Shelf, Store, StoreOptions, StreamId, open,
};
use store_testkit::RedisServer;
use tokio::time::{Instant, sleep, timeout};

const TTL: Duration = Duration::from_secs(600);

async fn open_url(url: &str) -> Result<Arc<dyn Store>> {
    open(StoreOptions::new(Place::redis(url))).await
}

async fn open_tagged(url: &str, tag: &str) -> Arc<dyn Store> {
    let mut options = RedisOptions::new(url);
    options.names = KeyNames { sector_id: Some(tag.parse().unwrap()), ..KeyNames::default() };
    open(StoreOptions::new(Place::Redis(options))).await.unwrap()
}

fn raw(server: &RedisServer) -> Connection {
    redis::Client::open(server.url()).unwrap().get_connection().unwrap()
}

fn begin(lease: &Lease) -> Commit {
    Commit { begin: Some("header".into()), checkpoint: Some("world".into()), ..tick(lease, 0) }
}

fn tick(lease: &Lease, tick: u64) -> Commit {
    Commit {
        lease: lease.clone(),
        lease_ttl: TTL,
        universe: "u1".into(),
        tick,
        digest: format!("d{tick}"),
        record: format!("r{tick}"),
        events: vec![NewEvent { kind: "delta".into(), data: tick.to_string() }],
        ..Commit::default()
    }
}

fn order(client_id: &str) -> OrderBatch {
    OrderBatch {
        universe: "u1".into(),
        player: "p".into(),
        orders: vec![BatchOrder { client_id: Some(client_id.into()), body: client_id.into() }],
        ..OrderBatch::default()
    }
}

async fn lease(store: &Arc<dyn Store>) -> Lease {
    store.acquire_lease("worker", TTL).await.unwrap().unwrap()
}

fn config_message(result: Result<Arc<dyn Store>>) -> String {
    match result {
        Err(error @ Error::Config { .. }) => error.to_string(),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it was opened"),
    }
}

#[tokio::test]
async fn says_how_durable_it_is() {
    for (arguments, expected) in [
        (&["--appendfsync", "always"][..], Durability::RedisAlways),
        (&["--appendfsync", "everysec"], Durability::RedisEverySecond),
        (&["--appendonly", "no"], Durability::RedisVolatile),
    ] {
        let server = RedisServer::start_with(arguments);
        let store = open_url(&server.url()).await.unwrap();
        assert_eq!(store.durability(), expected);
    }
}

#[tokio::test]
async fn keys_of_something_else_are_refused_and_left_alone() {
    let server = RedisServer::start();
    let mut redis = raw(&server);
    let _: () = redis.set("sector:events", "theirs").unwrap();
    let message = config_message(open_url(&server.url()).await);
    assert!(message.contains("\"sector:events\""), "{message}");
    let keys: Vec<String> = redis.keys("*").unwrap();
    assert_eq!(keys, ["sector:events"]);
}

#[tokio::test]
async fn another_format_is_refused() {
    let server = RedisServer::start();
    let mut redis = raw(&server);
    let _: () = redis.set("sector:format", "99").unwrap();
    let message = config_message(open_url(&server.url()).await);
    assert!(message.contains("format 99"), "{message}");
}

#[tokio::test]
async fn a_key_of_another_type_stops_a_commit_before_it_writes() {
    let server = RedisServer::start();
    let store = open_url(&server.url()).await.unwrap();
    let lease = lease(&store).await;
    store.commit(&begin(&lease)).await.unwrap();
    let mut redis = raw(&server);
    let _: () = redis.set("sector:awards", "theirs").unwrap();
    let refused = store.commit(&tick(&lease, 1)).await;
    assert!(matches!(refused, Err(Error::Corrupt { .. })), "{refused:?}");
    assert_eq!(store.head().await.unwrap().unwrap().tick, 0);
    assert_eq!(store.records(&"u1".into(), 0, 10).await.unwrap().len(), 1);
    let _: () = redis.del("sector:awards").unwrap();
    store.commit(&tick(&lease, 1)).await.unwrap();
}

#[tokio::test]
async fn a_bad_url_is_refused_without_showing_the_password() {
    for url in ["http://example.org", "redis://user:hidden@host:notaport", ""] {
        let message = config_message(open_url(url).await);
        assert!(message.contains("URL"), "{message}");
        assert!(!message.contains("hidden"), "{message}");
    }
    let options = StoreOptions::new(Place::redis("redis://user:hidden@host"));
    assert!(!format!("{:?}", options.place).contains("hidden"));
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_not_shown() {
    let server = RedisServer::start_with(&["--requirepass", "right"]);
    for url in [server.url(), format!("{}?pass=hidden", server.url())] {
        let message = config_message(open_url(&url).await);
        assert!(message.contains("password"), "{message}");
        assert!(!message.contains("hidden"), "{message}");
    }
    let url = format!("{}?pass=right", server.url());
    open_url(&url).await.unwrap().ping().await.unwrap();
}

#[tokio::test]
async fn a_redis_that_is_away_is_unavailable() {
    let mut server = RedisServer::start();
    let url = server.url();
    server.kill();
    let refused = open_url(&url).await.err().unwrap();
    assert!(refused.is_unavailable(), "{refused:?}");
}

#[tokio::test]
async fn a_redis_that_hangs_is_unavailable_in_time() {
    let server = RedisServer::start_with(&["--enable-debug-command", "yes"]);
    let mut options = RedisOptions::new(server.url());
    options.command_timeout = Duration::from_millis(200);
    let store = open(StoreOptions::new(Place::Redis(options))).await.unwrap();
    let mut redis = raw(&server);
    let hang = std::thread::spawn(move || {
        let _: () = redis::cmd("DEBUG").arg("SLEEP").arg("3").query(&mut redis).unwrap();
    });
    let started = Instant::now();
    // The first commands may still slip in before the server sleeps.
    while store.set_paused(true).await.is_ok() {
        assert!(started.elapsed() < Duration::from_secs(3), "it never hung");
    }
    assert!(started.elapsed() < Duration::from_secs(3));
    hang.join().unwrap();
    available_again(&store).await;
}

/// Asks until the store answers, for at most five seconds.
async fn available_again(store: &Arc<dyn Store>) {
    let asking = async {
        while let Err(error) = store.ping().await {
            assert!(error.is_unavailable(), "{error:?}");
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(5), asking).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_of_redis_loses_nothing_and_needs_no_restart_of_ours() {
    let mut server = RedisServer::start_with(&["--appendfsync", "always"]);
    let store = open_url(&server.url()).await.unwrap();
    let lease = lease(&store).await;
    store.commit(&begin(&lease)).await.unwrap();
    for round in 0..3_u64 {
        let receipt = store.append_orders(&order(&format!("c{round}"))).await.unwrap();
        store.commit(&tick(&lease, round + 1)).await.unwrap();
        let head = store.head().await.unwrap();
        server.kill();
        let away = store.append_orders(&order("away")).await;
        assert!(away.as_ref().is_err_and(Error::is_unavailable), "{away:?}");
        assert!(store.head().await.is_err_and(|error| error.is_unavailable()));
        server.restart();
        available_again(&store).await;

        assert_eq!(store.head().await.unwrap(), head);
        let again = store.append_orders(&order(&format!("c{round}"))).await.unwrap();
        assert_eq!(again.id, receipt.id);
        // The commit whose answer might have been lost, asked again.
        assert!(store.commit(&tick(&lease, round + 1)).await.unwrap().repeated);
    }
    let orders = store.orders_after(StreamId::START, 10, Duration::ZERO).await.unwrap();
    assert_eq!(orders.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_waiting_when_redis_comes_back_is_woken() {
    let mut server = RedisServer::start_with(&["--appendfsync", "always"]);
    let store = open_url(&server.url()).await.unwrap();
    let lease = lease(&store).await;
    store.commit(&begin(&lease)).await.unwrap();
    server.restart();
    available_again(&store).await;
    // The follower's connection was cut too; whether it is back yet or not, the reader is woken.
    let reader = store.clone();
    let waiting = tokio::spawn(async move {
        let wait = Duration::from_secs(60);
        reader.events_after(StreamId::new(1), 10, wait).await.unwrap()
    });
    store.commit(&tick(&lease, 1)).await.unwrap();
    let events = timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap();
    assert_eq!(events[0].id, StreamId::new(2));
}

#[tokio::test]
async fn a_full_redis_is_unavailable_and_writes_nothing() {
    let server = RedisServer::start();
    let store = open_url(&server.url()).await.unwrap();
    let lease = lease(&store).await;
    store.commit(&begin(&lease)).await.unwrap();
    let mut redis = raw(&server);
    let mut limit = |bytes: &str| {
        let mut set = redis::cmd("CONFIG");
        set.arg("SET").arg("maxmemory").arg(bytes);
        let _: () = set.query(&mut redis).unwrap();
    };
    limit("1");
    let full = store.commit(&tick(&lease, 1)).await;
    assert!(full.as_ref().is_err_and(Error::is_unavailable), "{full:?}");
    let full = store.append_orders(&order("a")).await;
    assert!(full.as_ref().is_err_and(Error::is_unavailable), "{full:?}");
    limit("0");
    assert_eq!(store.head().await.unwrap().unwrap().tick, 0);
    assert_eq!(store.records(&"u1".into(), 0, 10).await.unwrap().len(), 1);
    assert_eq!(store.append_orders(&order("a")).await.unwrap().id, StreamId::new(1));
    assert!(!store.commit(&tick(&lease, 1)).await.unwrap().repeated);
}

#[tokio::test]
async fn as_many_clients_as_redis_takes_is_unavailable() {
    let server = RedisServer::start();
    let mut only = raw(&server);
    let mut set = redis::cmd("CONFIG");
    set.arg("SET").arg("maxclients").arg("1");
    let _: () = set.query(&mut only).unwrap();
    let refused = open_url(&server.url()).await.err().unwrap();
    assert!(refused.is_unavailable(), "{refused:?}");
}

#[tokio::test]
async fn an_emptied_redis_is_told_to_followers() {
    let server = RedisServer::start();
    let store = open_url(&server.url()).await.unwrap();
    let lease = lease(&store).await;
    store.commit(&begin(&lease)).await.unwrap();
    let _: () = redis::cmd("FLUSHALL").query(&mut raw(&server)).unwrap();
    let lost = store.events_after(StreamId::new(1), 10, Duration::ZERO).await;
    assert!(matches!(lost, Err(Error::HistoryTrimmed { .. })), "{lost:?}");
}

#[tokio::test]
async fn sectors_with_different_tags_do_not_meet() {
    let server = RedisServer::start();
    let one = open_tagged(&server.url(), "one").await;
    let two = open_tagged(&server.url(), "two").await;
    let plain = open_url(&server.url()).await.unwrap();
    let lease_one = lease(&one).await;
    one.commit(&begin(&lease_one)).await.unwrap();
    lease(&two).await;
    assert_eq!(two.head().await.unwrap(), None);
    assert_eq!(plain.head().await.unwrap(), None);
    let keys: Vec<String> = raw(&server).keys("*").unwrap();
    let mut of_none: Vec<&str> =
        keys.iter().map(String::as_str).filter(|key| !key.starts_with('{')).collect();
    of_none.sort_unstable();
    assert_eq!(of_none, ["sector:format", "sectors"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_one_sector() {
    let server = RedisServer::start();
    let worker = open_url(&server.url()).await.unwrap();
    let api = open_url(&server.url()).await.unwrap();
    let lease = lease(&worker).await;
    worker.commit(&begin(&lease)).await.unwrap();
    let reader = worker.clone();
    let waiting = tokio::spawn(async move {
        let wait = Duration::from_secs(60);
        reader.orders_after(StreamId::START, 10, wait).await.unwrap()
    });
    api.append_orders(&order("a")).await.unwrap();
    let read = timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap();
    assert_eq!(read[0].orders, ["a"]);
    assert_eq!(api.acquire_lease("other", TTL).await.unwrap(), None);
}

#[tokio::test]
async fn a_full_shelf_takes_none_or_lets_the_nearest_its_end_go() {
    let server = RedisServer::start();
    let store = open_url(&server.url()).await.unwrap();
    let mut redis = raw(&server);
    let most = Shelf::Keys.documents_max();
    let document = |id: u64, owner: &str| Document {
        id: format!("{id:06}"),
        owner: owner.into(),
        body: "{}".into(),
        ends_at_ms: Some(1_000 + id),
    };
    for (shelf, key) in
        [(Shelf::Keys, "sector:keys:ends"), (Shelf::Sessions, "sector:sessions:ends")]
    {
        assert!(store.insert_document(shelf, &document(0, "o"), 0).await.unwrap());
        for from in (1..most).step_by(1_000) {
            let mut fill = redis::cmd("ZADD");
            fill.arg(key);
            for id in from..(from + 1_000).min(most) {
                fill.arg(1_000 + id).arg(format!("{id:06}"));
            }
            fill.exec(&mut redis).unwrap();
        }
    }
    let full = store.insert_document(Shelf::Keys, &document(most, "p"), 0).await;
    assert!(
        matches!(full, Err(Error::Full { owner: None, limit, .. }) if limit == most),
        "{full:?}"
    );
    assert!(store.insert_document(Shelf::Sessions, &document(most, "p"), 0).await.unwrap());
    assert_eq!(store.document(Shelf::Sessions, "000000", 0).await.unwrap(), None);
    assert!(store.documents_of(Shelf::Sessions, "o", 0).await.unwrap().is_empty());
    let count: u64 = redis.zcard("sector:sessions:ends").unwrap();
    assert_eq!(count, most);
    // When the first have ended there is room, and they are cleared away.
    assert!(store.insert_document(Shelf::Keys, &document(most, "p"), 1_010).await.unwrap());
    let count: u64 = redis.zcard("sector:keys:ends").unwrap();
    assert_eq!(count, most - 10);
}

#[tokio::test]
async fn a_key_of_another_type_stops_an_append_before_it_writes() {
    for (key, right) in [
        ("sector:seats", Right::Seat { faction: "F1".into(), idle_ms: 1 }),
        ("sector:seats", Right::Unclaimed { factions: vec!["F1".into()], idle_ms: 1 }),
        ("sector:client-ids", Right::Any),
        ("sector:orders:last", Right::Any),
        ("sector:orders", Right::Any),
    ] {
        let server = RedisServer::start();
        let store = open_url(&server.url()).await.unwrap();
        store.commit(&begin(&lease(&store).await)).await.unwrap();
        let mut redis = raw(&server);
        let _: () = redis.lpush(key, "theirs").unwrap();
        let refused = store.append_orders(&OrderBatch { right, ..order("a") }).await;
        assert!(matches!(refused, Err(Error::Corrupt { .. })), "{refused:?}");
        let _: () = redis.del(key).unwrap();
        let receipt = store.append_orders(&order("a")).await.unwrap();
        assert_eq!((receipt.id, receipt.duplicates.len()), (StreamId::new(1), 0), "{key}");
    }
}
