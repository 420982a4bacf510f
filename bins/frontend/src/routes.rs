//! The route table, health and the API proxy.

use follow::Health as Following;
use http::Method;
use http::uri::PathAndQuery;
use http_kit::{Context, Health, Problem, Response, Router, Routes, SetupError, reply};
use sector_wire::Code;

use process_kit::Metrics;

use crate::recording::{self, Recording};
use crate::state::{self, State};
use crate::{files, preview, streams};

const NAME: &str = "frontend";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// All routes. Anything else is looked up among the UI files.
pub(crate) fn build(state: State, metrics: &Metrics) -> Result<Routes<State>, SetupError> {
    let requests = state::request_metrics(metrics);
    Router::new(state)
        .measured(requests)
        .route(Method::GET, "/health", health)
        .route(Method::GET, "/livez", livez)
        .route(Method::GET, "/readyz", readyz)
        .route(Method::GET, "/ws", streams::socket)
        .route(Method::GET, "/tail", streams::tail)
        .route(Method::GET, "/sectors/{sector}", files::sector_page)
        .route(Method::GET, "/sectors/{sector}/", files::sector_page)
        .route(Method::GET, "/sectors/{sector}/ws", streams::socket)
        .route(Method::GET, "/sectors/{sector}/tail", streams::tail)
        .route(Method::GET, "/preview", preview::preview)
        .route(Method::GET, "/", recording::front)
        .route(Method::GET, "/watch", recording::page)
        .route(Method::GET, "/recording", recording::show)
        .route(Method::POST, "/recording", recording::change)
        .any("/api/{*rest}", proxy)
        .fallback(files::file)
        .build()
}

/// `GET /health`: failing if the sector was lost. A sector that has not begun yet is healthy: the sim-worker may be
/// waiting for this response before it starts.
pub(crate) async fn health(context: Context<State>) -> Result<Response, Problem> {
    context.query(&[])?;
    let state = context.state();
    let (health, following) = match state.sectors.home().follower().health() {
        Following::Starting => (Health::ok(NAME, VERSION), "starting"),
        Following::NoUniverse => (Health::ok(NAME, VERSION), "no_universe"),
        Following::Following => (Health::ok(NAME, VERSION), "following"),
        Following::Interrupted { .. } => {
            (Health::failing(NAME, VERSION, "cannot follow the sector; see the log"), "interrupted")
        }
        Following::Stopped => (Health::failing(NAME, VERSION, "shutting down"), "stopped"),
    };
    let frame = state.sectors.home().follower().current();
    health
        .with("following", following)
        .with("universe_id", frame.as_ref().map(|frame| frame.universe().to_owned()))
        .with("tick", frame.as_ref().map(|frame| frame.tick()))
        .with("clients", state.slots.used())
        .with("resyncs", state.resyncs.total())
        .respond()
}

/// `GET /livez`: the process is running.
pub(crate) async fn livez(context: Context<State>) -> Result<Response, Problem> {
    context.query(&[])?;
    Ok(reply::text("ok\n"))
}

/// `GET /readyz`: the store answers and the sector is being followed.
pub(crate) async fn readyz(context: Context<State>) -> Result<Response, Problem> {
    context.query(&[])?;
    match context.state().sectors.home().follower().check().await {
        Ok(()) => Health::ok(NAME, VERSION).respond(),
        Err(reason) => Health::failing(NAME, VERSION, reason).respond(),
    }
}

/// Any request to `/api/…`, forwarded to the API without the prefix. A recorded run has no API.
pub(crate) async fn proxy(context: Context<State>) -> Result<Response, Problem> {
    if context.state().config.recording.is_some() {
        return Err(Recording::refusal());
    }
    let path = context.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    let path = path.strip_prefix("/api").unwrap_or(path).parse().map_err(Problem::internal)?;
    let (state, peer) = (context.shared_state(), context.peer());
    let api = state.config.api_url.authority();
    state.client.forward(context.into_request(), api, path, peer).await.map_err(|problem| {
        match problem.code() {
            "upstream_unreachable" => {
                Problem::bad_gateway(Code::ApiUnreachable, "The API cannot be reached.")
                    .with_source(format!("{problem:?}"))
            }
            "upstream_timeout" => {
                Problem::gateway_timeout(Code::ApiTimeout, "The API did not answer in time.")
                    .with_source(format!("{problem:?}"))
            }
            _ => problem,
        }
    })
}
