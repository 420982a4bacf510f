//! A Redis that is set up to forget, or does not tell, is refused where the state must last.

use std::time::Duration;

use sector_redis::{
    Commit, Durability, KeyNames, Place, RedisOptions, RedisReport, StoreOptions, StreamId, open,
};
use store_testkit::RedisServer;

use crate::{TTL, begin, config_message, lease, open_url, order, raw, tick};

async fn refusal(url: &str) -> String {
    let message = config_message(
        open(StoreOptions { require_durable: true, ..StoreOptions::new(Place::redis(url)) }).await,
    );
    assert!(message.contains("--dev"), "{message}");
    // For trying things out it is good enough.
    open_url(url).await.unwrap().ping().await.unwrap();
    message
}

#[tokio::test]
async fn one_without_a_log_is_refused() {
    let server = RedisServer::start_with(&["--appendonly", "no"]);
    assert!(refusal(&server.url()).await.contains("appendonly yes"));
}

#[tokio::test]
async fn one_that_drops_keys_is_refused() {
    for policy in ["allkeys-lru", "volatile-ttl"] {
        let server = RedisServer::start_with(&["--maxmemory-policy", policy]);
        let message = refusal(&server.url()).await;
        assert!(message.contains(policy) && message.contains("noeviction"), "{message}");
    }
}

#[tokio::test]
async fn one_that_does_not_tell_is_refused() {
    let server = RedisServer::start();
    let mut set = redis::cmd("ACL");
    set.arg("SETUSER")
        .arg("mute")
        .arg("on")
        .arg(">p")
        .arg("~*")
        .arg("+@all")
        .arg("-config")
        .arg("-info");
    set.query::<()>(&mut raw(&server)).unwrap();
    let url = format!("{}?user=mute&pass=p", server.url());
    assert!(refusal(&url).await.contains("config|get"));
    let mut set = redis::cmd("ACL");
    set.arg("SETUSER")
        .arg("mute")
        .arg("+config|get")
        .arg("+info")
        .query::<()>(&mut raw(&server))
        .unwrap();
    open(StoreOptions { require_durable: true, ..StoreOptions::new(Place::redis(&url)) })
        .await
        .unwrap();
}

#[tokio::test]
async fn one_that_keeps_everything_is_taken_and_reported() {
    for (fsync, durability) in
        [("always", Durability::RedisAlways), ("everysec", Durability::RedisEverySecond)]
    {
        let server = RedisServer::start_with(&["--appendfsync", fsync, "--maxmemory", "1gb"]);
        let place = Place::redis(server.url());
        let store =
            open(StoreOptions { require_durable: true, ..StoreOptions::new(place) }).await.unwrap();
        assert_eq!(store.durability(), durability);
        let report = RedisReport::of(&RedisOptions::new(server.url())).await.unwrap();
        assert_eq!(report.appendfsync.as_deref(), Some(fsync));
        assert_eq!(report.maxmemory_policy.as_deref(), Some("noeviction"));
        assert_eq!((report.maxmemory, report.last_write_ok), (Some(1 << 30), Some(true)));
        assert!(report.clock_ahead_ms.is_some_and(|ahead| ahead.abs() < 5_000), "{report:?}");
    }
}

/// The rights that `docs/explanation/durability.md` names, and no more.
const RIGHTS: [&str; 9] = [
    "~{north}:*",
    "~sectors",
    "+@read",
    "+@write",
    "+@scripting",
    "+@connection",
    "+info",
    "+config|get",
    "+time",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_with_the_documented_rights_can_do_everything() {
    let server = RedisServer::start_with(&["--appendfsync", "always"]);
    let mut set = redis::cmd("ACL");
    set.arg("SETUSER")
        .arg("sector")
        .arg("on")
        .arg(">p")
        .arg(&RIGHTS[..])
        .query::<()>(&mut raw(&server))
        .unwrap();
    let mut options = RedisOptions::new(format!("{}?user=sector&pass=p", server.url()));
    options.names = KeyNames { sector_id: Some("north".parse().unwrap()), ..KeyNames::default() };
    let place = Place::Redis(options);
    let store =
        open(StoreOptions { require_durable: true, ..StoreOptions::new(place) }).await.unwrap();
    let first = lease(&store).await;
    store.commit(&begin(&first)).await.unwrap();
    store.append_orders(&order("a")).await.unwrap();
    store.commit(&tick(&first, 1)).await.unwrap();
    assert_eq!(store.order_backlog().await.unwrap(), 1);
    assert_eq!(store.events_after(StreamId::START, 10, Duration::ZERO).await.unwrap().len(), 2);
    store.put_nonce(sector_redis::Pool::Notes, "n", "v", TTL).await.unwrap();
    assert_eq!(
        store.take_nonce(sector_redis::Pool::Notes, "n").await.unwrap().as_deref(),
        Some("v")
    );
    let end = Commit {
        finished: Some("end".into()),
        checkpoint: Some("world".into()),
        ..tick(&first, 2)
    };
    store.commit(&end).await.unwrap();
    assert_eq!(store.runs(1).await.unwrap().len(), 1);
    store.release_lease(&first).await.unwrap();
    store.renew_incarnation().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_torn_log_is_refused_and_repaired_as_documented() {
    let mut server =
        RedisServer::start_with(&["--appendfsync", "always", "--aof-load-truncated", "no"]);
    let store = open_url(&server.url()).await.unwrap();
    let first = lease(&store).await;
    store.commit(&begin(&first)).await.unwrap();
    store.commit(&tick(&first, 1)).await.unwrap();
    let whole = server.directory().join("appendonlydir").join("appendonly.aof.1.incr.aof");
    let before = std::fs::metadata(&whole).unwrap().len();
    store.commit(&tick(&first, 2)).await.unwrap();
    let after = std::fs::metadata(&whole).unwrap().len();
    server.kill();
    // Somewhere in the last commit.
    let log = std::fs::OpenOptions::new().write(true).open(&whole).unwrap();
    log.set_len(before + (after - before) / 2).unwrap();
    drop(log);
    assert!(!server.comes_up(), "a torn log was loaded");
    let mut check = std::process::Command::new("redis-check-aof")
        .arg("--fix")
        .arg(server.directory().join("appendonlydir").join("appendonly.aof.manifest"))
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut check.stdin.take().unwrap(), b"y\n").unwrap();
    assert!(check.wait().unwrap().success());
    server.restart();
    crate::available_again(&store).await;
    // The torn commit is gone, whole; it is done again, and stays.
    assert_eq!(store.head().await.unwrap().unwrap().tick, 1);
    assert!(!store.commit(&tick(&first, 2)).await.unwrap().repeated);
    server.restart();
    crate::available_again(&store).await;
    assert_eq!(store.head().await.unwrap().unwrap().tick, 2);
    assert_eq!(store.records(&"u1".into(), 0, 10).await.unwrap().len(), 3);
}
