//! Where a client resumes the event stream.

use http_kit::{Context, FieldError, Problem};
use sector_redis::{Incarnation, Position, StreamId};

/// The position in `?after=&incarnation=`; none without `after`.
///
/// # Errors
/// 400 `bad_event_id`, and `invalid_query` for anything else.
pub fn position<S: Send + Sync + 'static>(
    context: &Context<S>,
) -> Result<Option<Position>, Problem> {
    let query = context.query(&["after", "incarnation"])?;
    let incarnation: Option<Incarnation> =
        query.parsed("incarnation", "16 hex digits, as in a snapshot")?;
    let Some(text) = query.get("after") else { return Ok(None) };
    let after: Result<StreamId, _> = text.parse();
    after.map(|after| Some(Position { incarnation, after })).map_err(|_| {
        let allowed = "the id of an event, such as 17-0; 0-0 is the beginning";
        Problem::bad_request("bad_event_id", "The id to resume from is not an event id.")
            .with_error(FieldError::new("after", text, allowed, "Not an event id."))
    })
}
