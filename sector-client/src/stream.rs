//! One open stream of events, and what comes over it.

use std::time::{Duration, Instant};

use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::session::{Client, Position, milliseconds};
use crate::sse::Decoder;

/// How long a stream may be silent: a server says something every 15 s.
const SILENCE_MAX: Duration = Duration::from_secs(40);
/// How long the first word of a stream may take, which a server says at once: where it takes longer, something on the
/// way keeps the answer back.
const FIRST_WORD: Duration = Duration::from_secs(5);
/// How long is listened for more when the last piece came at once: another may be on its way from the socket.
const GRACE: Duration = Duration::from_millis(10);
/// How soon a piece comes that was there already: it is handed over by the task that reads the socket.
const AT_ONCE: Duration = Duration::from_millis(3);
/// The media type of a stream of events.
const EVENT_STREAM: &str = "text/event-stream";

/// One open stream.
#[derive(Debug)]
pub(crate) struct Stream {
    response: reqwest::Response,
    url: String,
    decoder: Decoder,
    /// Whether the last piece was there when it was asked for.
    was_there: bool,
    has_spoken: bool,
}

/// What comes over it.
#[derive(Debug)]
pub(crate) enum Heard {
    Entry {
        entry: Box<Entry>,
        /// Where to go on after it.
        position: Option<Position>,
        /// Whether more may be there already.
        more_waits: bool,
    },
    /// Nothing, for the moment that was listened.
    Nothing,
    /// The server has closed it.
    End,
}

impl Stream {
    /// Opens the stream after this position, else from a snapshot on.
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
        let limit = client.patience().answer;
        let unreachable = |source: reqwest::Error| Error::Unreachable {
            url: url.clone(),
            source: source.without_url(),
        };
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
                    Err(Error::Mismatch {
                        url: url.clone(),
                        detail: format!("the stream is of type {kind:?}"),
                    })
                };
            }
            let (status, headers) = (response.status(), response.headers().clone());
            let body = response.bytes().await.map_err(unreachable)?;
            Err(Error::of_answer(status, &headers, &body))
        };
        tokio::time::timeout(limit, opened).await.unwrap_or_else(|_| Err(client.too_slow(limit)))
    }

    /// Whether events should be asked for one by one, because a stream will not come about soon.
    pub(crate) fn cannot_be_had(error: &Error) -> bool {
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

    /// The next entry. If only for a `moment`, then nothing if it is not there at once. May be dropped without loss.
    pub(crate) async fn next(&mut self, moment: bool) -> Result<Heard> {
        loop {
            if let Some(event) = self.decoder.next_event() {
                let entry = Entry::from_json(&event.data).map_err(|error| Error::Mismatch {
                    url: self.url.clone(),
                    detail: error.to_string(),
                })?;
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
                (false, false) => FIRST_WORD,
            };
            let asked = Instant::now();
            match tokio::time::timeout(limit, self.response.chunk()).await {
                Ok(Ok(Some(bytes))) => {
                    self.was_there = asked.elapsed() < AT_ONCE;
                    self.has_spoken = true;
                    self.decoder.push(&bytes)?;
                }
                Ok(Ok(None)) => return Ok(Heard::End),
                Ok(Err(source)) => {
                    return Err(Error::Unreachable {
                        url: self.url.clone(),
                        source: source.without_url(),
                    });
                }
                Err(_) if moment => return Ok(Heard::Nothing),
                Err(_) if self.has_spoken => {
                    return Err(Error::Timeout {
                        url: self.url.clone(),
                        after_ms: milliseconds(limit),
                    });
                }
                Err(_) => return Err(Error::KeptBack { url: self.url.clone() }),
            }
        }
    }
}
