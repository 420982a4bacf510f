//! One WebSocket, from open to closed.
//!
//! Reading and writing run concurrently, so that a slow reader is still heard. Messages are sent in
//! fragments: the socket's buffer stays small even for large snapshots, and pings fit in between.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{FutureExt, Sink, SinkExt, StreamExt};
use hyper_tungstenite::WebSocketStream;
use hyper_tungstenite::tungstenite::protocol::frame::Frame as WireFrame;
use hyper_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use hyper_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use hyper_tungstenite::tungstenite::{Error as WireError, Message, Utf8Bytes};
use prometheus_client::metrics::counter::Counter;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};
use tokio_util::sync::CancellationToken;

use crate::feed::{Feed, Step};
use crate::tally::Tally;

/// Timeouts and limits of live streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Interval of pings. Default 20 s.
    pub ping: Duration,
    /// Timeout for any message from the client, including pongs. Default 45 s: two lost pings.
    pub silence: Duration,
    /// Timeout for the closing handshake. Default 1.5 s, less than a shutdown waits.
    pub closing: Duration,
    /// Most entries a client may be behind before it gets a snapshot instead. Default 256.
    pub behind_max: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            ping: Duration::from_secs(20),
            silence: Duration::from_secs(45),
            closing: Duration::from_millis(1_500),
            behind_max: 256,
        }
    }
}

/// Longest message accepted from a client; pongs are enough.
const INCOMING_BYTES_MAX: usize = 16 << 10;
/// Longest fragment sent.
const FRAGMENT_BYTES_MAX: usize = 64 << 10;
/// Read buffer of a socket; clients send little.
const READ_BUFFER_BYTES: usize = 4 << 10;

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The client closed the connection or is gone.
    Left,
    /// The server shuts down.
    Shutdown,
    /// The client sent nothing for too long.
    Silent,
    /// The client sent too much.
    TooLong,
}

impl End {
    fn counter(self, tally: &Tally) -> &Counter {
        match self {
            Self::Left => &tally.left,
            Self::Shutdown => &tally.shutdown,
            Self::Silent => &tally.silent,
            Self::TooLong => &tally.too_long,
        }
    }

    fn frame(self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::Left => return None,
            Self::Shutdown => (CloseCode::Restart, "shutting down"),
            Self::Silent => (CloseCode::Policy, "no pong for too long"),
            Self::TooLong => (CloseCode::Size, "message too long"),
        };
        Some(CloseFrame { code, reason: Utf8Bytes::from_static(reason) })
    }
}

impl fmt::Display for End {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Left => "left",
            Self::Shutdown => "shutdown",
            Self::Silent => "silent",
            Self::TooLong => "message too long",
        })
    }
}

/// Limits of a socket.
#[must_use]
pub fn socket_config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_message_size(Some(INCOMING_BYTES_MAX))
        .max_frame_size(Some(INCOMING_BYTES_MAX))
}

/// Serves one client until it leaves or `shutdown`; closing takes at most `pace.closing`.
pub async fn serve<S>(
    socket: WebSocketStream<S>,
    mut feed: Feed,
    pace: Pace,
    shutdown: CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut sink, mut stream) = socket.split();
    let counts = feed.counts();
    let tally = counts.tally();
    if let Some(tally) = tally {
        tally.clients.inc();
    }
    let end = tokio::select! {
        biased;
        () = shutdown.cancelled() => End::Shutdown,
        end = listen(&mut stream, pace) => end,
        end = speak(&mut sink, &mut feed, tally, pace) => end,
    };
    tracing::debug!(%end, "socket closed");
    if let Some(tally) = tally {
        tally.clients.dec();
        end.counter(tally).inc();
    }
    // After a failed close the connection ends with this function.
    let _ = timeout(pace.closing, close(&mut sink, &mut stream, end)).await;
}

/// Reads from the client; messages count only as a sign of life.
async fn listen<S>(stream: &mut SplitStream<WebSocketStream<S>>, pace: Pace) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        match timeout(pace.silence, stream.next()).await {
            Err(_) => return End::Silent,
            Ok(Some(Err(WireError::Capacity(_)))) => return End::TooLong,
            Ok(None | Some(Err(_) | Ok(Message::Close(_)))) => return End::Left,
            Ok(Some(Ok(_))) => {}
        }
    }
}

/// Sends the items of the feed, and pings.
async fn speak<S>(
    sink: &mut SplitSink<WebSocketStream<S>, Message>,
    feed: &mut Feed,
    tally: Option<&Tally>,
    pace: Pace,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut pings = interval_at(Instant::now() + pace.ping, pace.ping);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let step = tokio::select! {
            step = feed.next() => step,
            _ = pings.tick() => match sink.send(ping()).await {
                Ok(()) => continue,
                Err(_) => return End::Left,
            },
        };
        let sent = match step {
            None => return End::Shutdown,
            Some(Step::Begin(frame)) => {
                let json = frame.snapshot_entry().json;
                // While the frame is held, the next tick has to copy it.
                drop(frame);
                if let Some(tally) = tally {
                    tally.bytes.inc_by(json.len() as u64);
                }
                send(sink, json, &mut pings).await
            }
            Some(Step::Link(entry)) => send(sink, entry.json, &mut pings).await,
            Some(Step::Entries(entries)) => {
                let mut sent = Ok(());
                for entry in entries {
                    sent = send(sink, entry.json.clone(), &mut pings).await;
                    if sent.is_err() {
                        break;
                    }
                    if let Some(tally) = tally {
                        tally.bytes.inc_by(entry.json.len() as u64);
                        tally.delay_seconds.observe(entry.received.age().as_secs_f64());
                    }
                }
                sent
            }
        };
        if sent.is_err() {
            return End::Left;
        }
    }
}

