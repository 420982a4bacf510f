//! `/ws`: the events as they happen, over a WebSocket.

use std::sync::Arc;

use follow::{Feed, Pace, session};
use http_kit::{Problem, Response};

use crate::call::Call;

/// The events as they happen, over a WebSocket.
///
/// Each text message is an entry as `/events` returns it: `{"id","type","data"}`; a client has nothing to say. Without
/// `after`, and whenever one cannot go on from there, the first is a `snapshot`; a client that is more than 256 entries
/// behind is given a snapshot instead of them. While the store is away a `link` says so. The server pings every 20 s and
/// closes with 1008 who has not answered for 45 s, with 1009 who sends more than 16 KiB, and with 1012 when it stops:
/// connect again with the id of the last entry as `after`. Pages may connect from the API's own host and from the
/// operator's `CORS_ORIGINS`. One address may have 64 sockets, or as many as the operator
/// says.
#[utoipa::path(
    get,
    path = "/ws",
    operation_id = "socket",
    tag = "sector",
    params(
        ("after" = Option<String>, Query, description = "The id of the entry to go on from, such as `17-0`."),
        ("incarnation" = Option<String>, Query, description = "The `incarnation` within which `after` counts; without it the present one."),
    ),
    responses(
        (status = 101, description = "The connection is a WebSocket from here on."),
        (status = 400, description = "`bad_event_id`: `after` is no id of an event. `bad_upgrade`: the handshake is malformed."),
        (status = 403, description = "`origin_not_allowed`: pages of this origin may not connect here."),
        (status = 426, description = "`upgrade_required`: this is no WebSocket handshake."),
        (status = 429, description = "`too_many_clients_of_address`: this address has as many sockets as one may have. `rate_limited`."),
        (status = 503, description = "`too_many_clients`: the server has as many as it may have. `no_universe`, `stopping` and others."),
    )
)]
pub(crate) async fn open(mut call: Call) -> Result<Response, Problem> {
    let api = call.shared_state();
    api.sockets.admit(&call)?;
    let from = follow::resume::position(&call)?;
    let pace = Pace::default();
    let feed =
        Feed::new(Arc::clone(call.follower()), Arc::clone(&api.resyncs), from, pace.behind_max);
    api.sockets.open(&mut call, session::socket_config(), move |socket, shutdown| {
        session::serve(socket, feed, pace, shutdown)
    })
}
