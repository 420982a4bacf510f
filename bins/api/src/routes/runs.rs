//! `/runs`: the current run, finished runs, and their replays.

use http_kit::catalogue;
use sector_redis::UniverseId;
use sector_wire::Code;
use std::sync::Arc;

use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use http_kit::{FieldError, Problem, Response, body, reply};
use sector_sim::FactionId;
use sector_sim::replay::journal::read_header;

use crate::request::call::Call;
use crate::request::problems::{of_follower, of_store};
use sector_wire::{RunDocument, RunPage, RunPlayer};

mod recorder;

use recorder::Recorder;

/// Maximum number of runs in a response.
const COUNT_MAX: usize = 100;
/// Default number of runs in a response.
const COUNT_DEFAULT: usize = 20;
/// Maximum number of runs read from the store, more than it keeps.
const RUNS_READ: usize = 10_000;
/// `Retry-After` for a replay, in seconds.
const REPLAY_RETRY_SECONDS: u64 = 5;

/// The finished runs, newest first.
///
/// The store keeps the newest runs, 50 by default.
#[utoipa::path(
    get,
    path = "/runs",
    operation_id = "runs",
    tag = "sector",
    params(
        ("before" = Option<String>, Query, description = "Return runs older than this universe: the `next` of the previous page."),
        ("count" = Option<u32>, Query, description = "Maximum number of runs: 1 to 100, default 20.", minimum = 1, maximum = 100),
    ),
    responses(
        (status = 200, description = "The runs.", body = RunPage),
        (status = 400, description = "`invalid_query`: also for a `before` that is not kept."),
    )
)]
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let query = call.query(&["before", "count"])?;
    let count = query.integer("count", 1..=COUNT_MAX)?.unwrap_or(COUNT_DEFAULT);
    let mut runs = finished(&call).await?;
    if let Some(before) = query.get("before") {
        let place = runs.iter().position(|run| run.universe_id == before).ok_or_else(|| {
            let shown: String = before.chars().take(64).collect();
            let detail = "No kept run has this name; start again without before.";
            Problem::bad_request(catalogue::INVALID_QUERY, "The run named by before is not kept.")
                .with_error(FieldError::new("before", shown, "the universe of a kept run", detail))
        })?;
        runs.drain(..=place);
    }
    let has_more = runs.len() > count;
    runs.truncate(count);
    let next = runs.last().filter(|_| has_more).map(|run| run.universe_id.clone());
    reply::json(&RunPage { runs, next })
}

/// A run, current or finished.
#[utoipa::path(
    get,
    path = "/runs/{universe}",
    operation_id = "run",
    tag = "sector",
    params(("universe" = String, Path, description = "The universe.", example = "u-19ab2c3d4e5-0badf00d")),
    responses(
        (status = 200, description = "The run.", body = RunDocument),
        (status = 404, description = "`unknown_run`: no current or kept run has this name."),
    )
)]
pub(crate) async fn one(call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let universe = call.parameter("universe");
    if let Some(run) = finished(&call).await?.into_iter().find(|run| run.universe_id == universe) {
        return reply::json(&run);
    }
    let frame = call.follower().frame().map_err(of_follower)?;
    if frame.universe() != universe {
        return Err(unknown(universe));
    }
    let (now_ms, idle_ms) = (call.state().now().unix_ms(), call.state().idle_ms());
    let claims = call.store().claims(frame.universe(), now_ms, idle_ms).await.map_err(of_store)?;
    let (map, board) = (frame.map(), frame.board());
    // A run that has just ended may not be on the list yet.
    let result = board.result();
    let name = |winner: FactionId| board.faction(winner).map(|faction| faction.name.to_string());
    reply::json(&RunDocument {
        universe_id: universe.to_owned(),
        running: result.is_none(),
        seed: board.seed(),
        systems: map.len() as u32,
        factions: map.homes().len() as u32,
        ticks: frame.tick(),
        winner: result.and_then(|result| result.winner),
        winner_name: result.and_then(|result| result.winner).and_then(name),
        cause: result.map(|result| result.cause),
        digest: frame.mirror().digest().to_string(),
        ended_at_ms: None,
        players: claims
            .into_iter()
            .map(|claim| RunPlayer {
                faction: claim.faction,
                player: claim.player,
                since_ms: Some(claim.since_ms),
                seen_ms: Some(claim.seen_ms),
                share: None,
                counts: true,
                reason: None,
            })
            .collect(),
        rated: None,
        unrated_reason: None,
    })
}

/// The replay of a run: a version 2 file for `sector replay verify`.
///
/// The server re-runs the match while sending and compares every digest; if one differs, the
/// transfer is aborted. The replay of a running match ends with the tick at the time of the
/// request.
#[utoipa::path(
    get,
    path = "/runs/{universe}/replay",
    operation_id = "replay",
    tag = "sector",
    params(("universe" = String, Path, description = "The universe.", example = "u-19ab2c3d4e5-0badf00d")),
    responses(
        (status = 200, description = "The replay.", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 404, description = "`unknown_run`: no current or kept run has this name."),
        (status = 409, description = "`foreign_rules`: the run uses a rules version that this server does not know."),
        (status = 503, description = "`too_many_replays`: the maximum number of replays is being prepared; try again shortly. `store_unavailable` and others."),
    )
)]
pub(crate) async fn replay(call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let universe = call.parameter("universe");
    let id = universe.parse::<UniverseId>().map_err(|_| unknown(universe))?;
    let header = call.store().replay_header(&id).await.map_err(of_store)?;
    let header = header.ok_or_else(|| unknown(universe))?;
    let header = read_header(&header).map_err(Problem::internal)?;
    header.check_rules_version().map_err(|error| {
        Problem::conflict(
            Code::ForeignRules,
            format!(
                "The run uses rules version {}, which this server does not support.",
                header.rules_version
            ),
        )
        .with_source(error)
    })?;
    let permit = Arc::clone(&call.state().replays).try_acquire_owned().map_err(|_| {
        Problem::unavailable(
            Code::TooManyReplays,
            "The maximum number of replays is being prepared; try again shortly.",
            REPLAY_RETRY_SECONDS,
        )
    })?;
    let file = format!("attachment; filename=\"{universe}.replay\"");
    let recorder = Recorder::new(Arc::clone(call.store()), header, call.shutdown());
    let mut response = Response::new(body::stream(recorder.record(permit)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::try_from(file).map_err(Problem::internal)?);
    Ok(response)
}

/// All kept runs, newest first, without those that cannot be read, for example from a later
/// version.
pub(super) async fn finished(call: &Call) -> Result<Vec<RunDocument>, Problem> {
    let runs = call.store().runs(RUNS_READ).await.map_err(of_store)?;
    let read = |run: sector_redis::Run| match serde_json::from_str(&run.summary) {
        Ok(document) => Some(document),
        Err(error) => {
            tracing::warn!(universe = run.universe.as_str(), %error, "cannot read the summary of a run");
            None
        }
    };
    Ok(runs.into_iter().filter_map(read).collect())
}

fn unknown(universe: &str) -> Problem {
    let shown: String = universe.chars().take(64).collect();
    Problem::not_found(
        Code::UnknownRun,
        format!("There is no run {shown:?}; GET /runs lists the kept runs."),
    )
}
