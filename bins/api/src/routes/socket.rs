//! `/ws`: live events over a WebSocket.

use std::sync::Arc;

use follow::{Feed, Pace, session};
use http_kit::{Problem, Response};

use crate::request::call::Call;

/// Live events over a WebSocket.
///
/// Each text message is an entry as in `/events`: `{"id","type","data"}`. Clients send nothing.
/// Without `after`, or if resuming from it is not possible, the first message is a `snapshot`; a
/// client more than 256 entries behind gets a snapshot instead of the missed entries. A `link`
/// message reports when the store becomes unavailable or available again. The server pings every 20
/// s. It closes with 1008 after 45 s without a pong, with 1009 after a message of more than 16 KiB,
/// and with 1012 on shutdown: reconnect with the id of the last entry as `after`. Pages may connect
/// from the API's own host and from `CORS_ORIGINS`. Each address may have 64 sockets by default.
#[utoipa::path(
    get,
    path = "/ws",
    operation_id = "socket",
    tag = "sector",
    params(
        ("after" = Option<String>, Query, description = "Id of the entry to resume from, such as `17-0`."),
        ("incarnation" = Option<String>, Query, description = "The `incarnation` that `after` belongs to. Without it, only `0-0` is resumed from."),
    ),
    responses(
        (status = 101, description = "Switched to WebSocket."),
        (status = 400, description = "`bad_event_id`: `after` is not an event id. `bad_upgrade`: the handshake is malformed."),
        (status = 403, description = "`origin_not_allowed`: pages of this origin may not connect here."),
        (status = 426, description = "`upgrade_required`: not a WebSocket handshake."),
        (status = 429, description = "`too_many_clients_of_address`: this address has its maximum number of sockets open. `rate_limited`."),
        (status = 503, description = "`too_many_clients`: the server has its maximum number of sockets open. `no_universe`, `stopping` and others."),
    )
)]
pub(crate) async fn open(mut call: Call) -> Result<Response, Problem> {
    let api = call.shared_state();
    api.sockets.admit(&call)?;
    let from = follow::resume::for_stream(&call.query(&["after", "incarnation"])?)?;
    let pace = Pace::default();
    let feed =
        Feed::new(Arc::clone(call.follower()), Arc::clone(&api.resyncs), from, pace.behind_max);
    api.sockets.open(&mut call, session::socket_config(), move |socket, shutdown| {
        session::serve(socket, feed, pace, shutdown)
    })
}
