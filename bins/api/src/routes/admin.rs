//! `/admin/*`: for whoever runs the sector.

use sector_sim::MAX_SEED;
use service::{Problem, Response, query, reply};

use crate::call::Call;
use crate::problems::of_store;
use crate::wire::{BotsOnlyAnswer, PauseAnswer, RestartAnswer};

/// Ask for a new universe.
///
/// The worker ends the running one and begins another, within a tick or two.
#[utoipa::path(
    post,
    path = "/admin/restart",
    operation_id = "restart",
    tag = "admin",
    security(("bearer" = [])),
    params(("seed" = Option<u64>, Query, description = "The seed of the new universe, 0 to 9007199254740991; otherwise one is drawn.", minimum = 0, maximum = 9007199254740991_i64)),
    responses(
        (status = 200, description = "The wish is noted; it replaces one that still stands.", body = RestartAnswer),
        (status = 400, description = "`invalid_query`."),
        (status = 401, description = "`unauthenticated`, or the token's fault."),
        (status = 403, description = "`not_admin`."),
    )
)]
pub(crate) async fn restart(call: Call) -> Result<Response, Problem> {
    let admin = call.person()?;
    let seed = call.query(&["seed"])?.integer("seed", 0..=MAX_SEED)?;
    let request = call.store().request_restart(seed).await.map_err(of_store)?;
    tracing::info!(by = %admin.address, seed, number = request.number, "a restart was asked for");
    reply::json(&RestartAnswer { number: request.number, seed: request.seed })
}

/// End all claims: from now on bots play everything.
#[utoipa::path(
    post,
    path = "/admin/bots-only",
    operation_id = "bots_only",
    tag = "admin",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "All claims have ended.", body = BotsOnlyAnswer),
        (status = 401, description = "`unauthenticated`, or the token's fault."),
        (status = 403, description = "`not_admin`."),
    )
)]
pub(crate) async fn bots_only(call: Call) -> Result<Response, Problem> {
    let admin = call.person()?;
    call.query(&[])?;
    let universe = call.follower().current().map(|frame| frame.universe().to_owned());
    let released = match universe {
        Some(universe) => call.store().release_all(&universe).await.map_err(of_store)?,
        None => 0,
    };
    tracing::info!(by = %admin.address, released, "all claims were ended");
    reply::json(&BotsOnlyAnswer { released })
}

/// Whether the sector stands still.
#[utoipa::path(
    get,
    path = "/admin/pause",
    operation_id = "paused",
    tag = "admin",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Whether it does.", body = PauseAnswer),
        (status = 401, description = "`unauthenticated`, or the token's fault."),
        (status = 403, description = "`not_admin`."),
    )
)]
pub(crate) async fn paused(call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let paused = call.store().paused().await.map_err(of_store)?;
    reply::json(&PauseAnswer { paused })
}

/// Let the sector stand still, or go on.
#[utoipa::path(
    post,
    path = "/admin/pause",
    operation_id = "pause",
    tag = "admin",
    security(("bearer" = [])),
    params(("paused" = bool, Query, description = "`true` to stand still, `false` to go on.")),
    responses(
        (status = 200, description = "As it is from now on.", body = PauseAnswer),
        (status = 400, description = "`invalid_query`."),
        (status = 401, description = "`unauthenticated`, or the token's fault."),
        (status = 403, description = "`not_admin`."),
    )
)]
pub(crate) async fn pause(call: Call) -> Result<Response, Problem> {
    let admin = call.person()?;
    let paused =
        call.query(&["paused"])?.boolean("paused")?.ok_or_else(|| query::missing("paused", "true or false"))?;
    call.store().set_paused(paused).await.map_err(of_store)?;
    tracing::info!(by = %admin.address, paused, "the sector was told to pause or to go on");
    reply::json(&PauseAnswer { paused })
}
