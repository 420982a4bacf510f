//! A real cluster: whose node holds the sector, when that changes, and what is refused.

use std::sync::Arc;
use std::time::Duration;

use sector_redis::{
    Error, KeyNames, Place, RedisOptions, Result, Store, StoreOptions, StreamId, open, sectors,
};
use store_testkit::{RedisCluster, RedisServer};
use tokio::time::{Instant, timeout};

use crate::{TTL, begin, config_message, lease, order, tick};

async fn open_sector(url: &str, id: Option<&str>) -> Result<Arc<dyn Store>> {
    let names = KeyNames { sector_id: id.map(|id| id.parse().unwrap()), ..KeyNames::default() };
    open(StoreOptions::new(Place::Redis(RedisOptions { names, ..RedisOptions::new(url) }))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sectors_spread_over_the_nodes_and_are_listed() {
    let cluster = RedisCluster::start();
    let ids = ["a", "b", "c", "d", "e", "f"];
    for id in ids {
        let store = open_sector(&cluster.url(), Some(id)).await.unwrap();
        let lease = lease(&store).await;
        store.commit(&begin(&lease)).await.unwrap();
        assert_eq!(store.append_orders(&order(id)).await.unwrap().id, StreamId::new(1));
    }
    let owners: std::collections::BTreeSet<usize> =
        ids.iter().map(|id| cluster.owner(&format!("{{{id}}}:sector:world"))).collect();
    assert!(owners.len() >= 2, "all sectors lie on {owners:?}");
    let listed = sectors(&RedisOptions::new(cluster.url())).await.unwrap();
    assert_eq!(listed, ids.map(|id| Some(id.parse().unwrap())));
    // Any one node leads to all the others.
    let one = cluster.node_url(0).replace("redis://", "redis-cluster://");
    for id in ids {
        let store = open_sector(&one, Some(id)).await.unwrap();
        assert_eq!(store.order_backlog().await.unwrap(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sector_that_moves_is_followed() {
    let cluster = RedisCluster::start();
    let store = open_sector(&cluster.url(), Some("moving")).await.unwrap();
    let first = lease(&store).await;
    store.commit(&begin(&first)).await.unwrap();
    let key = "{moving}:sector:world";
    for number in 1..=3 {
        let reader = store.clone();
        let waiting = tokio::spawn(async move {
            reader.events_after(StreamId::new(number), 1, Duration::from_secs(60)).await.unwrap()
        });
        let from = cluster.owner(key);
        cluster.move_slot(key, (from + 1) % 3);
        assert_ne!(cluster.owner(key), from);
        // Not one error: a node that no longer holds the sector has done nothing, and says where
        // it is.
        assert_eq!(
            store.append_orders(&order(&number.to_string())).await.unwrap().id,
            StreamId::new(number)
        );
        assert!(!store.commit(&tick(&first, number)).await.unwrap().repeated);
        let events = timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap();
        assert_eq!(events[0].id, StreamId::new(number + 1));
    }
    assert_eq!(store.head().await.unwrap().unwrap().tick, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_away_is_found_again() {
    let mut cluster = RedisCluster::start_with(&["--appendfsync", "always"]);
    let store = open_sector(&cluster.url(), Some("lone")).await.unwrap();
    let first = lease(&store).await;
    store.commit(&begin(&first)).await.unwrap();
    let owner = cluster.owner("{lone}:sector:world");
    cluster.kill(owner);
    let refused = store.append_orders(&order("a")).await;
    assert!(refused.as_ref().is_err_and(Error::is_unavailable), "{refused:?}");
    // Another node's death does not matter once the owner is back; any node says where that is.
    cluster.restart(owner);
    let back = Instant::now();
    while let Err(error) = store.append_orders(&order("a")).await {
        assert!(error.is_unavailable(), "{error:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(back.elapsed() < Duration::from_secs(5), "it took {:?}", back.elapsed());
    store.renew_lease(&first, TTL).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_work_is_refused_with_a_way_out() {
    let cluster = RedisCluster::start();
    let message = config_message(open_sector(&cluster.url(), None).await);
    assert!(message.contains("SECTOR_ID"), "{message}");
    // One node of a cluster is not a server of its own.
    for index in 0..3 {
        match open_sector(&cluster.node_url(index), Some("a")).await {
            Ok(_) => assert_eq!(cluster.owner("{a}:sector:world"), index),
            Err(error) => assert!(error.to_string().contains("redis-cluster://"), "{error}"),
        }
    }
    let lone =
        RedisServer::start_with(&["--bind", "127.0.0.1", "--port", &free_port().to_string()]);
    let port: u16 = redis::cmd("CONFIG")
        .arg("GET")
        .arg("port")
        .query::<(String, u16)>(&mut crate::raw(&lone))
        .map(|pair| pair.1)
        .unwrap();
    let message =
        config_message(open_sector(&format!("redis-cluster://127.0.0.1:{port}"), Some("a")).await);
    assert!(message.contains("redis://host:port"), "{message}");
    let nowhere =
        open_sector(&format!("redis-cluster://127.0.0.1:{}", free_port()), Some("a")).await;
    assert!(nowhere.is_err_and(|error| error.is_unavailable()));
}

pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
