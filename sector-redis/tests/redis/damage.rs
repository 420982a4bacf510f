//! State that is not as it was written: found, said, and left alone.

use std::time::Duration;

use redis::Commands;
use sector_redis::{Error, OrderStatus, StreamId};
use store_testkit::RedisServer;

use crate::{begin, config_message, lease, open_url, order, raw, tick};

fn is_damaged<T: std::fmt::Debug>(result: Result<T, Error>, what: &str) {
    let Err(Error::Corrupt { what: found, detail }) = result else {
        panic!("{result:?}");
    };
    assert!(found.contains(what) && detail.contains("checksum"), "{found}: {detail}");
}

#[tokio::test]
async fn a_changed_byte_is_found_in_every_payload() {
    let server = RedisServer::start();
    let store = open_url(&server.url()).await.unwrap();
    let lease = lease(&store).await;
    store.commit(&begin(&lease)).await.unwrap();
    store.commit(&tick(&lease, 1)).await.unwrap();
    store.append_orders(&order("a")).await.unwrap();
    let mut redis = raw(&server);

    let _: () = redis.set("sector:snapshot", "worle").unwrap();
    is_damaged(store.checkpoint().await, "sector:snapshot");

    let record: String = redis.lindex("sector:records", 1).unwrap();
    assert!(record.ends_with(" r1"), "{record}");
    let _: () = redis.lset("sector:records", 1, record.replace("r1", "r3")).unwrap();
    is_damaged(store.records(&"u1".into(), 0, 10).await, "record of tick 1");
    assert_eq!(store.records(&"u1".into(), 0, 1).await.unwrap().len(), 1);

    // A stream entry cannot be changed in place; the whole stream is written again.
    for (key, field) in
        [("sector:events", "data"), ("sector:orders", "order"), ("sector:orders", "of")]
    {
        let entries: Vec<(String, Vec<String>)> = redis.xrange_all(key).unwrap();
        let _: () = redis.del(key).unwrap();
        for (id, fields) in &entries {
            let mut fields = fields.clone();
            let at = fields.iter().step_by(2).position(|name| name == field).unwrap() * 2 + 1;
            fields[at].push('!');
            redis::cmd("XADD").arg(key).arg(id).arg(fields).query::<()>(&mut redis).unwrap();
        }
        if key == "sector:events" {
            is_damaged(store.events_after(StreamId::START, 10, Duration::ZERO).await, "entry 1-0");
        } else {
            is_damaged(store.orders_after(StreamId::START, 10, Duration::ZERO).await, "entry 1-0");
        }
        let _: () = redis.del(key).unwrap();
        for (id, fields) in entries {
            redis::cmd("XADD").arg(key).arg(id).arg(fields).query::<()>(&mut redis).unwrap();
        }
    }
    assert_eq!(store.orders_after(StreamId::START, 10, Duration::ZERO).await.unwrap().len(), 1);
    assert_eq!(store.events_after(StreamId::START, 10, Duration::ZERO).await.unwrap().len(), 2);
}

#[tokio::test]
async fn format_1_is_taken_over() {
    let server = RedisServer::start();
    let store = open_url(&server.url()).await.unwrap();
    let first = lease(&store).await;
    store.commit(&begin(&first)).await.unwrap();
    store.append_orders(&order("a")).await.unwrap();
    drop(store);
    // As the version before wrote it: no incarnation, no sums.
    let mut redis = raw(&server);
    let _: () = redis.set("sector:format", "1").unwrap();
    let _: () = redis.lset("sector:records", 0, "r0").unwrap();
    let _: () = redis.hdel("sector:world", "checkpoint_sum").unwrap();
    for (key, fields) in [
        ("sector:events", vec!["type", "delta", "data", "0"]),
        (
            "sector:orders",
            vec!["universe", "u1", "player", "p", "source", "", "at_ms", "0", "order", "a"],
        ),
    ] {
        let _: () = redis.del(key).unwrap();
        redis::cmd("XADD").arg(key).arg("1-0").arg(fields).query::<()>(&mut redis).unwrap();
    }

    let store = open_url(&server.url()).await.unwrap();
    let incarnation = store.incarnation().await.unwrap();
    assert_eq!(redis.get::<_, String>("sector:format").unwrap(), format!("3 {incarnation}"));
    assert_eq!(store.checkpoint().await.unwrap().unwrap().snapshot, "world");
    assert_eq!(store.records(&"u1".into(), 0, 10).await.unwrap(), [(0, "r0".to_owned())]);
    assert_eq!(store.events_after(StreamId::START, 10, Duration::ZERO).await.unwrap()[0].data, "0");
    assert_eq!(
        store.orders_after(StreamId::START, 10, Duration::ZERO).await.unwrap()[0].orders,
        ["a"]
    );
    // The lease of before still stands, and its holder goes on.
    store.commit(&tick(&first, 1)).await.unwrap();
    assert_eq!(open_url(&server.url()).await.unwrap().incarnation().await.unwrap(), incarnation);
}

