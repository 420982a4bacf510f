//! A Redis that is set up to forget, or does not tell, is refused where the state must last.

use sector_redis::testkit::RedisServer;
use sector_redis::{Durability, Place, RedisOptions, RedisReport, StoreOptions, open};

use crate::{config_message, open_url, raw};

async fn refusal(url: &str) -> String {
    let message =
        config_message(open(StoreOptions { require_durable: true, ..StoreOptions::new(Place::redis(url)) }).await);
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
    set.arg("SETUSER").arg("mute").arg("on").arg(">p").arg("~*").arg("+@all").arg("-config").arg("-info");
    set.query::<()>(&mut raw(&server)).unwrap();
    let url = format!("{}?user=mute&pass=p", server.url());
    assert!(refusal(&url).await.contains("config|get"));
    let mut set = redis::cmd("ACL");
    set.arg("SETUSER").arg("mute").arg("+config|get").arg("+info").query::<()>(&mut raw(&server)).unwrap();
    open(StoreOptions { require_durable: true, ..StoreOptions::new(Place::redis(&url)) }).await.unwrap();
}

#[tokio::test]
async fn one_that_keeps_everything_is_taken_and_reported() {
    for (fsync, durability) in [("always", Durability::RedisAlways), ("everysec", Durability::RedisEverySecond)] {
        let server = RedisServer::start_with(&["--appendfsync", fsync, "--maxmemory", "1gb"]);
        let place = Place::redis(server.url());
        let store = open(StoreOptions { require_durable: true, ..StoreOptions::new(place) }).await.unwrap();
        assert_eq!(store.durability(), durability);
        let report = RedisReport::of(&RedisOptions::new(server.url())).await.unwrap();
        assert_eq!(report.appendfsync.as_deref(), Some(fsync));
        assert_eq!(report.maxmemory_policy.as_deref(), Some("noeviction"));
        assert_eq!((report.maxmemory, report.last_write_ok), (Some(1 << 30), Some(true)));
        assert!(report.clock_ahead_ms.is_some_and(|ahead| ahead.abs() < 5_000), "{report:?}");
    }
}
