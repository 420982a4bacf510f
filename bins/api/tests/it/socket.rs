//! Live events over a WebSocket. Slow, silent and noisy clients are tested in the code that is
//! shared with the frontend.

use futures_util::StreamExt;
use http_kit::client_slots::CLIENTS_PER_ADDRESS_MAX;
use sector_redis::StreamId;
use sector_sim::{Delta, Mirror, Snapshot};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error as WireError, Message};

use crate::conformance;
use crate::harness::{PATIENCE, Reply, Sector, config};

/// A WebSocket, read entry by entry.
#[derive(Debug)]
struct Socket(WebSocketStream<TcpStream>);

/// A received entry.
#[derive(Debug)]
struct Heard {
    id: StreamId,
    kind: String,
    data: Value,
}

/// Opens a WebSocket and checks the response against the document.
async fn try_open(
    sector: &Sector,
    path: &str,
    headers: &[(&'static str, &str)],
) -> Result<Socket, Reply> {
    let address = sector.url().replace("http://", "");
    let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let stream = TcpStream::connect(&address).await.unwrap();
    let opened =
        tokio::time::timeout(PATIENCE, tokio_tungstenite::client_async(request, stream)).await;
    let (answer, socket) = match opened.expect("the API answers") {
        Ok((socket, answer)) => (answer, Some(Socket(socket))),
        Err(WireError::Http(answer)) => (*answer, None),
        Err(error) => panic!("{path}: {error}"),
    };
    let (parts, body) = answer.into_parts();
    let body = if socket.is_some() { Vec::new() } else { body.unwrap_or_default() };
    let reply = Reply { status: parts.status.as_u16(), headers: parts.headers, body };
    conformance::check(&http::Method::GET, path, &reply);
    socket.ok_or(reply)
}

async fn open(sector: &Sector, path: &str) -> Socket {
    try_open(sector, path, &[]).await.unwrap_or_else(|reply| panic!("{path}: {reply:?}"))
}

impl Socket {
    async fn message(&mut self) -> Option<Message> {
        let next = tokio::time::timeout(PATIENCE, self.0.next()).await;
        next.expect("the socket says something").map(|message| message.unwrap())
    }

    /// The next entry.
    async fn next(&mut self) -> Heard {
        match self.message().await {
            Some(Message::Text(text)) => {
                let mut entry: Value = serde_json::from_str(&text).unwrap();
                let id = entry["id"].as_str().unwrap().parse().unwrap();
                Heard {
                    id,
                    kind: entry["type"].as_str().unwrap().to_owned(),
                    data: entry["data"].take(),
                }
            }
            other => panic!("no entry but {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_and_then_every_delta_lead_to_the_same_world() {
    let mut sector = Sector::start().await;
    for path in ["/ws", "/v1/ws", "/sectors/default/ws", "/v1/sectors/default/ws"] {
        let mut socket = open(&sector, path).await;
        let first = socket.next().await;
        assert_eq!(first.kind, "snapshot", "{path}");
        let snapshot: Snapshot = serde_json::from_value(first.data).unwrap();
        let mut mirror = Mirror::new(&snapshot).unwrap();
        let mut position = first.id;
        for _ in 0..5 {
            sector.tick(&[]).await;
            let next = socket.next().await;
            assert_eq!((next.id, next.kind.as_str()), (position.next(), "delta"), "{path}");
            mirror.apply(&serde_json::from_value::<Delta>(next.data).unwrap()).unwrap();
            position = next.id;
        }
        assert_eq!(
            (mirror.digest(), mirror.snapshot()),
            (sector.world().digest(), sector.snapshot()),
            "{path}"
        );
    }
    sector.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_resumes_after_a_cut() {
    let mut sector = Sector::start().await;
    for _ in 0..6 {
        sector.tick(&[]).await;
    }
    let incarnation = sector.store.incarnation().await.unwrap();
    let mut cut = open(&sector, &format!("/ws?after=4-0&incarnation={incarnation}")).await;
    for number in 5..=7 {
        let entry = cut.next().await;
        assert_eq!((entry.id, entry.kind.as_str()), (StreamId::new(number), "delta"));
    }
    // A client that cannot resume gets a snapshot.
    for gone in ["/ws?after=4-0&incarnation=00c0ffee00c0ffee", "/ws?after=4-0"] {
        let first = open(&sector, gone).await.next().await;
        assert_eq!((first.id, first.kind.as_str()), (StreamId::new(7), "snapshot"), "{gone}");
    }
    sector.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_sockets_get_a_problem() {
    let mut config = config();
    config.cors_origins = "https://friend.example".parse().unwrap();
    let mut sector = Sector::empty(config).await;
    sector.begin("u-1", 7).await;
    sector.get("/ws").await.problem(426, "upgrade_required");
    for origin in
        ["http://evil.example", "null", "https://friend.example.evil", "http://127.0.0.1:1"]
    {
        let refusal = try_open(&sector, "/ws", &[("origin", origin)]).await.expect_err(origin);
        refusal.problem(403, "origin_not_allowed");
    }
    for origin in [sector.url().as_str(), "https://friend.example"] {
        let mut socket = try_open(&sector, "/ws", &[("origin", origin)]).await.expect(origin);
        assert_eq!(socket.next().await.kind, "snapshot");
    }
    for (path, status, code) in [
        ("/ws?after=17", 400, "bad_event_id"),
        ("/ws?before=1-0", 400, "invalid_query"),
        ("/ws?after=1-0&incarnation=xyz", 400, "invalid_query"),
        ("/sectors/north/ws", 404, "unknown_sector"),
    ] {
        try_open(&sector, path, &[]).await.expect_err(path).problem(status, code);
    }
    let refusal = try_open(&sector, "/ws", &[("sec-websocket-version", "7")]).await.unwrap_err();
    refusal.problem(400, "bad_upgrade");
    sector.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sockets_per_address_are_limited() {
    let config = config();
    let mut quotas = config.quotas.clone();
    let mut sector = Sector::empty(config).await;
    sector.begin("u-1", 7).await;
    let mut sockets = Vec::new();
    for _ in 0..CLIENTS_PER_ADDRESS_MAX {
        sockets.push(open(&sector, "/ws").await);
    }
    let refusal = try_open(&sector, "/ws", &[]).await.unwrap_err();
    refusal.problem(429, "too_many_clients_of_address");
    assert_eq!(refusal.header("retry-after"), Some("5"));
    // Other requests are served.
    assert_eq!(sector.get("/snapshot").await.status, 200);
    drop(sockets.pop());
    let free = async { while try_open(&sector, "/ws", &[]).await.is_err() {} };
    tokio::time::timeout(PATIENCE, free).await.expect("its place is free");
    quotas.ws_max_per_address = 1;
    sector.limits.tell(&quotas);
    try_open(&sector, "/ws", &[]).await.unwrap_err().problem(429, "too_many_clients_of_address");
    assert_eq!(sockets[0].next().await.kind, "snapshot");
    quotas.ws_max_per_address = 1_000;
    sector.limits.tell(&quotas);
    open(&sector, "/ws").await;
    drop(sockets);
    sector.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_closes_every_socket_with_1012_without_waiting() {
    let sector = Sector::start().await;
    let mut sockets = Vec::new();
    for _ in 0..20 {
        let mut socket = open(&sector, "/ws").await;
        assert_eq!(socket.next().await.kind, "snapshot");
        sockets.push(socket);
    }
    // This client never reads, so it never answers the close frame.
    let deaf = open(&sector, "/ws").await;
    let began = std::time::Instant::now();
    let told = async {
        for socket in &mut sockets {
            let Some(Message::Close(Some(frame))) = socket.message().await else {
                panic!("no goodbye")
            };
            assert_eq!(u16::from(frame.code), 1012);
            while let Some(Ok(_)) = socket.0.next().await {}
        }
    };
    tokio::join!(sector.stop(), told);
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    drop(deaf);
}
