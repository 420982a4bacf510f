//! The route table, and the handlers of health, files, recorded runs and the API proxy.

use follow::Health as Following;
use http::header::LOCATION;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, StatusCode};
use http_kit::{Context, Health, Problem, Response, Router, Routes, SetupError, catalogue, reply};
use sector_wire::Code;

use process_kit::Metrics;

use crate::recording::{PlaybackChange, Recording};
use crate::state::{self, State, sector};
use crate::{preview, streams};

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
        .route(Method::GET, "/sectors/{sector}", sector_page)
        .route(Method::GET, "/sectors/{sector}/", sector_page)
        .route(Method::GET, "/sectors/{sector}/ws", streams::socket)
        .route(Method::GET, "/sectors/{sector}/tail", streams::tail)
        .route(Method::GET, "/preview", preview::preview)
        .route(Method::GET, "/", front)
        .route(Method::GET, "/watch", recording_page)
        .route(Method::GET, "/recording", recording_state)
        .route(Method::POST, "/recording", change_recording)
        .any("/api/{*rest}", proxy)
        .fallback(file)
        .build()
}

/// `GET /health`: failing if the sector was lost. A sector that has not begun yet is healthy: the sim-worker may be
/// waiting for this response before it starts.
async fn health(context: Context<State>) -> Result<Response, Problem> {
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
        .with("universe_id", frame.as_ref().map(|frame| frame.universe().to_string()))
        .with("tick", frame.as_ref().map(|frame| frame.tick()))
        .with("clients", state.slots.used())
        .with("resyncs", state.resyncs.total())
        .respond()
}

/// `GET /livez`: the process is running.
async fn livez(context: Context<State>) -> Result<Response, Problem> {
    context.query(&[])?;
    Ok(reply::text("ok\n"))
}

/// `GET /readyz`: the store answers and the sector is being followed.
async fn readyz(context: Context<State>) -> Result<Response, Problem> {
    context.query(&[])?;
    match context.state().sectors.home().follower().check().await {
        Ok(()) => Health::ok(NAME, VERSION).respond(),
        Err(reason) => Health::failing(NAME, VERSION, reason).respond(),
    }
}

/// Any request to `/api/…`, forwarded to the API without the prefix. A recorded run has no API.
async fn proxy(context: Context<State>) -> Result<Response, Problem> {
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

/// `GET` of any path without a route.
async fn file(context: Context<State>) -> Result<Response, Problem> {
    respond(&context, context.uri().path())
}

/// `GET /sectors/{sector}/`: the page for a sector other than the service's own.
async fn sector_page(context: Context<State>) -> Result<Response, Problem> {
    sector(&context).await?;
    respond(&context, "/")
}

/// Responds with the file at `path`.
fn respond(context: &Context<State>, path: &str) -> Result<Response, Problem> {
    let Some(asset) = context.state().assets.get(path) else {
        return Err(Problem::not_found(
            catalogue::NOT_FOUND,
            format!("There is nothing at {path}."),
        ));
    };
    if *context.method() != Method::GET && *context.method() != Method::HEAD {
        return Err(Problem::method_not_allowed(context.method(), &[Method::GET, Method::HEAD]));
    }
    Ok(asset.respond(context.headers()))
}

/// Address of the page of a recorded run; the page knows by it that there is no API.
const PAGE: &str = "/watch";
/// Longest body of a change, in bytes.
const CHANGE_BYTES_MAX: usize = 1_024;

/// `GET /`: the page, or a redirect to the page of the recorded run.
async fn front(context: Context<State>) -> Result<Response, Problem> {
    if context.state().config.recording.is_none() {
        return file(context).await;
    }
    let mut response = reply::no_content();
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(LOCATION, HeaderValue::from_static(PAGE));
    Ok(response)
}

/// `GET /watch`: the page of the recorded run.
async fn recording_page(context: Context<State>) -> Result<Response, Problem> {
    recording(&context)?;
    respond(&context, "/")
}

/// `GET /recording`: the state of the playback.
async fn recording_state(context: Context<State>) -> Result<Response, Problem> {
    reply::json(&*recording(&context)?.playing().borrow())
}

/// `POST /recording` with `paused`, `tick_ms` or `tick`: changes the playback for all viewers.
async fn change_recording(mut context: Context<State>) -> Result<Response, Problem> {
    recording(&context)?;
    let change: PlaybackChange = context.json(CHANGE_BYTES_MAX).await?;
    reply::json(&recording(&context)?.apply(change))
}

/// The recording; 404 on a live frontend.
fn recording(context: &Context<State>) -> Result<&Recording, Problem> {
    context.state().config.recording.as_ref().ok_or_else(|| {
        Problem::not_found(
            catalogue::NOT_FOUND,
            format!("There is nothing at {}.", context.uri().path()),
        )
    })
}
