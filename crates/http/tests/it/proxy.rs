//! The client, alone and as a proxy.

use http::uri::{Authority, PathAndQuery};
use http_body_util::BodyExt;
use http_kit::{CancellationToken, ClientError};
use http_kit::{Client, ClientOptions, Context, Limits, Problem, Response, Router, body};
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::{Reply, Server, patiently, read_to_end, start};

struct Proxy {
    client: Client,
    upstream: Authority,
}

async fn pass_on(context: Context<Proxy>) -> Result<Response, Problem> {
    let path = context.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    let path: PathAndQuery = path.trim_start_matches("/api").parse().map_err(Problem::internal)?;
    let (state, peer) = (context.shared_state(), context.peer());
    state.client.forward(context.into_request(), &state.upstream, path, peer).await
}

/// A proxy on `/api/…` before `upstream`.
async fn proxy(upstream: &str, answer_timeout_ms: u64) -> Server {
    proxy_with(upstream, answer_timeout_ms, Limits::default()).await
}

async fn proxy_with(upstream: &str, answer_timeout_ms: u64, limits: Limits) -> Server {
    let client = Client::new(&ClientOptions { answer_timeout_ms, ..ClientOptions::default() });
    let state = Proxy { client, upstream: upstream.parse().unwrap() };
    let routes = Router::new(state)
        .any("/api/{*rest}", pass_on)
        .fallback(|context: Context<Proxy>| async move {
            Ok(http_kit::reply::text(context.uri().path()))
        })
        .build()
        .unwrap();
    let listener = http_kit::bind("127.0.0.1:0".parse().unwrap(), "--port").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(http_kit::serve(listener, routes, limits, shutdown.clone()));
    Server { address, state: std::sync::Arc::default(), shutdown, running }
}

#[tokio::test]
async fn requests_bodies_and_problems_pass_through() {
    let upstream = start(Limits::default()).await;
    let proxy = proxy(&upstream.address.to_string(), 5_000).await;
    assert_eq!(proxy.ask("GET", "/api/hello").await.body, "hello");
    assert_eq!(proxy.ask("GET", "/api/systems/7?wide=false").await.json()["wide"], false);
    assert_eq!(proxy.ask("DELETE", "/api/hello").await.status, 204);
    let head = proxy.ask("HEAD", "/api/hello").await;
    assert_eq!((head.body.as_str(), head.header("content-length")), ("", Some("5")));
    let orders = r#"{"orders":[{"faction":"F1"}]}"#;
    assert_eq!(proxy.post("/api/orders", orders).await.body, orders);
    let problem = proxy.ask("GET", "/api/none").await;
    problem.problem(404, "not_found");
    assert_eq!(problem.headers.iter().filter(|(name, _)| name == "x-request-id").count(), 1);
    assert_eq!(proxy.ask("GET", "/index.html").await.body, "/index.html");
    proxy.stop().await;
    upstream.stop().await;
}

#[tokio::test]
async fn answers_stream_through() {
    let upstream = start(Limits::default()).await;
    let proxy = proxy(&upstream.address.to_string(), 5_000).await;
    let mut stream = proxy.connect().await;
    stream
        .write_all(b"GET /api/stream HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    // The first half arrives before the second is written.
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"one\r\n") {
        assert_ne!(patiently(stream.read_buf(&mut bytes)).await.unwrap(), 0);
    }
    upstream.state.go_on.notify_one();
    bytes.extend(read_to_end(&mut stream).await);
    assert_eq!(Reply::parse(&bytes).body, "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
    proxy.stop().await;
    upstream.stop().await;
}

#[tokio::test]
async fn an_upstream_that_is_away_or_asleep_is_502_or_504() {
    // An unused port: bound and closed again.
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let away = proxy(&free.to_string(), 5_000).await;
    away.ask("GET", "/api/hello").await.problem(502, "upstream_unreachable");
    away.stop().await;
    let upstream = start(Limits { drain_timeout_ms: 0, ..Limits::default() }).await;
    let asleep = proxy(&upstream.address.to_string(), 50).await;
    asleep.ask("GET", "/api/wait").await.problem(504, "upstream_timeout");
    asleep.stop().await;
    upstream.stop().await;
}

#[tokio::test]
async fn a_body_that_the_client_fails_to_send_is_not_the_upstreams_fault() {
    let upstream = start(Limits::default()).await;
    let limits = Limits { body_grace_ms: 50, ..Limits::default() };
    let proxy = proxy_with(&upstream.address.to_string(), 5_000, limits).await;
    let head = "POST /api/orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json";
    for (form, begun, is_slow) in [
        ("Content-Length: 13", "{\"ord", true),
        ("Content-Length: 13", "{\"ord", false),
        ("Transfer-Encoding: chunked", "5\r\n{\"ord\r\n", true),
        ("Transfer-Encoding: chunked", "5\r\n{\"ord\r\n", false),
        ("Transfer-Encoding: chunked", "wrong\r\n", false),
    ] {
        let mut stream = proxy.connect().await;
        stream.write_all(format!("{head}\r\n{form}\r\n\r\n{begun}").as_bytes()).await.unwrap();
        if !is_slow {
            stream.shutdown().await.unwrap();
        }
        let reply = Reply::parse(&read_to_end(&mut stream).await);
        if is_slow {
            reply.problem(408, "body_too_slow");
        } else {
            reply.problem(400, "body_broken");
        }
        assert_eq!(reply.header("connection"), Some("close"));
    }
    assert_eq!(proxy.ask("GET", "/api/hello").await.status, 200);
    proxy.stop().await;
    upstream.stop().await;
}

#[tokio::test]
async fn json_is_read_within_its_limit() {
    let server = start(Limits::default()).await;
    let client = Client::new(&ClientOptions::default());
    let url = |path: &str| format!("http://{}{path}", server.address);
    let answer: Value = client.get_json(&url("/systems/3"), 100).await.unwrap();
    assert_eq!(answer["id"], 3);
    for (path, limit) in [("/systems/3", 5), ("/none", 1_000), ("/hello", 1_000)] {
        let error = client.get_json::<Value>(&url(path), limit).await.unwrap_err();
        assert!(matches!(error, ClientError::UnexpectedAnswer { .. }), "{path}: {error}");
    }
    for bad in ["", "hello", "/hello", "https://localhost/", "http://"] {
        assert!(matches!(client.get(bad).await, Err(ClientError::Url { .. })), "{bad}");
    }
    server.stop().await;
}

#[tokio::test]
async fn http_2_is_spoken_on_the_same_port() {
    let server = start(Limits { first_bytes_timeout_ms: 50, ..Limits::default() }).await;
    let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http::<http_kit::Body>();
    for (path, status) in [("/hello", 200), ("/none", 404), ("/panic", 500)] {
        let mut request = http_kit::Request::new(body::empty());
        *request.uri_mut() = format!("http://{}{path}", server.address).parse().unwrap();
        let response = patiently(client.request(request)).await.unwrap();
        assert_eq!(
            (response.version(), response.status().as_u16()),
            (http::Version::HTTP_2, status)
        );
        assert!(!patiently(response.into_body().collect()).await.unwrap().to_bytes().is_empty());
    }
    drop(client);
    server.stop().await;
}
