//! Every limit is enforced.

use std::time::{Duration, Instant};

use http_kit::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::harness::{BIG_BYTES, Reply, patiently, read_to_end, read_until, start, stays_quiet};

#[tokio::test]
async fn a_silent_peer_is_disconnected() {
    let limits =
        Limits { first_bytes_timeout_ms: 50, header_read_timeout_ms: 50, ..Limits::default() };
    let server = start(limits).await;
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
async fn trickling_headers_are_disconnected() {
    let server = start(Limits { header_read_timeout_ms: 50, ..Limits::default() }).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /hello HTTP/1.1\r\nHost: local").await.unwrap();
    let answer = String::from_utf8(read_to_end(&mut stream).await).unwrap();
    assert!(!answer.contains("hello"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn trickling_bytes_gain_no_time() {
    let server = start(Limits { header_read_timeout_ms: 100, ..Limits::default() }).await;
    let mut stream = server.connect().await;
    let began = Instant::now();
    let mut answer = [0];
    // A byte every 10 ms until the server closes.
    patiently(async {
        stream.write_all(b"GET /hello HTTP/1.1\r\nX: ").await.unwrap();
        while stream.write_all(b"x").await.is_ok()
            && timeout(Duration::from_millis(10), stream.read(&mut answer)).await.is_err()
        {}
    })
    .await;
    assert!(began.elapsed() >= Duration::from_millis(100), "{:?}", began.elapsed());
    server.stop().await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_later_than_a_silent_one() {
    let limits = Limits {
        first_bytes_timeout_ms: 20,
        header_read_timeout_ms: 20,
        idle_timeout_ms: 300,
        ..Limits::default()
    };
    let server = start(limits).await;
    let mut stream = server.connect().await;
    for _ in 0..2 {
        stream.write_all(b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        read_until(&mut stream, b"hello").await;
        stays_quiet(&mut stream, 100).await;
    }
    let began = Instant::now();
    assert!(read_to_end(&mut stream).await.is_empty());
    assert!(began.elapsed() >= Duration::from_millis(150), "{:?}", began.elapsed());
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_trickles_is_408_and_a_slow_one_is_not() {
    let limits = Limits { body_grace_ms: 150, body_bytes_per_second_min: 10, ..Limits::default() };
    let server = start(limits).await;
    let head = "POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n";
    let mut stream = server.connect().await;
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(b"{").await.unwrap();
    let reply = Reply::parse(&read_to_end(&mut stream).await);
    reply.problem(408, "body_too_slow");
    assert_eq!(reply.header("connection"), Some("close"));
    // Ten bytes per second are enough, for any duration.
    let mut stream = server.connect().await;
    stream.write_all(head.as_bytes()).await.unwrap();
    for byte in b"{\"orders\":[]}".chunks(1) {
        stream.write_all(byte).await.unwrap();
        if byte != b"}" {
            stays_quiet(&mut stream, 30).await;
        }
    }
    read_until(&mut stream, b"{\"orders\":[]}").await;
    server.stop().await;
}

#[tokio::test]
async fn a_peer_that_reads_nothing_is_disconnected() {
    let server = start(Limits { write_timeout_ms: 100, ..Limits::default() }).await;
    // An endless body, and a whole one.
    for path in ["/flood", "/big"] {
        let mut stream = server.connect().await;
        stream
            .write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes())
            .await
            .unwrap();
        // The handler's body is dropped while we have not read a byte.
        patiently(server.state.dropped.notified()).await;
        let answer = read_to_end(&mut stream).await;
        assert!(answer.len() < BIG_BYTES, "{path}: {}", answer.len());
    }
    server.stop().await;
}

#[tokio::test]
async fn a_silent_stream_stays_open() {
    let server =
        start(Limits { write_timeout_ms: 50, idle_timeout_ms: 50, ..Limits::default() }).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /stream HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    read_until(&mut stream, b"one\r\n").await;
    stays_quiet(&mut stream, 200).await;
    server.state.go_on.notify_one();
    read_until(&mut stream, b"two\r\n0\r\n\r\n").await;
    server.stop().await;
}

#[tokio::test]
async fn a_url_that_is_too_long_is_414_and_too_many_headers_are_431() {
    let server = start(Limits { url_bytes_max: 100, headers_max: 20, ..Limits::default() }).await;
    assert_eq!(server.ask("GET", &format!("/names/{}", "x".repeat(93))).await.status, 200);
    server.ask("GET", &format!("/names/{}", "x".repeat(94))).await.problem(414, "uri_too_long");
    server.ask("GET", &format!("/hello?{}", "x".repeat(94))).await.problem(414, "uri_too_long");
    let with = |headers: usize| {
        format!(
            "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{}\r\n",
            "X: 1\r\n".repeat(headers - 2)
        )
    };
    assert_eq!(server.exchange(with(19)).await.status, 200);
    assert_eq!(server.exchange(with(21)).await.status, 431);
    server.stop().await;
}

#[tokio::test]
async fn connections_of_one_client_are_limited() {
    let limits =
        Limits { connections_per_client_max: 2, is_loopback_exempt: false, ..Limits::default() };
    let server = start(limits).await;
    let mut silent = server.connect().await;
    let mut waiting = Vec::new();
    for _ in 0..2 {
        let mut stream = server.connect().await;
        stream
            .write_all(b"GET /wait HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .await
            .unwrap();
        server.state.began.notified().await;
        waiting.push(stream);
    }
    // The silent one was evicted for the second; a third busy one is too many.
    assert!(read_to_end(&mut silent).await.is_empty());
    let mut refused = server.connect().await;
    assert!(read_to_end(&mut refused).await.is_empty());
    for mut stream in waiting {
        server.state.go_on.notify_one();
        assert_eq!(Reply::parse(&read_to_end(&mut stream).await).body, "waited");
    }
    assert_eq!(server.ask("GET", "/hello").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn silent_connections_are_evicted_for_active_ones() {
    let server =
        start(Limits { connections_max: 20, first_bytes_timeout_ms: 60_000, ..Limits::default() })
            .await;
    let mut silent = Vec::new();
    for round in 0..50 {
        for begun in ["", "GET /hello HTTP/1.1\r\n"] {
            let mut stream = server.connect().await;
            stream.write_all(begun.as_bytes()).await.unwrap();
            silent.push(stream);
        }
        assert_eq!(server.ask("GET", "/hello").await.status, 200, "round {round}");
    }
    server.stop().await;
}

/// Two thirds more harmful sockets than connections allowed, of every kind, and a healthy client:
/// it is served at once, and the others are closed after their timeouts.
#[tokio::test]
async fn slow_and_silent_sockets_neither_stop_the_others_nor_stay() {
    let timeout_ms = 3_000;
    let limits = Limits {
        connections_max: 180,
        first_bytes_timeout_ms: timeout_ms,
        header_read_timeout_ms: timeout_ms,
        body_grace_ms: timeout_ms,
        write_timeout_ms: timeout_ms,
        ..Limits::default()
    };
    let server = start(limits).await;
    let kinds = [
        "",
        "GET /hello HTTP/1.1\r\nHost: local",
        "POST /orders HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
        "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ];
    let mut harmful = Vec::new();
    for kind in kinds.iter().cycle().take(300) {
        let mut stream = server.connect().await;
        stream.write_all(kind.as_bytes()).await.unwrap();
        harmful.push(stream);
    }
    let began = Instant::now();
    for _ in 0..50 {
        let asked = Instant::now();
        assert_eq!(server.ask("GET", "/hello").await.status, 200);
        assert!(asked.elapsed() < Duration::from_millis(timeout_ms / 2), "{:?}", asked.elapsed());
    }
    // Reading would count as progress, so write until the server has closed all of them.
    let gone = harmful.iter_mut().map(|stream| async {
        while stream.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    patiently(futures_util::future::join_all(gone)).await;
    assert!(began.elapsed() < Duration::from_millis(3 * timeout_ms), "{:?}", began.elapsed());
    server.stop().await;
}

#[tokio::test]
async fn a_long_first_request_is_not_silence() {
    let server = start(Limits {
        first_bytes_timeout_ms: 50,
        header_read_timeout_ms: 50,
        ..Limits::default()
    })
    .await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /wait HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    server.state.began.notified().await;
    stays_quiet(&mut stream, 200).await;
    server.state.go_on.notify_one();
    assert_eq!(Reply::parse(&read_to_end(&mut stream).await).body, "waited");
    server.stop().await;
}

#[tokio::test]
async fn headers_that_are_too_long_are_431() {
    let server = start(Limits { header_bytes_max: 8_192, ..Limits::default() }).await;
    let request =
        format!("GET /hello HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "x".repeat(16_384));
    assert_eq!(server.exchange(request).await.status, 431);
    server.stop().await;
}

#[tokio::test]
async fn a_slow_handler_times_out() {
    let server = start(Limits { request_timeout_ms: 50, ..Limits::default() }).await;
    let reply = server.ask("GET", "/wait").await;
    reply.problem(503, "request_timeout");
    assert_eq!(reply.header("retry-after"), Some("1"));
    server.stop().await;
}

#[tokio::test]
async fn a_stream_may_outlast_the_request_timeout() {
    let server = start(Limits { request_timeout_ms: 50, ..Limits::default() }).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /stream HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = read_until(&mut stream, b"one\r\n").await;
    stays_quiet(&mut stream, 150).await;
    server.state.go_on.notify_one();
    answer.extend(read_to_end(&mut stream).await);
    let reply = Reply::parse(&answer);
    assert_eq!((reply.status, reply.body.as_str()), (200, "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"));
    server.stop().await;
}

#[tokio::test]
async fn one_request_too_many_is_503_at_once() {
    let server = start(Limits { requests_max: 1, ..Limits::default() }).await;
    let mut first = server.connect().await;
    first
        .write_all(b"GET /wait HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
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
    first.write_all(b"GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    server.state.began.notified().await;
    let mut second = server.connect().await;
    second
        .write_all(b"GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut byte = [0];
    let early = timeout(Duration::from_millis(100), second.read(&mut byte)).await;
    assert!(early.is_err(), "the second connection was served beside the first");
    drop(first);
    server.state.go_on.notify_one();
    assert_eq!(Reply::parse(&read_to_end(&mut second).await).body, "hello");
    patiently(server.stop()).await;
}
