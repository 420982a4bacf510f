//! A recorded run: its page, and how it is shown. Where there is none, there is nothing at these paths.

use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use http_kit::{Context, Problem, Response, reply};

use super::files;
use crate::recording::{Recording, Wish};
use crate::state::State;

/// The page of a recorded run; its address tells it that there is no API.
const PAGE: &str = "/watch";
/// The longest wish, in bytes.
const WISH_BYTES_MAX: usize = 1_024;

/// `GET /`: the page; of a recorded run, where that is.
pub(crate) async fn front(context: Context<State>) -> Result<Response, Problem> {
    if context.state().config.recording.is_none() {
        return files::file(context).await;
    }
    let mut response = reply::no_content();
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(LOCATION, HeaderValue::from_static(PAGE));
    Ok(response)
}

/// `GET /watch`: the page of a recorded run.
pub(crate) async fn page(context: Context<State>) -> Result<Response, Problem> {
    recording(&context)?;
    files::answer(&context, "/")
}

/// `GET /recording`: how the run is shown.
pub(crate) async fn show(context: Context<State>) -> Result<Response, Problem> {
    reply::json(&*recording(&context)?.playing().borrow())
}

/// `POST /recording` with `paused`, `tick_ms` or `tick`: shows it so, to everybody.
pub(crate) async fn change(mut context: Context<State>) -> Result<Response, Problem> {
    recording(&context)?;
    let wish: Wish = context.json(WISH_BYTES_MAX).await?;
    reply::json(&recording(&context)?.wish(wish))
}

fn recording(context: &Context<State>) -> Result<&Recording, Problem> {
    let nothing = || {
        Problem::not_found("not_found", format!("There is nothing at {}.", context.uri().path()))
    };
    context.state().config.recording.as_ref().ok_or_else(nothing)
}
