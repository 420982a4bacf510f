//! The UI's files.

use http::Method;
use http_kit::{Context, Problem, Response};

use crate::state::{State, sector};

/// `GET` of any path without a route.
pub(crate) async fn file(context: Context<State>) -> Result<Response, Problem> {
    answer(&context, context.uri().path())
}

/// `GET /sectors/{sector}/`: the page, for another sector than the service's own. Without the last slash it is the same.
pub(crate) async fn page(context: Context<State>) -> Result<Response, Problem> {
    sector(&context).await?;
    answer(&context, "/")
}

pub(super) fn answer(context: &Context<State>, path: &str) -> Result<Response, Problem> {
    let Some(asset) = context.state().assets.get(path) else {
        return Err(Problem::not_found("not_found", format!("There is nothing at {path}.")));
    };
    if *context.method() != Method::GET && *context.method() != Method::HEAD {
        return Err(Problem::method_not_allowed(context.method(), &[Method::GET, Method::HEAD]));
    }
    Ok(asset.respond(context.headers()))
}
