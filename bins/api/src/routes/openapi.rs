//! `/openapi.json`: the OpenAPI document.

use std::sync::OnceLock;

use http_kit::{Effort, Encoded, Problem, Response};

use crate::request::bodies;
use crate::request::call::Call;

/// The OpenAPI 3.1 document of this API.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "openapi",
    tag = "service",
    params(("If-None-Match" = Option<String>, Header, description = "A previous ETag; if it is still current, the response is 304 without a body.")),
    responses((status = 200, description = "This document.", body = serde_json::Value,
        headers(("ETag" = String, description = "Changes with the document."))))
)]
pub(crate) async fn document(call: Call) -> Result<Response, Problem> {
    static DOCUMENT: OnceLock<Encoded> = OnceLock::new();
    call.query(&[])?;
    let document = match DOCUMENT.get() {
        Some(document) => document,
        None => {
            let text = crate::openapi().map_err(Problem::internal)?;
            let tag = bodies::tag_of(text.as_bytes());
            DOCUMENT.get_or_init(|| bodies::json(text, tag, Effort::Once))
        }
    };
    Ok(bodies::respond(&call, document))
}
