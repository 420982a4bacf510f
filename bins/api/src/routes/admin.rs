//! `/admin/*`: for operators.

use http_kit::{Problem, Response, query, reply};
use sector_sim::draw::MAX_SEED;
use serde_json::json;

use crate::request::audit::act;
use crate::request::call::Call;
use crate::request::problems::of_store;
use sector_wire::{AuditEntry, AuditPage, BotsOnlyAnswer, PauseAnswer, RestartAnswer};

/// Request a new universe.
///
/// The worker ends the current universe and begins another within a tick or two.
#[utoipa::path(
    post,
    path = "/admin/restart",
    operation_id = "restart",
    tag = "admin",
    security(("bearer" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 64 visible ASCII characters. Repeating a request with the same key within a day returns the first response and does nothing else."), ("seed" = Option<u64>, Query, description = "Seed of the new universe, 0 to 9007199254740991; otherwise one is drawn.", minimum = 0, maximum = 9007199254740991_i64)),
    responses((status = 200, description = "Accepted; replaces an earlier request that is still pending.", body = RestartAnswer))
)]
pub(crate) async fn restart(call: Call) -> Result<Response, Problem> {
    let seed = call.query(&["seed"])?.integer("seed", 0..=MAX_SEED)?;
    act(&call, "restart", json!({"seed": seed}), async {
        let request = call.store().request_restart(seed).await.map_err(of_store)?;
        Ok(RestartAnswer { number: request.number, seed: request.seed })
    })
    .await
}

/// End all claims, so that bots play every faction.
#[utoipa::path(
    post,
    path = "/admin/bots-only",
    operation_id = "bots_only",
    tag = "admin",
    security(("bearer" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 64 visible ASCII characters. Repeating a request with the same key within a day returns the first response and does nothing else.")),
    responses((status = 200, description = "All claims have ended.", body = BotsOnlyAnswer))
)]
pub(crate) async fn bots_only(call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    act(&call, "bots-only", json!({}), async {
        let universe = call.follower().current().map(|frame| frame.universe().clone());
        let released = match universe {
            Some(universe) => call.store().release_all(&universe).await.map_err(of_store)?,
            None => 0,
        };
        call.seats_changed();
        Ok(BotsOnlyAnswer { released })
    })
    .await
}

/// Whether the sector is paused.
#[utoipa::path(
    get,
    path = "/admin/pause",
    operation_id = "paused",
    tag = "admin",
    security(("bearer" = [])),
    responses((status = 200, description = "The pause state.", body = PauseAnswer))
)]
pub(crate) async fn paused(call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let paused = call.store().paused().await.map_err(of_store)?;
    reply::json(&PauseAnswer { paused })
}

/// Pause or resume the sector.
#[utoipa::path(
    post,
    path = "/admin/pause",
    operation_id = "pause",
    tag = "admin",
    security(("bearer" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 64 visible ASCII characters. Repeating a request with the same key within a day returns the first response and does nothing else."), ("paused" = bool, Query, description = "`true` to pause, `false` to resume.")),
    responses((status = 200, description = "The new state.", body = PauseAnswer))
)]
pub(crate) async fn pause(call: Call) -> Result<Response, Problem> {
    let paused = call
        .query(&["paused"])?
        .boolean("paused")?
        .ok_or_else(|| query::missing("paused", "true or false"))?;
    act(&call, "pause", json!({"paused": paused}), async {
        call.store().set_paused(paused).await.map_err(of_store)?;
        Ok(PauseAnswer { paused })
    })
    .await
}

/// The audit log: actions of operators.
///
/// Each action has two entries: the request and its outcome. Entries never change.
#[utoipa::path(
    get,
    path = "/admin/audit",
    operation_id = "audit",
    tag = "admin",
    security(("bearer" = [])),
    params(
        ("after" = Option<u64>, Query, description = "Return entries after this number; 0, the default, starts at the beginning.", minimum = 0),
        ("count" = Option<u32>, Query, description = "Maximum number of entries: 1 to 1000, default 100.", minimum = 1, maximum = 1000),
    ),
    responses((status = 200, description = "The entries, oldest first.", body = AuditPage))
)]
pub(crate) async fn audit(call: Call) -> Result<Response, Problem> {
    let query = call.query(&["after", "count"])?;
    let after = query.integer("after", 0..=u64::MAX)?.unwrap_or(0);
    let count = query.integer("count", 1..=1_000)?.unwrap_or(100);
    let entries = call.state().home().audit(after, count).await.map_err(of_store)?;
    let entries: Vec<AuditEntry> = entries
        .into_iter()
        .map(|(number, text)| {
            Ok(AuditEntry { number, ..serde_json::from_str(&text).map_err(Problem::internal)? })
        })
        .collect::<Result<_, Problem>>()?;
    let next = entries.last().map_or(after, |entry| entry.number);
    reply::json(&AuditPage { entries, next })
}
