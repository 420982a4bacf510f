//! Connections outlive bodies that no handler reads.

use std::time::Duration;

use http_kit::Limits;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::harness::{Reply, read_to_end, read_until, start, stays_quiet};

/// Refusals that no handler reads a body for: no route, wrong method, no token, no room.
const REFUSALS: [(&str, u16); 4] =
    [("POST /none", 404), ("POST /hello", 405), ("GET /secret", 401), ("GET /busy", 429)];

async fn head(stream: &mut TcpStream, line: &str, headers: &str) {
    let head = format!("{line} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
}

/// The connection still answers.
async fn is_usable(stream: &mut TcpStream) {
    head(stream, "DELETE /hello", "X: y").await;
    let reply = String::from_utf8(read_until(stream, b"\r\n\r\n").await).unwrap();
    assert!(reply.starts_with("HTTP/1.1 204"), "{reply}");
}

#[tokio::test]
async fn a_refusal_takes_the_body_that_comes_in_the_next_packet() {
    let server = start(Limits::default()).await;
    for (line, status) in REFUSALS {
        let mut stream = server.connect().await;
        head(&mut stream, line, "Content-Length: 5").await;
        stays_quiet(&mut stream, 20).await;
        stream.write_all(b"hello").await.unwrap();
        let reply = Reply::parse(&read_until(&mut stream, b"}").await);
        assert_eq!((reply.status, reply.header("connection")), (status, None), "{line}");
        is_usable(&mut stream).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn a_refusal_says_that_it_closes_before_a_body_that_does_not_come() {
    let server = start(Limits { body_grace_ms: 50, ..Limits::default() }).await;
    for (line, status) in REFUSALS {
        for length in [5, 2_000_000] {
            let mut stream = server.connect().await;
            head(&mut stream, line, &format!("Content-Length: {length}")).await;
            let reply = Reply::parse(&read_to_end(&mut stream).await);
            assert_eq!((reply.status, reply.header("connection")), (status, Some("close")));
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_is_refused_is_not_asked_for() {
    let server = start(Limits::default()).await;
    let expect = "Expect: 100-continue\r\nContent-Type: application/json\r\nContent-Length:";
    for (line, length, status) in [
        ("POST /orders", 10_000_000, 413),
        ("POST /orders", 1_001, 413),
        ("POST /none", 5, 404),
        ("POST /hello", 5, 405),
        ("GET /secret", 5, 401),
    ] {
        let mut stream = server.connect().await;
        head(&mut stream, line, &format!("{expect} {length}")).await;
        let reply = Reply::parse(&read_to_end(&mut stream).await);
        assert_eq!((reply.status, reply.header("connection")), (status, Some("close")), "{line}");
    }
    let mut stream = server.connect().await;
    head(&mut stream, "POST /orders", &format!("{expect} 13")).await;
    let go_on = String::from_utf8(read_until(&mut stream, b"\r\n\r\n").await).unwrap();
    assert!(go_on.starts_with("HTTP/1.1 100"), "{go_on}");
    stream.write_all(br#"{"orders":[]}"#).await.unwrap();
    assert_eq!(Reply::parse(&read_until(&mut stream, b"}").await).status, 200);
    is_usable(&mut stream).await;
    server.stop().await;
}

#[tokio::test]
async fn a_long_body_is_discarded_up_to_a_limit() {
    let server = start(Limits { body_grace_ms: 2_000, ..Limits::default() }).await;
    let mut stream = server.connect().await;
    let long = vec![b'x'; 500_000];
    head(&mut stream, "POST /orders", "Content-Type: application/json\r\nContent-Length: 500000")
        .await;
    stream.write_all(&long).await.unwrap();
    let reply = Reply::parse(&read_until(&mut stream, b"}").await);
    assert_eq!((reply.status, reply.header("connection")), (413, None));
    is_usable(&mut stream).await;
    // Nothing says how long this one is.
    head(&mut stream, "POST /none", "Transfer-Encoding: chunked").await;
    tokio::time::timeout(Duration::from_secs(5), async {
        while stream.write_all(b"3e8\r\n").await.is_ok()
            && stream.write_all(&long[..1_000]).await.is_ok()
            && stream.write_all(b"\r\n").await.is_ok()
        {}
    })
    .await
    .expect("the server closes after a megabyte");
    server.stop().await;
}

#[tokio::test]
async fn each_request_names_one_host_that_is_served() {
    let server = start(Limits::default()).await;
    for (hosts, status, code) in [
        ("X: y", 400, "invalid_host"),
        ("Host: localhost\r\nHost: localhost", 400, "invalid_host"),
        ("Host: evil.com", 421, "host_not_allowed"),
        ("Host: evil.com:8000", 421, "host_not_allowed"),
        ("Host: \u{e9}vil", 421, "host_not_allowed"),
        ("Host:", 421, "host_not_allowed"),
    ] {
        for path in ["/hello", "/none", "http://localhost/hello"] {
            let request = format!("GET {path} HTTP/1.1\r\n{hosts}\r\nConnection: close\r\n\r\n");
            let reply = server.exchange(request).await;
            if path.starts_with("http") && status == 421 {
                // The target names the host (RFC 9112, 3.2.2).
                assert_eq!(reply.status, 200, "{hosts}");
            } else {
                reply.problem(status, code);
            }
        }
    }
    for host in ["localhost", "127.0.0.1:8000", "[::1]:8000", "sector.localhost"] {
        let request = format!("GET /hello HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        assert_eq!(server.exchange(request).await.status, 200, "{host}");
    }
    let old = server.exchange("GET /hello HTTP/1.0\r\n\r\n").await;
    assert_eq!(old.status, 200);
    server.stop().await;
    let allowed_hosts = "sector.example".parse().unwrap();
    let server = start(Limits { allowed_hosts, ..Limits::default() }).await;
    let request = "GET /hello HTTP/1.1\r\nHost: sector.example\r\nConnection: close\r\n\r\n";
    assert_eq!(server.exchange(request).await.status, 200);
    server.stop().await;
}
