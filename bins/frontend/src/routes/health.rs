//! How the service is.

use follow::Health as Following;
use http_kit::{Context, Health, Problem, Response, reply};

use crate::state::State;

const NAME: &str = "frontend";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// `GET /health`: well unless the sector was lost. A sector that has not begun yet is no fault: the
/// sim-worker may be waiting for this very answer.
pub(crate) async fn health(context: Context<State>) -> Result<Response, Problem> {
    context.query(&[])?;
    let state = context.state();
    let (health, following) = match state.sectors.home().follower().health() {
        Following::Starting => (Health::ok(NAME, VERSION), "starting"),
        Following::NoUniverse => (Health::ok(NAME, VERSION), "no_universe"),
        Following::Following => (Health::ok(NAME, VERSION), "following"),
        Following::Interrupted { .. } => (
            Health::failing(
                NAME,
                VERSION,
                "the sector cannot be followed at present; the log says why",
            ),
            "interrupted",
        ),
        Following::Stopped => (Health::failing(NAME, VERSION, "shutting down"), "stopped"),
    };
    let frame = state.sectors.home().follower().current();
    health
        .with("following", following)
        .with("universe_id", frame.as_ref().map(|frame| frame.universe().to_owned()))
        .with("tick", frame.as_ref().map(|frame| frame.tick()))
        .with("clients", state.seats.taken())
        .with("resyncs", state.resyncs.total())
        .respond()
}

/// `GET /livez`: the process answers.
pub(crate) async fn livez(context: Context<State>) -> Result<Response, Problem> {
    context.query(&[])?;
    Ok(reply::text("ok\n"))
}

/// `GET /readyz`: the store answers, and there is a sector that is followed.
pub(crate) async fn readyz(context: Context<State>) -> Result<Response, Problem> {
    context.query(&[])?;
    match context.state().sectors.home().follower().check().await {
        Ok(()) => Health::ok(NAME, VERSION).respond(),
        Err(reason) => Health::failing(NAME, VERSION, reason).respond(),
    }
}
