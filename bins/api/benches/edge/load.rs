//! Clients on several connections, each sending its next request as soon as it has a response.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::servers::BOT_TOKEN;

/// Number of connections.
pub(crate) const CONNECTIONS: usize = 16;

/// Result of a round.
pub(crate) struct Loaded {
    /// Requests per second.
    pub(crate) rate: f64,
    /// 99th percentile of the time from a request to the end of its response.
    pub(crate) p99_ms: f64,
}

/// When to stop.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    /// After this time.
    Over(Duration),
    /// After this many requests on each connection.
    Asked(u64),
}

/// Sends requests over all connections, each as soon as it has a response. A request depends on its
/// connection and on how many were sent on it before.
pub(crate) async fn load(
    address: SocketAddr,
    until: Until,
    request: impl Fn(usize, u64) -> String,
) -> Loaded {
    let begun = Instant::now();
    let goes_on = |asked: usize| match until {
        Until::Over(time) => begun.elapsed() < time,
        Until::Asked(most) => (asked as u64) < most,
    };
    let (request, goes_on) = (&request, &goes_on);
    let clients = (0..CONNECTIONS).map(|index| async move {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (mut latencies, mut buffer) = (Vec::new(), Vec::with_capacity(64 << 10));
        while goes_on(latencies.len()) {
            let text = request(index, latencies.len() as u64);
            let begun = Instant::now();
            stream.write_all(text.as_bytes()).await.unwrap();
            let head = answer(&mut stream, &mut buffer).await;
            assert!(head.starts_with("HTTP/1.1 2") || head.starts_with("HTTP/1.1 304"), "{head}");
            latencies.push(begun.elapsed());
        }
        latencies
    });
    let latencies: Vec<Duration> = join_all(clients).await.into_iter().flatten().collect();
    let seconds = begun.elapsed().as_secs_f64();
    let mut sorted: Vec<f64> =
        latencies.iter().map(|latency| latency.as_secs_f64() * 1e3).collect();
    sorted.sort_by(f64::total_cmp);
    let p99_ms = sorted[(sorted.len() * 99 / 100).min(sorted.len() - 1)];
    Loaded { rate: latencies.len() as f64 / seconds, p99_ms }
}

/// Reads one response and returns its head.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> String {
    buffer.clear();
    let head_end = loop {
        if let Some(end) = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end + 4;
        }
        assert_ne!(stream.read_buf(buffer).await.unwrap(), 0, "the server hung up");
    };
    let head = String::from_utf8(buffer[..head_end].to_vec()).unwrap();
    let length: usize = if head.starts_with("HTTP/1.1 304") {
        0
    } else {
        header(&head, "content-length").parse().unwrap()
    };
    while buffer.len() < head_end + length {
        assert_ne!(stream.read_buf(buffer).await.unwrap(), 0, "the server hung up");
    }
    head
}

pub(crate) async fn fetch(address: SocketAddr, headers: &str) -> (String, Bytes) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET /snapshot HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut buffer = Vec::new();
    let head = answer(&mut stream, &mut buffer).await;
    let body = Bytes::copy_from_slice(&buffer[head.len()..]);
    (head, body)
}

pub(crate) fn header(head: &str, name: &str) -> String {
    let line = head
        .lines()
        .find_map(|line| line.split_once(':').filter(|(key, _)| key.eq_ignore_ascii_case(name)));
    line.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
}

/// A request for the snapshot from an address of this client, with or without a tag.
pub(crate) fn get(client: usize, tag: &str) -> String {
    let condition =
        if tag.is_empty() { String::new() } else { format!("if-none-match: {tag}\r\n") };
    let [high, low] = [client / 256, client % 256];
    format!(
        "GET /snapshot HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: 10.{high}.{low}.1\r\n{condition}\r\n"
    )
}

/// A batch of one order with a unique `client_id`.
pub(crate) fn body(client: usize, number: u64) -> String {
    let name = format!("{client:04x}{number:012x}");
    format!(
        r#"{{"orders":[{{"kind":"muster","faction":"F1","target_id":0,"client_id":"{name}"}}]}}"#
    )
}

/// A request that sends the batch.
pub(crate) fn post(client: usize, number: u64) -> String {
    let body = body(client, number);
    let length = body.len();
    format!(
        "POST /orders HTTP/1.1\r\nhost: localhost\r\nx-bot-token: {BOT_TOKEN}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}
