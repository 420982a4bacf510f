//! `/health`, `/livez` and `/readyz`.

use follow::Health as Following;
use http_kit::{Health, Problem, Response};

use crate::request::call::Call;
use sector_wire::HealthDocument;

const NAME: &str = env!("CARGO_PKG_NAME");
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Liveness: the process is running.
///
/// Does not depend on the store, since a restart would not bring it back.
#[utoipa::path(
    get,
    path = "/livez",
    operation_id = "livez",
    tag = "service",
    responses((status = 200, description = "The process is running.", body = HealthDocument))
)]
pub(crate) async fn livez(call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    Health::ok(NAME, VERSION).respond()
}

/// Readiness: the store answers and the sector is being followed.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "readyz",
    tag = "service",
    responses(
        (status = 200, description = "Ready.", body = HealthDocument),
        (status = 503, description = "Not ready; `reason` says why. Send requests elsewhere, or later.", body = HealthDocument)
    )
)]
pub(crate) async fn readyz(call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    match call.follower().check().await {
        Ok(()) => Health::ok(NAME, VERSION).respond(),
        Err(reason) => Health::failing(NAME, VERSION, reason).respond(),
    }
}

/// Health of the API, with the state it sees.
///
/// A sector without a universe is healthy: one is about to begin.
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "health",
    tag = "service",
    responses(
        (status = 200, description = "Healthy.", body = HealthDocument),
        (status = 503, description = "Unhealthy; `reason` says why.", body = HealthDocument)
    )
)]
pub(crate) async fn health(call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let mut health = match call.follower().health() {
        Following::Following | Following::NoUniverse => Health::ok(NAME, VERSION),
        Following::Starting => Health::failing(NAME, VERSION, "the store has not answered yet"),
        // The reason may name hosts, so only the log has it.
        Following::Interrupted { .. } => {
            Health::failing(NAME, VERSION, "cannot follow the sector; see the log")
        }
        Following::Stopped => Health::failing(NAME, VERSION, "stopping"),
    };
    if let Some(frame) = call.follower().current() {
        health = health.with("universe_id", frame.universe().as_str()).with("tick", frame.tick());
    }
    health.respond()
}
