//! `/openapi.json`: the description of this API.

use std::sync::OnceLock;

use bytes::Bytes;
use service::{Problem, Response, reply};

use crate::call::Call;

/// The description of this API, as OpenAPI 3.1.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "openapi",
    tag = "service",
    responses((status = 200, description = "This document.", body = serde_json::Value))
)]
pub(crate) async fn document(call: Call) -> Result<Response, Problem> {
    static DOCUMENT: OnceLock<Bytes> = OnceLock::new();
    call.query(&[])?;
    Ok(reply::json_bytes(DOCUMENT.get_or_init(|| crate::openapi().into()).clone()))
}
