//! `/events/stream`: live events as Server-Sent Events.

use std::future::ready;
use std::sync::Arc;

use follow::{Entry, Feed, Pace, Step, resume};
use futures_util::StreamExt;
use futures_util::stream::{self, Stream, unfold};
use http_kit::sse::{self, Event};
use http_kit::{ClientSlot, Problem, Response};
use sector_redis::Position;
use sector_wire::{Code, StreamedEvent};

use crate::request::call::Call;
use crate::request::problems::of_follower;

/// Reconnection delay sent to clients, in milliseconds.
const RETRY_MS: u64 = 1_000;

/// Live events as Server-Sent Events.
///
/// The data of each event is an entry as in `/events`: `{"id","type","data"}`. Its id is the id of
/// the entry, a dot, and the incarnation, as in the ETag of `/snapshot`; a client that reconnects
/// sends it as `Last-Event-ID` and misses nothing. Without it (or `after`), or if resuming is not
/// possible, as with an id of another stream, the first event is a `snapshot`; a client more than
/// 256 entries behind gets a snapshot instead of the missed entries. A comment every 15 s keeps the
/// connection open. The stream ends when the server shuts down. Each address may have 20 streams.
#[utoipa::path(
    get,
    path = "/events/stream",
    operation_id = "event_stream",
    tag = "sector",
    params(
        ("Last-Event-ID" = Option<String>, Header, description = "Id of the last event received; takes precedence over `after`."),
        ("after" = Option<String>, Query, description = "Id of the entry to resume from, such as `17-0`."),
        ("incarnation" = Option<String>, Query, description = "The `incarnation` that `after` belongs to. Without it, only `0-0` is resumed from."),
    ),
    responses(
        (status = 200, description = "Events, each as described by the schema.", content_type = "text/event-stream", body = StreamedEvent),
        (status = 400, description = "`invalid_query`; `bad_event_id`: `after` is not an event id."),
        (status = 429, description = "`too_many_streams`: this address has its maximum number of streams open. `rate_limited`."),
        (status = 503, description = "`too_many_streams`: the server has its maximum number of streams open. `no_universe`, `stopping` and others."),
    )
)]
pub(crate) async fn stream(call: Call) -> Result<Response, Problem> {
    let query = call.query(&["after", "incarnation"])?;
    let after = resume::for_stream(&query)?;
    // A browser sends the same id at each attempt, so refusing one that it has from elsewhere would
    // end its stream for good.
    let from = match sse::last_event_id(call.headers()) {
        Some(text) => position(text),
        None => after,
    };
    // Without a universe, fail now instead of waiting for one.
    call.follower().frame().map_err(of_follower)?;
    let slot = call
        .state()
        .streams
        .take(call.client_address())
        .map_err(|full| full.problem(Code::TooManyStreams, Code::TooManyStreams))?;
    let feed = Feed::new(
        Arc::clone(call.follower()),
        Arc::clone(&call.state().resyncs),
        from,
        Pace::default().behind_max,
    );
    Ok(sse::respond(events(feed, slot), call.shutdown()))
}

/// The position that an id of this stream names.
fn position(text: &str) -> Option<Position> {
    let (after, incarnation) = text.split_once('.')?;
    Some(Position { incarnation: Some(incarnation.parse().ok()?), after: after.parse().ok()? })
}

/// The events of one client, which keeps its slot until they end.
fn events(feed: Feed, slot: ClientSlot) -> impl Stream<Item = Event> + Send + 'static {
    let steps = unfold((feed, slot), |(mut feed, slot)| async move {
        let entries = match feed.next().await? {
            Step::Begin(frame) => vec![Arc::new(frame.snapshot_entry())],
            Step::Entries(entries) => entries,
            // Link notices go to sockets only: this stream carries the same entries as `/events`.
            Step::Link(_) => Vec::new(),
        };
        Some((stream::iter(entries).map(|entry| event(&entry)), (feed, slot)))
    });
    stream::once(ready(Event::retry(RETRY_MS))).chain(steps.flatten())
}

/// An entry as an event that shares its bytes.
fn event(entry: &Entry) -> Event {
    let event = Event::new(entry.json.clone());
    let id = format!("{}.{}", entry.id, entry.incarnation);
    // Neither part can contain a line end.
    event.clone().with_id(&id).unwrap_or(event)
}
