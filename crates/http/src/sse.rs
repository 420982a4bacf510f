//! Server-Sent Events: a response that lasts until the client leaves or the server stops.
//!
//! Home-made because it is 60 lines on top of a stream of bytes. Events are pulled one at a time when the client has room, so
//! only one is buffered; a client that does not read is closed after [`crate::Limits::write_timeout_ms`]. A comment every
//! 15 s of silence keeps proxies from closing the connection. Clients reconnect with `Last-Event-ID`, see
//! [`last_event_id`].

use std::convert::Infallible;
use std::fmt::Write;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::body::{self, Response};

/// Media type of event streams.
pub const EVENT_STREAM: &str = "text/event-stream";

/// Longest silence of a stream.
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Header with the id of the last event a client received.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Disables response buffering in nginx and similar proxies.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// An id or a name with a line end or null character.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {value:?} must not contain line ends or null characters")]
pub struct EventError {
    /// Field of the event.
    pub what: &'static str,
    /// The rejected value.
    pub value: String,
}

/// One event. Clones share its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    head: &'static str,
    data: Bytes,
    tail: String,
}

impl Event {
    /// An event with this data, which is sent as it is, without a copy, if it is a single line.
    /// Clients see all line ends as line feeds.
    #[must_use]
    pub fn new(data: impl Into<Bytes>) -> Self {
        let data = data.into();
        if !data.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
            return Self { head: "data: ", data, tail: "\n".to_owned() };
        }
        let text = String::from_utf8_lossy(&data).replace("\r\n", "\n");
        let lines: Vec<String> =
            text.split(['\n', '\r']).map(|line| format!("data: {line}")).collect();
        Self { head: "", data: lines.join("\n").into(), tail: "\n".to_owned() }
    }

    /// Sets the reconnection delay of the client.
    #[must_use]
    pub fn retry(milliseconds: u64) -> Self {
        Self { head: "retry: ", data: milliseconds.to_string().into(), tail: "\n".to_owned() }
    }

    /// A line that clients ignore.
    fn comment() -> Self {
        Self { head: ":", data: Bytes::new(), tail: "\n".to_owned() }
    }

    /// Adds an id to resume from.
    ///
    /// # Errors
    /// [`EventError`] if it contains a line end or a null character.
    pub fn with_id(self, id: &str) -> Result<Self, EventError> {
        self.with("id", id)
    }

    /// Adds an event name that clients can listen to.
    ///
    /// # Errors
    /// [`EventError`] if it contains a line end or a null character.
    pub fn with_name(self, name: &str) -> Result<Self, EventError> {
        self.with("event", name)
    }

    fn with(mut self, what: &'static str, value: &str) -> Result<Self, EventError> {
        if value.contains(['\r', '\n', '\0']) {
            return Err(EventError { what, value: value.to_owned() });
        }
        let _ = writeln!(self.tail, "{what}: {value}");
        Ok(self)
    }

    /// The event in wire format.
    fn into_chunks(mut self) -> [Bytes; 3] {
        self.tail.push('\n');
        [Bytes::from_static(self.head.as_bytes()), self.data, self.tail.into()]
    }
}

/// 200 with these events, until they end or `shutdown` (usually [`crate::Context::shutdown`]) is cancelled. Events are never
/// cut in the middle.
pub fn respond<S>(events: S, shutdown: CancellationToken) -> Response
where
    S: Stream<Item = Event> + Send + 'static,
{
    let chunks = framed(events, shutdown).flat_map(|event| {
        let chunks = event.into_chunks().into_iter().filter(|chunk| !chunk.is_empty());
        stream::iter(chunks.map(Ok::<_, Infallible>))
    });
    let mut response = Response::new(body::stream(chunks));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM));
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    response
}

/// The `Last-Event-ID` header; none if absent, empty or not visible ASCII.
#[must_use]
pub fn last_event_id(headers: &HeaderMap) -> Option<&str> {
    headers.get(LAST_EVENT_ID)?.to_str().ok().filter(|id| !id.is_empty())
}

