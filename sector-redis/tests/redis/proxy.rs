//! A way to Redis on which answers get lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sector_redis::{BatchOrder, Error, OrderBatch, StreamId};
use store_testkit::RedisServer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};

use crate::{begin, lease, open_url, order, tick};

/// Passes everything on until told to lose an answer: then the next command reaches Redis, and the
/// connection is cut in place of its answer.
pub(crate) struct Proxy {
    address: String,
    to_lose: Arc<AtomicUsize>,
}

impl Proxy {
    pub(crate) async fn before(server: &RedisServer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let socket = server.url().strip_prefix("redis+unix://").unwrap().to_owned();
        let to_lose = Arc::new(AtomicUsize::new(0));
        let losing = to_lose.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let redis = UnixStream::connect(&socket).await.unwrap();
                tokio::spawn(pass(client, redis, losing.clone()));
            }
        });
        Self { address, to_lose }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    pub(crate) fn lose(&self, answers: usize) {
        self.to_lose.store(answers, Ordering::SeqCst);
    }

    pub(crate) fn all_lost(&self) -> bool {
        self.to_lose.load(Ordering::SeqCst) == 0
    }
}

async fn pass(client: TcpStream, redis: UnixStream, to_lose: Arc<AtomicUsize>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_redis, mut to_redis) = redis.into_split();
    // Whether a script is on its way on this connection: only its answer is lost, not one of the
    // handshake or of the follower.
    let script = Arc::new(AtomicUsize::new(0));
    let scripts = script.clone();
    let there = tokio::spawn(async move {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
            let sent = &buffer[..length];
            let is_script = sent.windows(7).any(|word| word == b"EVALSHA");
            scripts.store(usize::from(is_script), Ordering::SeqCst);
            if to_redis.write_all(sent).await.is_err() {
                break;
            }
        }
    });
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from_redis.read(&mut buffer).await {
        let answers_script =
            script.swap(0, Ordering::SeqCst) == 1 && !buffer.starts_with(b"-NOSCRIPT");
        let take = |left: usize| left.checked_sub(1);
        if answers_script && to_lose.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok()
        {
            break;
        }
        if to_client.write_all(&buffer[..length]).await.is_err() {
            break;
        }
    }
    there.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_was_lost_is_found_to_have_happened() {
    let server = RedisServer::start();
    let proxy = Proxy::before(&server).await;
    let store = open_url(&proxy.url()).await.unwrap();
    let lease = lease(&store).await;
    store.commit(&begin(&lease)).await.unwrap();
    for number in 1..=5 {
        proxy.lose(1);
        let committed = store.commit(&tick(&lease, number)).await.unwrap();
        assert!(proxy.all_lost() && committed.repeated, "tick {number}");
        assert_eq!(committed.event_ids, [StreamId::new(number + 1)]);
    }
    assert_eq!(store.records(&"u1".into(), 0, 10).await.unwrap().len(), 6);
    assert_eq!(store.events_after(StreamId::START, 10, Duration::ZERO).await.unwrap().len(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_whose_answer_was_lost_is_accepted_once() {
    let server = RedisServer::start();
    let proxy = Proxy::before(&server).await;
    let store = open_url(&proxy.url()).await.unwrap();
    let lease = lease(&store).await;
    store.commit(&begin(&lease)).await.unwrap();
    // The script is known to Redis from here on.
    store.append_orders(&order("first")).await.unwrap();
    proxy.lose(1);
    let receipt = store.append_orders(&order("named")).await.unwrap();
    assert!(proxy.all_lost());
    assert_eq!(receipt.id, StreamId::new(2));
    // Without a client id nobody can ask whether it was accepted.
    proxy.lose(1);
    let nameless =
        OrderBatch { orders: vec![BatchOrder { client_id: None, body: "x".into() }], ..order("-") };
    let unknown = store.append_orders(&nameless).await;
    assert!(proxy.all_lost() && unknown.as_ref().is_err_and(Error::is_unavailable), "{unknown:?}");
    let orders = store.orders_after(StreamId::START, 10, Duration::ZERO).await.unwrap();
    let bodies: Vec<&str> =
        orders.iter().flat_map(|entry| &entry.orders).map(String::as_str).collect();
    assert_eq!(bodies, ["first", "named", "x"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_asked_again_is_not_done_again() {
    let server = RedisServer::start();
    let proxy = Proxy::before(&server).await;
    let store = open_url(&proxy.url()).await.unwrap();
    assert_eq!(store.request_restart(None).await.unwrap().number, 1);
    proxy.lose(1);
    let unknown = store.request_restart(None).await;
    assert!(unknown.as_ref().is_err_and(Error::is_unavailable), "{unknown:?}");
    assert_eq!(store.restart_request().await.unwrap().unwrap().number, 2);
    // A lease that was taken without an answer is not taken for ours: it ends by itself.
    let first = store.acquire_lease("worker", Duration::from_millis(200)).await.unwrap().unwrap();
    store.release_lease(&first).await.unwrap();
    proxy.lose(1);
    let unknown = store.acquire_lease("worker", Duration::from_millis(200)).await;
    assert!(unknown.as_ref().is_err_and(Error::is_unavailable), "{unknown:?}");
    assert_eq!(store.acquire_lease("worker", Duration::from_millis(200)).await.unwrap(), None);
}
