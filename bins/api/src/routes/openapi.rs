//! `/openapi.json`: the description of this API.

use std::sync::OnceLock;

use http_kit::{Effort, Encoded, Problem, Response};

use crate::bodies;
use crate::call::Call;

/// The description of this API, as OpenAPI 3.1.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "openapi",
    tag = "service",
    params(("If-None-Match" = Option<String>, Header, description = "An ETag from before; the answer is 304 without a body if it still holds.")),
    responses((status = 200, description = "This document.", body = serde_json::Value,
        headers(("ETag" = String, description = "Changes with the document."))))
)]
pub(crate) async fn document(call: Call) -> Result<Response, Problem> {
    static DOCUMENT: OnceLock<Encoded> = OnceLock::new();
    call.query(&[])?;
    let document = DOCUMENT.get_or_init(|| {
        let text = crate::openapi();
        let tag = bodies::tag_of(text.as_bytes());
        bodies::json(text, tag, Effort::Once)
    });
    Ok(bodies::respond(&call, document))
}