#[tokio::test]
async fn format_2_is_taken_over() {
    let server = RedisServer::start();
    let store = open_url(&server.url()).await.unwrap();
    let first = lease(&store).await;
    store.commit(&begin(&first)).await.unwrap();
    let incarnation = store.incarnation().await.unwrap();
    let mut redis = raw(&server);
    // As the version before wrote it: one batch in each entry, each thing a field of its own.
    let _: () = redis.set("sector:format", format!("2 {incarnation}")).unwrap();
    store.append_orders(&order("a")).await.unwrap();
    let entries: Vec<(String, Vec<String>)> = redis.xrange_all("sector:orders").unwrap();
    let (sum, body) = entries[0].1[3].split_at(16);
    let fields =
        ["universe", "u1", "player", "p", "source", "", "at_ms", "0", "order", body, "sum", sum];
    let _: () = redis.del("sector:orders").unwrap();
    redis::cmd("XADD").arg("sector:orders").arg("1-0").arg(&fields).exec(&mut redis).unwrap();
    drop(store);

    let store = open_url(&server.url()).await.unwrap();
    assert_eq!(store.incarnation().await.unwrap(), incarnation);
    assert_eq!(redis.get::<_, String>("sector:format").unwrap(), format!("3 {incarnation}"));
    assert_eq!(store.append_orders(&order("a")).await.unwrap().duplicates, ["a"]);
    assert_eq!(store.append_orders(&order("b")).await.unwrap().id, StreamId::new(2));
    let read = store.orders_after(StreamId::START, 10, Duration::ZERO).await.unwrap();
    let read: Vec<_> =
        read.iter().map(|entry| (entry.id.number(), entry.orders[0].as_str())).collect();
    assert_eq!(read, [(1, "a"), (2, "b")]);
    let own = store.orders_of("p", 10).await.unwrap();
    assert_eq!(own.iter().map(|status| status.id().number()).collect::<Vec<_>>(), [2, 1]);
    assert!(matches!(store.order(StreamId::new(1)).await.unwrap(), Some(OrderStatus::Waiting(_))));
    store.commit(&tick(&first, 1)).await.unwrap();
}

#[tokio::test]
async fn a_mark_that_is_not_ours_is_refused_and_left_alone() {
    let server = RedisServer::start();
    let mut redis = raw(&server);
    let _: () = redis.rpush("sector:format", "theirs").unwrap();
    let message = config_message(open_url(&server.url()).await);
    assert!(message.contains("\"sector:format\""), "{message}");
    assert_eq!(redis.lrange::<_, Vec<String>>("sector:format", 0, -1).unwrap(), ["theirs"]);
    for foreign in ["2", "2 xyz", "3", "3 xyz", "1 0123", "hello world", ""] {
        let _: () = redis.del("sector:format").unwrap();
        let _: () = redis.set("sector:format", foreign).unwrap();
        config_message(open_url(&server.url()).await);
        assert_eq!(redis.get::<_, String>("sector:format").unwrap(), foreign);
    }
}

#[tokio::test]
async fn a_list_of_sectors_that_is_not_ours_is_refused() {
    let server = RedisServer::start();
    let mut redis = raw(&server);
    let _: () = redis.set("sectors", "theirs").unwrap();
    let message = config_message(open_url(&server.url()).await);
    assert!(message.contains("\"sectors\""), "{message}");
    assert_eq!(redis.get::<_, String>("sectors").unwrap(), "theirs");
}
