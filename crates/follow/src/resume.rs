//! Where a client resumes the event stream.

use http_kit::{FieldError, Problem, Query};
use sector_redis::{Incarnation, Position, StreamId};

/// What an id to resume from looks like.
const ALLOWED: &str = "the id of an event, such as 17-0; 0-0 is the beginning";

/// Reads `after` and `incarnation`; none without `after`.
///
/// # Errors
/// 400 `bad_event_id`, and `invalid_query` for an incarnation that is not one.
pub fn position(query: &Query) -> Result<Option<Position>, Problem> {
    let incarnation: Option<Incarnation> =
        query.parsed("incarnation", "16 hex digits, as in a snapshot")?;
    let Some(text) = query.get("after") else { return Ok(None) };
    let after: Result<StreamId, _> = text.parse();
    after.map(|after| Some(Position { incarnation, after })).map_err(|_| {
        Problem::bad_request("bad_event_id", "The id to resume from is not an event id.")
            .with_error(FieldError::new("after", text, ALLOWED, "Not an event id."))
    })
}

/// Like [`position`], for streams that begin with a snapshot where they cannot resume: none for an
/// id without its incarnation, which may name another event since a restore.
///
/// # Errors
/// As [`position`].
pub fn for_stream(query: &Query) -> Result<Option<Position>, Problem> {
    Ok(position(query)?.filter(is_exact))
}

/// Whether the position names one event for ever: the beginning, or an id with its incarnation.
#[must_use]
pub fn is_exact(position: &Position) -> bool {
    position.incarnation.is_some() || position.after == StreamId::default()
}
