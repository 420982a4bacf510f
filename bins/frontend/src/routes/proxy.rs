//! The API under this origin, so that browsers need no other.

use http::uri::PathAndQuery;
use http_kit::{Context, Problem, Response};

use crate::recording::Recording;
use crate::state::State;

/// Any request to `/api/…`, passed on without the prefix. A recorded run has no API.
pub(crate) async fn pass_on(context: Context<State>) -> Result<Response, Problem> {
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
                Problem::bad_gateway("api_unreachable", "The API cannot be reached at present.")
                    .with_source(format!("{problem:?}"))
            }
            "upstream_timeout" => {
                Problem::gateway_timeout("api_timeout", "The API did not answer in time.")
                    .with_source(format!("{problem:?}"))
            }
            _ => problem,
        }
    })
}
