//! Which way of following a running sector brings its ticks sooner, and what it costs: `cargo run
//! -p sector-client --example transports -- URL [TICKS]`.
//!
//! Follows it by stream and by long poll at the same time, each through a relay that counts, and
//! says for either how many requests and bytes a tick took, and by how much a tick came later by
//! the one than by the other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sector_client::{Client, Transport};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What stands at the end of the first line of each request.
const REQUEST: &[u8] = b" HTTP/1.1\r\n";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap_or_else(|| "http://127.0.0.1:8000".to_owned());
    let count: usize = arguments.next().map_or(Ok(200), |count| count.parse())?;
    let poll = Transport::LongPoll(Duration::from_secs(10));
    let (streamed, polled) =
        tokio::join!(follow(&url, Transport::Stream, count), follow(&url, poll, count));
    let (streamed, polled) = (streamed?, polled?);
    for (name, followed) in [("stream", &streamed), ("long poll", &polled)] {
        let ticks = followed.times.len();
        let each = |total: u64| total as f64 / ticks as f64;
        println!(
            "{name}: {ticks} ticks; for each {:.2} requests, {:.0} bytes sent, {:.0} bytes received",
            each(followed.requests),
            each(followed.sent),
            each(followed.received)
        );
    }
    // Microseconds by which the stream was sooner; below zero where it was later.
    let both = streamed.times.iter().filter_map(|(tick, at)| Some((*at, *polled.times.get(tick)?)));
    let mut sooner: Vec<i128> = both
        .map(|(stream, poll)| match poll.checked_duration_since(stream) {
            Some(later) => later.as_micros() as i128,
            None => -(stream.duration_since(poll).as_micros() as i128),
        })
        .collect();
    sooner.sort_unstable();
    let part =
        |percent: usize| sooner.get(sooner.len() * percent / 100).copied().unwrap_or_default();
    println!(
        "of {} ticks, by stream sooner than by long poll: 10 % {} µs, median {} µs, 90 % {} µs",
        sooner.len(),
        part(10),
        part(50),
        part(90)
    );
    Ok(())
}

/// What following took, after the snapshot.
struct Followed {
    /// When each tick came.
    times: BTreeMap<u64, Instant>,
    requests: u64,
    sent: u64,
    received: u64,
}

async fn follow(
    url: &str,
    by: Transport,
    count: usize,
) -> Result<Followed, Box<dyn std::error::Error>> {
    let address = url
        .strip_prefix("http://")
        .ok_or("the URL has to begin with http://")?
        .trim_end_matches('/');
    let relay = Relay::start(address.to_owned()).await?;
    let client = Client::connect(&relay.url).await?;
    let mut ticks = client.ticks_by(by);
    let mut times = BTreeMap::new();
    // The first is the snapshot; the second tells that the way is open.
    ticks.next().await?;
    ticks.next().await?;
    let before = relay.counts();
    while times.len() < count {
        let tick = ticks.next().await?;
        times.insert(tick.number(), tick.received);
    }
    let after = relay.counts();
    let [requests, sent, received] = [0, 1, 2].map(|index| after[index] - before[index]);
    Ok(Followed { times, requests, sent, received })
}

/// Passes connections on to a server, and counts requests, and bytes to and from it.
struct Relay {
    url: String,
    counts: Arc<[AtomicU64; 3]>,
}

impl Relay {
    async fn start(server: String) -> std::io::Result<Relay> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let counts: Arc<[AtomicU64; 3]> = Arc::default();
        let shared = Arc::clone(&counts);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, server.clone(), Arc::clone(&shared)));
            }
        });
        Ok(Relay { url, counts })
    }

    fn counts(&self) -> [u64; 3] {
        [0, 1, 2].map(|index| self.counts[index].load(Ordering::Relaxed))
    }
}

async fn pass(
    client: TcpStream,
    server: String,
    counts: Arc<[AtomicU64; 3]>,
) -> std::io::Result<()> {
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let ((client_in, client_out), (server_in, server_out)) =
        (client.into_split(), server.into_split());
    let [requests, sent, received] = &*counts;
    tokio::try_join!(
        copy(client_in, server_out, sent, Some(requests)),
        copy(server_in, client_out, received, None)
    )?;
    Ok(())
}

async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    bytes: &AtomicU64,
    requests: Option<&AtomicU64>,
) -> std::io::Result<()> {
    let mut piece = vec![0; 64 << 10];
    loop {
        let length = from.read(&mut piece).await?;
        if length == 0 {
            return to.shutdown().await;
        }
        bytes.fetch_add(length as u64, Ordering::Relaxed);
        if let Some(requests) = requests {
            // A client writes the head of a request at once.
            let found =
                piece[..length].windows(REQUEST.len()).filter(|window| *window == REQUEST).count();
            requests.fetch_add(found as u64, Ordering::Relaxed);
        }
        to.write_all(&piece[..length]).await?;
    }
}