fn framed<S>(events: S, shutdown: CancellationToken) -> impl Stream<Item = Event> + Send + 'static
where
    S: Stream<Item = Event> + Send + 'static,
{
    let mut events = Box::pin(events);
    let mut stopping = Box::pin(shutdown.cancelled_owned());
    let mut silence = Box::pin(sleep(KEEP_ALIVE));
    let mut has_ended = false;
    stream::poll_fn(move |context| {
        // Checked first, so that a stream that is always ready ends too.
        if has_ended || Pin::new(&mut stopping).poll(context).is_ready() {
            has_ended = true;
            return Poll::Ready(None);
        }
        let event = match events.poll_next_unpin(context) {
            Poll::Ready(Some(event)) => event,
            Poll::Ready(None) => {
                has_ended = true;
                return Poll::Ready(None);
            }
            Poll::Pending => {
                if silence.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                Event::comment()
            }
        };
        silence.as_mut().reset(Instant::now() + KEEP_ALIVE);
        Poll::Ready(Some(event))
    })
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    fn text(event: Event) -> String {
        String::from_utf8(event.into_chunks().concat()).unwrap()
    }

    #[test]
    fn data_lines_cannot_inject_fields() {
        for (data, expected) in [
            ("{}", "data: {}\n\n"),
            ("", "data: \n\n"),
            ("a\nb", "data: a\ndata: b\n\n"),
            ("a\r\nb\rc\n", "data: a\ndata: b\ndata: c\ndata: \n\n"),
            ("a\n\nid: 7", "data: a\ndata: \ndata: id: 7\n\n"),
            (" leading", "data:  leading\n\n"),
        ] {
            assert_eq!(text(Event::new(data)), expected, "{data:?}");
        }
    }

    #[test]
    fn single_lines_are_sent_without_a_copy() {
        let data = Bytes::from(r#"{"tick":1}"#.to_owned());
        for client in 0..3 {
            let event = Event::new(data.clone()).with_id(&client.to_string()).unwrap();
            assert_eq!(event.into_chunks()[1].as_ptr(), data.as_ptr());
        }
    }

    #[test]
    fn ids_and_names_are_separate_lines() {
        let event = Event::new("{}").with_id("17-0.c0").unwrap().with_name("battle").unwrap();
        assert_eq!(text(event), "data: {}\nid: 17-0.c0\nevent: battle\n\n");
        assert_eq!(text(Event::retry(3_000)), "retry: 3000\n\n");
        for bad in ["a\nb", "a\rb", "\r\n", "a\0b"] {
            let error = Event::new("{}").with_id(bad).unwrap_err();
            assert_eq!((error.what, error.value.as_str()), ("id", bad));
            assert!(!error.to_string().contains(['\n', '\r']), "{error}");
            assert_eq!(Event::new("{}").with_name(bad).unwrap_err().what, "event");
        }
    }

    #[test]
    fn the_last_event_id_is_read_from_the_header() {
        let mut headers = HeaderMap::new();
        assert_eq!(last_event_id(&headers), None);
        headers.insert("last-event-id", HeaderValue::from_static(""));
        assert_eq!(last_event_id(&headers), None);
        headers.insert("last-event-id", HeaderValue::from_static("17-0"));
        assert_eq!(last_event_id(&headers), Some("17-0"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_comment_follows_15_s_of_silence() {
        let events = stream::unfold(0, |number| async move {
            tokio::time::sleep(Duration::from_secs(if number == 0 { 10 } else { 40 })).await;
            Some((Event::new(number.to_string()), number + 1))
        });
        let began = Instant::now();
        let mut events = Box::pin(framed(events, CancellationToken::new()));
        let mut seen = Vec::new();
        for _ in 0..5 {
            let event = events.next().await.unwrap();
            seen.push((began.elapsed().as_secs(), text(event)));
        }
        let expected =
            [(10, "data: 0\n\n"), (25, ":\n\n"), (40, ":\n\n"), (50, "data: 1\n\n"), (65, ":\n\n")];
        assert_eq!(seen, expected.map(|(second, text)| (second, text.to_owned())));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_with_its_events_and_at_shutdown() {
        let shutdown = CancellationToken::new();
        let mut events = Box::pin(framed(stream::iter([Event::new("1")]), shutdown.clone()));
        assert!(
            events.next().await.is_some()
                && events.next().await.is_none()
                && events.next().await.is_none()
        );
        // Endless streams, one silent and one always ready.
        let silent = stream::pending().left_stream::<stream::Repeat<Event>>();
        for events in [silent, stream::repeat(Event::new("1")).right_stream()] {
            let shutdown = CancellationToken::new();
            let mut events = Box::pin(framed(events, shutdown.clone()));
            assert!(events.next().await.is_some());
            shutdown.cancel();
            assert!(events.next().await.is_none());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn events_are_pulled_on_demand() {
        let pulled = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counter = std::sync::Arc::clone(&pulled);
        let events = stream::repeat_with(move || {
            counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Event::new("1")
        });
        let mut events = Box::pin(framed(events, CancellationToken::new()));
        events.next().await.unwrap();
        events.next().await.unwrap();
        assert_eq!(pulled.load(std::sync::atomic::Ordering::Relaxed), 2);
    }
}
