//! `/snapshot`: the sector as it is.

use http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use http::{HeaderValue, StatusCode};
use service::{Problem, Response, body, reply};

use crate::call::Call;
use crate::problems::of_follower;
use crate::wire::SectorSnapshot;

/// The sector as it is, whole.
///
/// Its ETag is, in quotes, the id of the last event that it includes, a point, and the incarnation, such as
/// `"17-0.00c0ffee00c0ffee"`: go on from there with `/events`.
#[utoipa::path(
    get,
    path = "/snapshot",
    operation_id = "snapshot",
    tag = "sector",
    params(("If-None-Match" = Option<String>, Header, description = "An ETag from before; the answer is 304 without a body if it still holds.")),
    responses(
        (status = 200, description = "The sector.", body = SectorSnapshot,
            headers(("ETag" = String, description = "The id of the last event it includes, a point, and the incarnation, in quotes."))),
    )
)]
pub(crate) async fn snapshot(call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    call.renew().await;
    let frame = call.follower().frame().map_err(of_follower)?;
    let tag = format!("\"{}.{}\"", frame.event_id(), frame.incarnation());
    let is_known = call
        .header(IF_NONE_MATCH)
        .is_some_and(|known| known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag));
    let mut response = if is_known {
        let mut response = Response::new(body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        reply::json_bytes(frame.snapshot_json())
    };
    let headers = response.headers_mut();
    headers.insert(ETAG, HeaderValue::try_from(tag).map_err(Problem::internal)?);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}
