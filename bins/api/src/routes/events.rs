//! `/events`: entries after an id, by long poll.

use std::time::Duration;

use follow::resume;
use http_kit::{FieldError, Problem, Response, catalogue, reply};
use sector_redis::StreamId;
use serde_json::Value;

use crate::request::call::Call;
use crate::request::problems::of_follower;
use sector_wire::EventPage;

/// Maximum number of events in a response.
const COUNT_MAX: usize = 1_000;
/// Default number of events in a response.
const COUNT_DEFAULT: usize = 100;
/// Maximum wait for the first event, in milliseconds.
const WAIT_MS_MAX: u64 = 30_000;
/// A response ends after this many bytes of events; it has at least one event.
const BYTES_MAX: usize = 8 << 20;

/// Events after a position.
///
/// Entries are `snapshot` (a new universe), `delta` (one tick), `run_end`, and `orders_refused`
/// (accepted orders that no tick could apply). Apply deltas to the preceding snapshot; pass `next`
/// as `after`, with `incarnation`, to continue.
#[utoipa::path(
    get,
    path = "/events",
    operation_id = "events",
    tag = "sector",
    params(
        ("after" = Option<String>, Query, description = "Id to resume from, such as `17-0`; `0-0`, the default, is the beginning."),
        ("incarnation" = Option<String>, Query, description = "The `incarnation` of the snapshot that `after` belongs to: if the sector has been restored from a backup since, the response is 410 `history_restored`. Required with `after`, except for `0-0`."),
        ("count" = Option<u32>, Query, description = "Maximum number of entries: 1 to 1000, default 100.", minimum = 1, maximum = 1000),
        ("wait_ms" = Option<u32>, Query, description = "Maximum wait for the first entry, in milliseconds: 0 to 30000, default 0.", minimum = 0, maximum = 30000),
    ),
    responses(
        (status = 200, description = "Entries, oldest first; empty if none arrived in time.", body = EventPage),
        (status = 400, description = "`invalid_query`; `bad_event_id`: `after` is not an event id."),
        (status = 410, description = "`history_trimmed`: events after this id are no longer kept. `history_restored`: the sector was restored from a backup. Take a snapshot."),
    )
)]
pub(crate) async fn events(call: Call) -> Result<Response, Problem> {
    let query = call.query(&["after", "incarnation", "count", "wait_ms"])?;
    let from = resume::position(&query)?.unwrap_or_else(|| StreamId::default().into());
    if !resume::is_exact(&from) {
        let detail = "After a restore, the id may name another event.";
        return Err(Problem::bad_request(
            catalogue::INVALID_QUERY,
            "Send the incarnation that after belongs to.",
        )
        .with_error(FieldError::new(
            "incarnation",
            Value::Null,
            "the incarnation of the page or snapshot that the id is from",
            detail,
        )));
    }
    let after = from.after;
    let count = query.integer("count", 1..=COUNT_MAX)?.unwrap_or(COUNT_DEFAULT);
    let wait_ms = query.integer("wait_ms", 0..=WAIT_MS_MAX)?.unwrap_or(0);

    let follower = call.follower();
    let shutdown = call.shutdown();
    let entries = tokio::select! {
        entries = follower.read_after(from, count, Duration::from_millis(wait_ms)) => entries.map_err(of_follower)?,
        // Answer waiting clients at once, so that they do not delay the drain.
        () = shutdown.cancelled() => Vec::new(),
    };

    let incarnation = match entries.first().map(|entry| entry.incarnation).or(from.incarnation) {
        Some(incarnation) => incarnation,
        None => follower.frame().map_err(of_follower)?.incarnation(),
    };
    let mut json = Vec::from(br#"{"events":["#);
    let mut next = after;
    for entry in &entries {
        if next != after {
            if json.len() + entry.json.len() > BYTES_MAX {
                break;
            }
            json.push(b',');
        }
        json.extend_from_slice(&entry.json);
        next = entry.id;
    }
    let end = format!(r#"],"next":"{next}","incarnation":"{incarnation}"}}"#);
    json.extend_from_slice(end.as_bytes());
    Ok(reply::json_bytes(json))
}
