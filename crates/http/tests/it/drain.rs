//! A shutdown finishes requests in flight within its limit.

use std::time::{Duration, Instant};

use http_kit::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Reply, patiently, read_to_end, start};

#[tokio::test]
async fn requests_in_flight_are_answered_and_new_connections_refused() {
    let server = start(Limits::default()).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    server.state.began.notified().await;
    server.shutdown.cancel();
    // The listener closes as soon as the server task sees the shutdown.
    patiently(async {
        while TcpStream::connect(server.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(!server.running.is_finished());
    server.state.go_on.notify_one();
    assert_eq!(Reply::parse(&read_to_end(&mut stream).await).body, "waited");
    patiently(server.running).await.unwrap();
}

#[tokio::test]
async fn idle_connections_do_not_delay_the_drain() {
    let server = start(Limits { drain_timeout_ms: 60_000, ..Limits::default() }).await;
    let mut silent = server.connect().await;
    let mut idle = server.connect().await;
    idle.write_all(b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"hello") {
        assert_ne!(patiently(idle.read_buf(&mut answer)).await.unwrap(), 0);
    }
    server.stop().await;
    assert!(read_to_end(&mut idle).await.is_empty());
    assert!(read_to_end(&mut silent).await.is_empty());
}

#[tokio::test]
async fn a_long_poll_sees_the_shutdown() {
    let server = start(Limits { drain_timeout_ms: 60_000, ..Limits::default() }).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /poll HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    server.state.began.notified().await;
    server.stop().await;
    assert_eq!(Reply::parse(&read_to_end(&mut stream).await).body, "shutting down");
}

#[tokio::test]
async fn a_request_that_never_ends_is_cut_at_the_deadline() {
    let server = start(Limits { drain_timeout_ms: 200, ..Limits::default() }).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    server.state.began.notified().await;
    let began = Instant::now();
    server.stop().await;
    assert!(began.elapsed() >= Duration::from_millis(200), "{:?}", began.elapsed());
    assert!(read_to_end(&mut stream).await.is_empty());
}
