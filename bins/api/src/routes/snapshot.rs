//! `/snapshot`: the current state of the sector, whole or in part.

use follow::{EntryKind, Frame};
use http_kit::{Effort, Problem, Response};
use sector_wire::Code;

use crate::request::bodies::{self, Stamp};
use crate::request::call::Call;
use crate::request::problems::of_follower;
use sector_wire::SnapshotAnswer;

mod part;

use part::{Changes, Fields, part};

/// Maximum total size of the deltas to merge: beyond it, a whole snapshot is cheaper for both
/// sides.
const SINCE_BYTES_MAX: usize = 4 << 20;

/// The current state of the sector.
///
/// The ETag is the id of the last event included, a dot, and the incarnation, in quotes, such as
/// `"17-0.00c0ffee00c0ffee"`: continue from there with `/events`. With gzip, brotli or zstd
/// encoding, it is prefixed by `W/`.
///
/// With `fields`, only those fields. With `since`, only what changed after that tick; changes are
/// kept for about 1000 ticks, up to 4 MiB. Send `universe_id` along with `since`, or compare the
/// `universe_id` of the response with your own.
#[utoipa::path(
    get,
    path = "/snapshot",
    operation_id = "snapshot",
    tag = "sector",
    params(
        ("If-None-Match" = Option<String>, Header, description = "A previous ETag; if it is still current, the response is 304 without a body."),
        ("fields" = Option<String>, Query, description = "Fields to return, separated by commas; `incarnation`, `universe_id` and `tick` are always included.", example = "factions,fleets"),
        ("since" = Option<u64>, Query, description = "Return only what changed after this tick. A tick that is no longer kept, or in the future, is 410 `history_trimmed`.", minimum = 0, maximum = 9007199254740991_i64),
        ("universe_id" = Option<String>, Query, description = "The universe of that tick; a different one is 410 `history_trimmed`."),
    ),
    responses(
        (status = 200, description = "The sector, or the requested part.", body = SnapshotAnswer,
            headers(("ETag" = String, description = "In quotes: the id of the last event included, a dot, and the incarnation."))),
        (status = 400, description = "`invalid_query`: an unknown field, or a tick that is not a number."),
        (status = 410, description = "`history_trimmed`: the changes since then are no longer kept. Take a whole snapshot."),
    )
)]
pub(crate) async fn snapshot(call: Call) -> Result<Response, Problem> {
    let query = call.query(&["fields", "since", "universe_id"])?;
    let fields = query.get("fields");
    let since = query.integer("since", 0..=sector_sim::draw::MAX_SEED)?;
    let frame = call.follower().frame().map_err(of_follower)?;
    if fields.is_none() && since.is_none() {
        let stamp = Stamp::of(&frame, 0);
        let (api, sector) = (call.state(), call.sector().name());
        let now_ms = api.now().unix_ms();
        let body = api.snapshots.find(sector, stamp, now_ms).unwrap_or_else(|| {
            let body = bodies::json(frame.snapshot_json(), tag(&frame), Effort::Live);
            api.snapshots.keep(sector, stamp, now_ms, body)
        });
        return Ok(bodies::respond(&call, &body));
    }
    let fields = Fields::parse(fields)?;
    let (frame, changes) = match since {
        Some(since) => {
            drop(frame);
            let (frame, changes) = changes(&call, since, query.get("universe_id")).await?;
            (frame, Some(changes))
        }
        None => (frame, None),
    };
    let json =
        serde_json::to_vec(&part(&frame, &fields, changes.as_ref())).map_err(Problem::internal)?;
    Ok(bodies::respond(&call, &bodies::json(json, tag(&frame), Effort::Live)))
}

/// The ETag of the sector's state.
fn tag(frame: &Frame) -> String {
    format!("{}.{}", frame.event_id(), frame.incarnation())
}

/// The changes since a tick, and the frame they lead to.
async fn changes(
    call: &Call,
    since: u64,
    universe: Option<&str>,
) -> Result<(std::sync::Arc<Frame>, Changes), Problem> {
    let follower = call.follower();
    let mut frame = follower.frame().map_err(of_follower)?;
    if frame.tick() < since {
        // The client may have seen a later tick than this process.
        frame = call.latest_frame().await?;
    }
    let gone = || {
        Problem::gone(
            Code::HistoryTrimmed,
            format!("The changes since tick {since} are no longer kept: take a whole snapshot."),
        )
    };
    if universe.is_some_and(|universe| *frame.universe() != universe) {
        return Err(gone());
    }
    let entries = follower.since(&frame, since).ok_or_else(gone)?;
    if entries.iter().map(|entry| entry.json.len()).sum::<usize>() > SINCE_BYTES_MAX {
        return Err(gone());
    }
    let deltas = entries.iter().map(AsRef::as_ref).filter(|entry| entry.kind == EntryKind::Delta);
    let changes = Changes::of(since, deltas)?;
    Ok((frame, changes))
}
