//! The sector as a WebSocket.

use std::sync::Arc;
use std::time::Duration;

use http::header::{HOST, ORIGIN, UPGRADE};
use http::{HeaderValue, Method, StatusCode};
use sector_redis::{Incarnation, Position, StreamId};
use service::problem::FieldError;
use service::{Context, Problem, Response, body};
use tokio::time::timeout;

use crate::feed::Feed;
use crate::session;
use crate::state::{State, sector};

/// How long a connection may take to change over.
const UPGRADE_WAIT: Duration = Duration::from_secs(10);

/// `GET /ws?after=&incarnation=`: a snapshot, then entries; only the entries after `after` if they are still there and
/// the sector is still of that incarnation.
pub(crate) async fn open(mut context: Context<State>) -> Result<Response, Problem> {
    if *context.method() != Method::GET || !hyper_tungstenite::is_upgrade_request(context.request()) {
        return Err(Problem::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", "This path speaks WebSocket only.")
            .with_header(UPGRADE, HeaderValue::from_static("websocket")));
    }
    let state = context.shared_state();
    // A header that is not text is no allowed origin either.
    let origin = context.headers().get(ORIGIN).map(|value| value.to_str().unwrap_or("null"));
    if !state.config.allowed_origins.allow(origin, context.header(HOST)) {
        return Err(Problem::forbidden("origin_not_allowed", "Pages of this origin may not connect here."));
    }
    let from = from(&context)?;
    let sector = sector(&context).await?;
    let seat = state.seats.take(context.client_address())?;
    let shutdown = context.shutdown();
    let (response, socket) = hyper_tungstenite::upgrade(context.request_mut(), Some(session::socket_config()))
        .map_err(|error| Problem::bad_request("bad_upgrade", format!("The WebSocket handshake is wrong: {error}.")))?;
    let pace = state.config.pace;
    let feed = Feed::new(Arc::clone(sector.follower()), state.resyncs.clone(), from, pace.behind_max);
    state.sockets.spawn(async move {
        let _seat = seat;
        match timeout(UPGRADE_WAIT, socket).await {
            Ok(Ok(socket)) => session::serve(socket, feed, pace, shutdown).await,
            Ok(Err(error)) => tracing::debug!(%error, "a connection did not become a WebSocket"),
            Err(_) => tracing::debug!("a connection took too long to become a WebSocket"),
        }
    });
    Ok(response.map(body::boxed))
}

fn from(context: &Context<State>) -> Result<Option<Position>, Problem> {
    let query = context.query(&["after", "incarnation"])?;
    let incarnation: Option<Incarnation> = query.parsed("incarnation", "16 hex digits, as in a snapshot")?;
    let Some(text) = query.get("after") else { return Ok(None) };
    let after: Result<StreamId, _> = text.parse();
    after.map(|after| Some(Position { incarnation, after })).map_err(|_| {
        let allowed = "the id of an event, such as 17-0; 0-0 is the beginning";
        Problem::bad_request("bad_event_id", "There is no event of that id to go on from.").with_error(FieldError::new(
            "after",
            text,
            allowed,
            "This is no event id.",
        ))
    })
}
