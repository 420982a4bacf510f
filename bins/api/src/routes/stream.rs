//! `/events/stream`: the events as they happen, over one connection (Server-Sent Events).

use sector_wire::Code;
use std::sync::Arc;
use std::time::Duration;

use follow::{Entry, Follower, Subscription};
use futures_util::stream::{Stream, unfold};
use http_kit::sse::{self, Event};
use http_kit::{ClientSlot, FieldError, Problem, Response};
use sector_redis::{Incarnation, Position, StreamId};

use crate::call::Call;
use crate::problems::of_follower;
use sector_wire::StreamedEvent;

/// Reconnection delay sent to clients, in milliseconds.
const RETRY_MS: u64 = 1_000;
/// Pause after the store failed.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Live events as Server-Sent Events.
///
/// The data of each event is an entry as in `/events`: `{"id","type","data"}`. Its id is the id of
/// the entry, a dot, and the incarnation, as in the ETag of `/snapshot`; a client that reconnects
/// sends it as `Last-Event-ID` and misses nothing. Without it (or `after`), or if resuming is not
/// possible, the first event is a `snapshot`. A comment every 15 s keeps the connection open. The
/// stream ends when the server shuts down. Each address may have 20 streams.
#[utoipa::path(
    get,
    path = "/events/stream",
    operation_id = "event_stream",
    tag = "sector",
    params(
        ("Last-Event-ID" = Option<String>, Header, description = "Id of the last event received; takes precedence over `after`."),
        ("after" = Option<String>, Query, description = "Id of the entry to resume from, such as `17-0`."),
        ("incarnation" = Option<String>, Query, description = "The `incarnation` that `after` belongs to; the current one by default."),
    ),
    responses(
        (status = 200, description = "Events, each as described by the schema.", content_type = "text/event-stream", body = StreamedEvent),
        (status = 400, description = "`invalid_query`; `invalid_header`: not a `Last-Event-ID` of this server."),
        (status = 429, description = "`too_many_streams`: this address has its maximum number of streams open. `rate_limited`."),
        (status = 503, description = "`too_many_streams`: the server has its maximum number of streams open. `no_universe`, `stopping` and others."),
    )
)]
pub(crate) async fn stream(call: Call) -> Result<Response, Problem> {
    let query = call.query(&["after", "incarnation"])?;
    let after: Option<StreamId> = query.parsed("after", "an event id such as 17-0")?;
    let incarnation: Option<Incarnation> =
        query.parsed("incarnation", "16 hex digits, as in a snapshot")?;
    let from = match sse::last_event_id(call.headers()) {
        Some(text) => Some(position(text).ok_or_else(|| {
            let shown: String = text.chars().take(64).collect();
            let detail = "This is not the id of an event of this stream.";
            Problem::bad_request(
                Code::InvalidHeader,
                "Last-Event-ID is not one that this server sent.",
            )
            .with_error(FieldError::new(
                "Last-Event-ID",
                shown,
                "an id such as 17-0.00c0ffee00c0ffee",
                detail,
            ))
        })?),
        None => after.map(|after| Position { incarnation, after }),
    };
    call.renew().await;
    // Who would wait for a first universe is told so at once.
    call.follower().frame().map_err(of_follower)?;
    let slot = call
        .state()
        .streams
        .take(call.client_address())
        .map_err(|full| full.problem(Code::TooManyStreams, Code::TooManyStreams))?;
    let feed = Feed {
        follower: Arc::clone(call.follower()),
        subscription: None,
        from,
        has_begun: false,
        _slot: slot,
    };
    Ok(sse::respond(feed.events(), call.shutdown()))
}

/// The position that an id of this stream names.
fn position(text: &str) -> Option<Position> {
    let (after, incarnation) = text.split_once('.')?;
    Some(Position { incarnation: Some(incarnation.parse().ok()?), after: after.parse().ok()? })
}

/// The stream of one client: a position, and at most one batch of entries shared by all clients.
struct Feed {
    follower: Arc<Follower>,
    subscription: Option<Subscription>,
    /// Where it begins; with a snapshot if nowhere.
    from: Option<Position>,
    has_begun: bool,
    _slot: ClientSlot,
}

impl Feed {
    fn events(self) -> impl Stream<Item = Event> + Send + 'static {
        unfold(self, |mut feed| async move {
            if !feed.has_begun {
                feed.has_begun = true;
                return Some((Event::retry(RETRY_MS), feed));
            }
            let event = feed.next().await?;
            Some((event, feed))
        })
    }

    /// The next event; none when the follower has stopped.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let Some(subscription) = &mut self.subscription else {
                if let Some(from) = self.from.take() {
                    self.subscription = Some(self.follower.subscribe(from));
                    continue;
                }
                let frame = self.follower.ready().await.ok()?;
                self.subscription = Some(self.follower.subscribe(frame.position()));
                return Some(event(&frame.snapshot_entry()));
            };
            match subscription.next().await {
                Ok(entry) => return Some(event(&entry)),
                // Begin again with a snapshot.
                Err(error) if error.needs_frame() => self.subscription = None,
                Err(follow::Error::NotReady { .. }) => drop(self.follower.ready().await.ok()?),
                Err(follow::Error::Stopped) => return None,
                Err(error) => {
                    tracing::warn!(%error, "a stream waits for the store");
                    tokio::time::sleep(STORE_PAUSE).await;
                }
            }
        }
    }
}

/// An entry as an SSE event.
fn event(entry: &Entry) -> Event {
    // Entries are JSON, which is UTF-8.
    let event = Event::new(&String::from_utf8_lossy(&entry.json));
    let id = format!("{}.{}", entry.id, entry.incarnation);
    // Neither part can hold a line end.
    event.clone().with_id(&id).unwrap_or(event)
}
