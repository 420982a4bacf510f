//! `/docs`: the API reference for people.

use std::sync::OnceLock;

use http::HeaderValue;
use http::header::CONTENT_SECURITY_POLICY;
use http_kit::{Effort, Encoded, Problem, Response};

use crate::describe::reference;
use crate::request::bodies;
use crate::request::call::Call;

/// A policy that allows only the page's own style and script.
fn policy() -> Result<HeaderValue, Problem> {
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src {}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        reference::script_source()
    );
    HeaderValue::from_str(&policy).map_err(Problem::internal)
}

/// Reference of this API as one HTML page, generated from the OpenAPI document.
#[utoipa::path(
    get,
    path = "/docs",
    operation_id = "docs",
    tag = "service",
    params(("If-None-Match" = Option<String>, Header, description = "A previous ETag; if it is still current, the response is 304 without a body.")),
    responses((status = 200, description = "The page.", content_type = "text/html", body = String))
)]
pub(crate) async fn docs(call: Call) -> Result<Response, Problem> {
    static PAGE: OnceLock<Encoded> = OnceLock::new();
    call.query(&[])?;
    let page = match PAGE.get() {
        Some(page) => page,
        None => {
            let text = crate::openapi()
                .and_then(|document| reference::page(&document, &crate::declared()))
                .map_err(Problem::internal)?;
            let tag = bodies::tag_of(text.as_bytes());
            let html = HeaderValue::from_static("text/html; charset=utf-8");
            PAGE.get_or_init(|| Encoded::new(text, html, tag, Effort::Once))
        }
    };
    let mut response = bodies::respond(&call, page);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy()?);
    Ok(response)
}