fn ping() -> Message {
    Message::Ping(Bytes::new())
}

/// Sends a text in fragments, with pings in between.
async fn send<S>(sink: &mut S, text: Bytes, pings: &mut Interval) -> Result<(), WireError>
where
    S: Sink<Message, Error = WireError> + Unpin,
{
    for piece in fragments(text) {
        if pings.tick().now_or_never().is_some() {
            sink.feed(ping()).await?;
        }
        sink.send(Message::Frame(piece)).await?;
    }
    Ok(())
}

/// A text message as frames that share its bytes.
fn fragments(mut text: Bytes) -> impl Iterator<Item = WireFrame> {
    let mut opcode = Some(OpCode::Data(Data::Text));
    std::iter::from_fn(move || {
        let this = opcode.take()?;
        let piece = text.split_to(text.len().min(FRAGMENT_BYTES_MAX));
        if !text.is_empty() {
            opcode = Some(OpCode::Data(Data::Continue));
        }
        Some(WireFrame::message(piece, this, text.is_empty()))
    })
}

/// Sends a close frame and waits for the reply.
async fn close<S>(
    sink: &mut SplitSink<WebSocketStream<S>, Message>,
    stream: &mut SplitStream<WebSocketStream<S>>,
    end: End,
) -> Result<(), WireError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match end.frame() {
        Some(frame) => {
            sink.send(Message::Close(Some(frame))).await?;
            while let Some(Ok(_)) = stream.next().await {}
            Ok(())
        }
        // The reply to the client's own close frame is queued.
        None => sink.close().await,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hyper_tungstenite::tungstenite::protocol::Role;
    use tokio_util::task::TaskTracker;

    use super::*;
    use crate::feed::Resyncs;
    use crate::follower::Follower;
    use crate::testkit::{Sector, store};

    #[test]
    fn fragments_share_bytes_and_form_one_text() {
        for length in [0, 1, FRAGMENT_BYTES_MAX, FRAGMENT_BYTES_MAX + 1, 3 * FRAGMENT_BYTES_MAX] {
            let text = Bytes::from(vec![b'x'; length]);
            let frames: Vec<WireFrame> = fragments(text.clone()).collect();
            assert_eq!(frames.len(), length.div_ceil(FRAGMENT_BYTES_MAX).max(1), "{length}");
            let mut offset = 0;
            for (index, frame) in frames.iter().enumerate() {
                let kind = if index == 0 { Data::Text } else { Data::Continue };
                assert_eq!(frame.header().opcode, OpCode::Data(kind));
                assert_eq!(frame.header().is_final, index + 1 == frames.len());
                if length > 0 {
                    assert_eq!(frame.payload().as_ptr(), text[offset..].as_ptr());
                }
                offset += frame.payload().len();
            }
            assert_eq!(offset, length);
        }
    }

    /// Prints what a tick costs with 500 clients: `cargo test -p follow --lib 500 -- --nocapture`.
    #[tokio::test]
    async fn a_tick_reaches_500_clients() {
        const CLIENTS: usize = 500;
        const TICKS: usize = 20;
        let mut sector = Sector::begin(store().await, "u-1", 7).await;
        let shutdown = CancellationToken::new();
        let follower = Follower::spawn(sector.store.clone(), shutdown.clone());
        let sessions = TaskTracker::new();
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            let (ours, theirs) = tokio::io::duplex(1 << 20);
            let feed = Feed::new(Arc::clone(&follower), Arc::new(Resyncs::default()), None, 256);
            let shutdown = shutdown.clone();
            sessions.spawn(async move {
                let socket =
                    WebSocketStream::from_raw_socket(ours, Role::Server, Some(socket_config()))
                        .await;
                serve(socket, feed, Pace::default(), shutdown).await;
            });
            clients.push(WebSocketStream::from_raw_socket(theirs, Role::Client, None).await);
        }
        let mut began = Instant::now();
        let mut slowest = Duration::ZERO;
        for round in 0..=TICKS {
            let mut first = None;
            for client in &mut clients {
                let text = client.next().await.unwrap().unwrap().into_text().unwrap();
                assert!(
                    text.starts_with(&format!("{{\"id\":\"{}-0\"", round + 1)),
                    "{}",
                    &text[..40]
                );
                assert_eq!(&text, first.get_or_insert(text.clone()));
            }
            slowest = slowest.max(began.elapsed());
            if round == 0 {
                println!("{CLIENTS} snapshots: {slowest:?}");
                slowest = Duration::ZERO;
            }
            began = Instant::now();
            if round < TICKS {
                sector.tick().await;
            }
        }
        println!("one tick to {CLIENTS} clients, reading included: at most {slowest:?}");
        shutdown.cancel();
        for client in &mut clients {
            let Some(Ok(Message::Close(Some(frame)))) = client.next().await else {
                panic!("no goodbye")
            };
            assert_eq!(frame.code, CloseCode::Restart);
        }
        drop(clients);
        sessions.close();
        timeout(Duration::from_secs(2), sessions.wait()).await.unwrap();
    }
}
