//! Success responses.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::body::{self, Response};
use crate::problem::Problem;

/// 200 with `value` as JSON.
///
/// # Errors
/// An internal [`Problem`] if serialization fails.
pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<Response, Problem> {
    Ok(json_bytes(serde_json::to_vec(value).map_err(Problem::internal)?))
}

/// `status` with `value` as JSON.
///
/// # Errors
/// An internal [`Problem`] if serialization fails.
pub fn json_with_status<T: Serialize + ?Sized>(
    status: StatusCode,
    value: &T,
) -> Result<Response, Problem> {
    let mut response = json(value)?;
    *response.status_mut() = status;
    Ok(response)
}

/// 200 with serialized JSON, such as a tick encoded once for all clients.
pub fn json_bytes(json: impl Into<Bytes>) -> Response {
    content(json, HeaderValue::from_static("application/json"))
}

/// 200 with plain text.
pub fn text(text: impl Into<String>) -> Response {
    content(text.into(), HeaderValue::from_static("text/plain; charset=utf-8"))
}

/// 200 with bytes of any type.
pub fn content(bytes: impl Into<Bytes>, content_type: HeaderValue) -> Response {
    let mut response = Response::new(body::full(bytes));
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// 204.
#[must_use]
pub fn no_content() -> Response {
    let mut response = Response::new(body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}
