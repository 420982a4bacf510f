//! The clock of Redis is set: what is late or early then, and that it does no harm.
//!
//! Redis keeps the ends of keys, and we those of nonces, as times of day. A clock that is set back by
//! an hour is to them what an hour more on each of them is, and that can be done to a server whose
//! clock is not ours to set.

use std::time::Duration;

use redis::Connection;
use sector_redis::{Commit, Error, StreamId};
use store_testkit::RedisServer;

use crate::{TTL, begin, open_url, order, raw, tick};

const HOUR_MS: i64 = 3_600_000;

/// Sets the clock back by so much, or forward by so much less than nothing.
fn set_back(redis: &mut Connection, ms: i64) {
    let end: i64 = redis::cmd("PEXPIRETIME").arg("sector:lease").query(redis).unwrap();
    if end > 0 {
        redis::cmd("PEXPIREAT").arg("sector:lease").arg(end + ms).exec(redis).unwrap();
    }
    let nonces: Vec<String> =
        redis::cmd("ZRANGE").arg("sector:nonces:notes:ends").arg(0).arg(-1).query(redis).unwrap();
    for nonce in nonces {
        redis::cmd("ZINCRBY")
            .arg("sector:nonces:notes:ends")
            .arg(ms)
            .arg(nonce)
            .exec(redis)
            .unwrap();
    }
}

#[tokio::test]
async fn a_clock_set_back_keeps_others_away_and_nothing_else() {
    let server = RedisServer::start();
    let store = open_url(&server.url()).await.unwrap();
    let mut redis = raw(&server);
    let held = store.acquire_lease("one", TTL).await.unwrap().unwrap();
    store.commit(&begin(&held)).await.unwrap();
    store.append_orders(&order("a")).await.unwrap();
    store.put_nonce(sector_redis::Pool::Notes, "n", "v", TTL).await.unwrap();
    set_back(&mut redis, HOUR_MS);
    let left: i64 = redis::cmd("PTTL").arg("sector:lease").query(&mut redis).unwrap();
    assert!(left > HOUR_MS, "it lasts an hour longer");
    assert_eq!(store.acquire_lease("two", TTL).await.unwrap(), None);
    // The holder goes on; numbers and client ids do not depend on time.
    store.commit(&Commit { cursor: StreamId::new(1), ..tick(&held, 1) }).await.unwrap();
    assert_eq!(store.append_orders(&order("a")).await.unwrap().duplicates, ["a"]);
    assert_eq!(store.append_orders(&order("b")).await.unwrap().id, StreamId::new(2));
    // A commit gives it the life it should have.
    let left: i64 = redis::cmd("PTTL").arg("sector:lease").query(&mut redis).unwrap();
    assert!(left <= i64::try_from(TTL.as_millis()).unwrap());
    // A nonce lives longer and is still taken once.
    assert_eq!(
        store.take_nonce(sector_redis::Pool::Notes, "n").await.unwrap().as_deref(),
        Some("v")
    );
    assert_eq!(store.take_nonce(sector_redis::Pool::Notes, "n").await.unwrap(), None);
    // What an operator does about a holder that is gone: its epoch does not come back with it.
    redis::cmd("DEL").arg("sector:lease").exec(&mut redis).unwrap();
    let next = store.acquire_lease("two", TTL).await.unwrap().unwrap();
    assert!(next.epoch > held.epoch);
    let late = store.commit(&Commit { cursor: StreamId::new(2), ..tick(&held, 2) }).await;
    assert!(matches!(late, Err(Error::LeaseLost { .. })), "{late:?}");
}

#[tokio::test]
async fn a_clock_set_forward_ends_a_lease_and_its_holder_changes_nothing() {
    let server = RedisServer::start();
    let store = open_url(&server.url()).await.unwrap();
    let mut redis = raw(&server);
    let held = store.acquire_lease("one", TTL).await.unwrap().unwrap();
    store.commit(&begin(&held)).await.unwrap();
    store.put_nonce(sector_redis::Pool::Notes, "n", "v", TTL).await.unwrap();
    set_back(&mut redis, -HOUR_MS);
    assert!(matches!(store.commit(&tick(&held, 1)).await, Err(Error::LeaseLost { .. })));
    assert!(matches!(store.renew_lease(&held, TTL).await, Err(Error::LeaseLost { .. })));
    let next = store.acquire_lease("two", TTL).await.unwrap().unwrap();
    store.commit(&tick(&next, 1)).await.unwrap();
    // Set right again: the old lease does not come back.
    set_back(&mut redis, HOUR_MS);
    assert!(matches!(store.commit(&tick(&held, 2)).await, Err(Error::LeaseLost { .. })));
    assert_eq!(store.head().await.unwrap().unwrap().epoch, next.epoch);
    assert_eq!(
        store.take_nonce(sector_redis::Pool::Notes, "n").await.unwrap().as_deref(),
        Some("v"),
        "it had not been asked for meanwhile"
    );
    store.put_nonce(sector_redis::Pool::Notes, "n", "v", Duration::from_secs(60)).await.unwrap();
    set_back(&mut redis, -HOUR_MS);
    assert_eq!(
        store.take_nonce(sector_redis::Pool::Notes, "n").await.unwrap(),
        None,
        "it has expired"
    );
}
