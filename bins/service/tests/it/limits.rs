//! Every limit has its number, and holds.

use service::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::{Reply, patiently, read_to_end, start};

#[tokio::test]
async fn a_peer_that_says_nothing_is_cut_off() {
    let server = start(Limits { first_bytes_timeout_ms: 50, ..Limits::default() }).await;
    // The last one is the beginning of an HTTP/2 preface.
    for begun in ["", "P", "PRI * HTTP/2.0\r\n\r\nSM\r\n"] {
        let mut stream = server.connect().await;
        stream.write_all(begun.as_bytes()).await.unwrap();
        let answer = read_to_end(&mut stream).await;
        assert!(answer.is_empty(), "{begun:?}: {answer:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn headers_that_trickle_are_cut_off() {
    let server = start(Limits { header_read_timeout_ms: 50, ..Limits::default() }).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /hello HTTP/1.1\r\nHost: te").await.unwrap();
    let answer = String::from_utf8(read_to_end(&mut stream).await).unwrap();
    assert!(!answer.contains("hello"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn a_long_wait_in_the_first_request_is_not_mistaken_for_silence() {
    let server = start(Limits { first_bytes_timeout_ms: 50, header_read_timeout_ms: 50, ..Limits::default() }).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /wait HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").await.unwrap();
    server.state.began.notified().await;
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    server.state.go_on.notify_one();
    assert_eq!(Reply::parse(&read_to_end(&mut stream).await).body, "waited");
    server.stop().await;
}

#[tokio::test]
async fn headers_that_are_too_long_are_431() {
    let server = start(Limits { header_bytes_max: 8_192, ..Limits::default() }).await;
    let request = format!("GET /hello HTTP/1.1\r\nHost: test\r\nX-Long: {}\r\n\r\n", "x".repeat(16_384));
    assert_eq!(server.exchange(request).await.status, 431);
    server.stop().await;
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_given_up() {
    let server = start(Limits { request_timeout_ms: 50, ..Limits::default() }).await;
    let reply = server.ask("GET", "/wait").await;
    reply.problem(503, "request_timeout");
    assert_eq!(reply.header("retry-after"), Some("1"));
    // A body that never comes is bounded by the same limit.
    let half = "POST /orders HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{";
    server.exchange(half).await.problem(503, "request_timeout");
    server.stop().await;
}

#[tokio::test]
async fn a_stream_may_outlast_the_request_timeout() {
    let server = start(Limits { request_timeout_ms: 50, ..Limits::default() }).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /stream HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").await.unwrap();
    server.state.began.notified().await;
    tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    server.state.go_on.notify_one();
    let reply = Reply::parse(&read_to_end(&mut stream).await);
    assert_eq!((reply.status, reply.body.as_str()), (200, "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"));
    server.stop().await;
}

#[tokio::test]
async fn one_request_too_many_is_503_at_once() {
    let server = start(Limits { requests_max: 1, ..Limits::default() }).await;
    let mut first = server.connect().await;
    first.write_all(b"GET /wait HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").await.unwrap();
    server.state.began.notified().await;
    let second = server.ask("GET", "/hello").await;
    second.problem(503, "overloaded");
    assert_eq!(second.header("retry-after"), Some("1"));
    server.state.go_on.notify_one();
    assert_eq!(Reply::parse(&read_to_end(&mut first).await).body, "waited");
    assert_eq!(server.ask("GET", "/hello").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn one_connection_too_many_waits_its_turn() {
    let server = start(Limits { connections_max: 1, ..Limits::default() }).await;
    let mut first = server.connect().await;
    first.write_all(b"GET /wait HTTP/1.1\r\nHost: test\r\n\r\n").await.unwrap();
    server.state.began.notified().await;
    let mut second = server.connect().await;
    second.write_all(b"GET /hello HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut byte = [0];
    let early = tokio::time::timeout(std::time::Duration::from_millis(100), second.read(&mut byte)).await;
    assert!(early.is_err(), "the second connection was served beside the first");
    drop(first);
    server.state.go_on.notify_one();
    assert_eq!(Reply::parse(&read_to_end(&mut second).await).body, "hello");
    patiently(server.stop()).await;
}
