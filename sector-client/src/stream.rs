//! An open event stream.

use std::time::{Duration, Instant};

use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::session::{Client, Position};
use crate::sse::Decoder;

/// Longest silence of a stream: a server sends something every 15 s.
const SILENCE_MAX: Duration = Duration::from_secs(40);
/// Longest time until the first bytes, which a server sends at once: if they take longer, a proxy
/// buffers the response.
const FIRST_BYTES: Duration = Duration::from_secs(5);
/// How long to wait for another piece after one that came at once: more may be in the socket.
const GRACE: Duration = Duration::from_millis(10);
/// Longest time for a piece that has already arrived: it comes from the task that reads the socket.
const AT_ONCE: Duration = Duration::from_millis(3);
/// Media type of an event stream.
const EVENT_STREAM: &str = "text/event-stream";

/// An open event stream.
#[derive(Debug)]
pub(crate) struct Stream {
    response: reqwest::Response,
    url: String,
    decoder: Decoder,
    /// Whether the last piece had already arrived when it was read.
    was_there: bool,
    /// Whether any bytes have arrived.
    has_spoken: bool,
}

/// What the stream yields.
#[derive(Debug)]
pub(crate) enum Heard {
    Entry {
        entry: Box<Entry>,
        /// Position after the entry.
        position: Option<Position>,
        /// Whether more entries may have arrived.
        more_waits: bool,
    },
    /// Nothing has arrived within the moment.
    Nothing,
    /// The server has closed the stream.
    End,
}

impl Stream {
    /// Opens the stream after this position, or from a snapshot.
    pub(crate) async fn open(client: &Client, position: Option<&Position>) -> Result<Stream> {
        client.keep_login().await;
        let url = client.url().to_owned();
        let mut request =
            client.api().client.get(format!("{url}/events/stream")).header("accept", EVENT_STREAM);
        if let Some(Position { after, incarnation }) = position {
            request = request.query(&[("after", after), ("incarnation", incarnation)]);
        }
        if let Some((name, value)) = client.credentials().header() {
            request = request.header(name, value);
        }
        let unreachable = |source| Error::unreachable(&url, source);
        let opened = async {
            let response = request.send().await.map_err(unreachable)?;
            if response.status().is_success() {
                let kind = response
                    .headers()
                    .get("content-type")
                    .and_then(|kind| kind.to_str().ok())
                    .unwrap_or("");
                return if kind.starts_with(EVENT_STREAM) {
                    let (decoder, url) = (Decoder::default(), url.clone());
                    Ok(Stream { response, url, decoder, was_there: false, has_spoken: false })
                } else {
                    Err(Error::mismatch(&url, format!("the event stream has type {kind:?}")))
                };
            }
            let (status, headers) = (response.status(), response.headers().clone());
            let body = response.bytes().await.map_err(unreachable)?;
            Err(Error::of_answer(status, &headers, &body))
        };
        client.within(client.patience().answer, opened).await
    }

    /// Whether to fall back to polling, because a stream will not be available soon.
    pub(crate) fn is_unavailable(error: &Error) -> bool {
        match error {
            error if error.is_between_universes() => false,
            Error::Refused(_)
            | Error::RateLimited(_)
            | Error::Mismatch { .. }
            | Error::KeptBack { .. } => true,
            Error::Unavailable(problem) => problem.code == "too_many_streams",
            _ => false,
        }
    }

    /// The next entry; with `moment`, only if it arrives at once. Cancellation is safe.
    pub(crate) async fn next(&mut self, moment: bool) -> Result<Heard> {
        loop {
            if let Some(event) = self.decoder.next_event() {
                let entry = Entry::from_json(&event.data)
                    .map_err(|error| Error::mismatch(&self.url, error.to_string()))?;
                let position = event.id.and_then(Position::of_tag);
                return Ok(Heard::Entry {
                    entry: Box::new(entry),
                    position,
                    more_waits: self.was_there,
                });
            }
            let limit = match (moment, self.has_spoken) {
                (true, _) => GRACE,
                (false, true) => SILENCE_MAX,
                (false, false) => FIRST_BYTES,
            };
            let asked = Instant::now();
            match tokio::time::timeout(limit, self.response.chunk()).await {
                Ok(Ok(Some(bytes))) => {
                    self.was_there = asked.elapsed() < AT_ONCE;
                    self.has_spoken = true;
                    self.decoder.push(&bytes)?;
                }
                Ok(Ok(None)) => return Ok(Heard::End),
                Ok(Err(source)) => return Err(Error::unreachable(&self.url, source)),
                Err(_) if moment => return Ok(Heard::Nothing),
                Err(_) if self.has_spoken => return Err(Error::timeout(&self.url, limit)),
                Err(_) => return Err(Error::KeptBack { url: self.url.clone() }),
            }
        }
    }
}
