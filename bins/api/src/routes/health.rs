//! `/health`: whether the API can do its work.

use follow::Health as Following;
use service::{Context, Health, Problem, Response};

use crate::state::Api;
use crate::wire::HealthDocument;

/// Whether the API can do its work, and what it sees.
///
/// A sector without a universe is well: one is about to begin.
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "health",
    tag = "service",
    responses(
        (status = 200, description = "It is well.", body = HealthDocument),
        (status = 503, description = "It cannot do its work at present; `reason` says why.", body = HealthDocument)
    )
)]
pub(crate) async fn health(context: Context<Api>) -> Result<Response, Problem> {
    context.query(&[])?;
    let api = context.state();
    let (service, version) = (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    let mut health = match api.follower.health() {
        Following::Following | Following::NoUniverse => Health::ok(service, version),
        Following::Starting => Health::failing(service, version, "the store has not answered yet"),
        // The particulars are for the log; the reason may name hosts.
        Following::Interrupted { .. } => Health::failing(service, version, "the sector cannot be followed"),
        Following::Stopped => Health::failing(service, version, "stopping"),
    };
    if let Some(frame) = api.follower.current() {
        health = health.with("universe_id", frame.universe()).with("tick", frame.tick());
    }
    health.respond()
}
