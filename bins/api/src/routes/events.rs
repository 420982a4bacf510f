//! `/events`: what happened after an event, at once or as soon as it does.

use std::time::Duration;

use http_kit::{Problem, Response, reply};
use sector_redis::{Incarnation, Position, StreamId};

use crate::call::Call;
use crate::problems::of_follower;
use sector_wire::EventPage;

/// Most events of one answer.
const COUNT_MAX: usize = 1_000;
/// Events of one answer unless more or fewer were asked for.
const COUNT_DEFAULT: usize = 100;
/// Longest wait for the first event, in milliseconds.
const WAIT_MS_MAX: u64 = 30_000;
/// Bytes of events after which an answer ends; the first event is given whatever its size.
const BYTES_MAX: usize = 8 << 20;

/// What happened after an event.
///
/// Entries are `snapshot` (a new universe), `delta` (one tick), `run_end`, and `orders_refused` (accepted orders that no
/// tick could take). Apply deltas to the snapshot that came before; pass `next` as `after` to go on.
#[utoipa::path(
    get,
    path = "/events",
    operation_id = "events",
    tag = "sector",
    params(
        ("after" = Option<String>, Query, description = "The id to go on from, such as `17-0`; `0-0`, the default, is the beginning."),
        ("incarnation" = Option<String>, Query, description = "The `incarnation` of the snapshot that one goes on from: after the sector was restored from a backup, the answer is 410 `history_restored`. Without it, ids are taken to be of the present incarnation."),
        ("count" = Option<u32>, Query, description = "Most entries to return: 1 to 1000, by default 100.", minimum = 1, maximum = 1000),
        ("wait_ms" = Option<u32>, Query, description = "How long to wait for the first entry, in milliseconds: 0 to 30000, by default 0.", minimum = 0, maximum = 30000),
    ),
    responses(
        (status = 200, description = "The entries, oldest first; none if none came in time.", body = EventPage),
        (status = 400, description = "`invalid_query`."),
        (status = 410, description = "`history_trimmed`: one cannot go on from there; `history_restored`: the sector was restored from a backup. Take a snapshot."),
    )
)]
pub(crate) async fn events(call: Call) -> Result<Response, Problem> {
    let query = call.query(&["after", "incarnation", "count", "wait_ms"])?;
    let after: StreamId = query.parsed("after", "an event id such as 17-0")?.unwrap_or_default();
    let incarnation: Option<Incarnation> =
        query.parsed("incarnation", "16 hex digits, as in a snapshot")?;
    let count = query.integer("count", 1..=COUNT_MAX)?.unwrap_or(COUNT_DEFAULT);
    let wait_ms = query.integer("wait_ms", 0..=WAIT_MS_MAX)?.unwrap_or(0);
    call.renew().await;

    let follower = call.follower();
    let shutdown = call.shutdown();
    let entries = tokio::select! {
        entries = follower.read_after(Position { incarnation, after }, count, Duration::from_millis(wait_ms)) => entries.map_err(of_follower)?,
        // Whoever waits is answered, so that the drain need not wait for them.
        () = shutdown.cancelled() => Vec::new(),
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
    json.extend_from_slice(format!(r#"],"next":"{next}"}}"#).as_bytes());
    Ok(reply::json_bytes(json))
}
