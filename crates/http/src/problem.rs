//! Errors for clients: RFC 9457 problem details with a stable code.
//!
//! `detail` and `errors` go to the client, `source` only to the log. Put secrets and internals into
//! the source.

use std::fmt;

use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::Serialize;
use serde_json::Value;

use crate::body::{self, BoxError, Response};
use crate::catalogue;

/// Media type of problem documents.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// An invalid field of a request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldError {
    /// Path into the body (`orders[2].faction`), query or path parameter, or header.
    pub field: String,
    /// The invalid value; null if absent.
    pub value: Value,
    /// Description of valid values.
    pub allowed: String,
    /// What is wrong, as a sentence.
    pub detail: String,
}

impl FieldError {
    /// A field's error.
    pub fn new(
        field: impl Into<String>,
        value: impl Into<Value>,
        allowed: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            field: field.into(),
            value: value.into(),
            allowed: allowed.into(),
            detail: detail.into(),
        }
    }
}

/// An error response.
#[derive(Debug)]
pub struct Problem {
    // Boxed to keep results small.
    parts: Box<Parts>,
}

#[derive(Debug)]
struct Parts {
    status: StatusCode,
    code: &'static str,
    title: String,
    detail: String,
    errors: Vec<FieldError>,
    headers: HeaderMap,
    source: Option<BoxError>,
}

impl Problem {
    /// A problem of any status. `code` is stable, in snake case; `detail` is a sentence for the
    /// client.
    pub fn new(
        status: StatusCode,
        code: impl Into<&'static str>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            parts: Box::new(Parts {
                status,
                code: code.into(),
                title: status.canonical_reason().unwrap_or("Error").to_owned(),
                detail: detail.into(),
                errors: Vec::new(),
                headers: HeaderMap::new(),
                source: None,
            }),
        }
    }

    /// 400: malformed request.
    pub fn bad_request(code: impl Into<&'static str>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 401: missing or invalid credentials. Asks for a bearer token.
    pub fn unauthorized(code: impl Into<&'static str>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
            .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// 403: the client is known but not allowed to do this.
    pub fn forbidden(code: impl Into<&'static str>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, detail)
    }

    /// 404: not found.
    pub fn not_found(code: impl Into<&'static str>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, detail)
    }

    /// 405 with `Allow`.
    #[must_use]
    pub fn method_not_allowed(found: &Method, allowed: &[Method]) -> Self {
        let list = allowed.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
        let problem = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            catalogue::METHOD_NOT_ALLOWED,
            format!("{found} is not allowed here; use {list}."),
        );
        match HeaderValue::from_str(&list) {
            Ok(value) => problem.with_header(ALLOW, value),
            Err(_) => problem,
        }
    }

    /// 409: conflicts with the current state.
    pub fn conflict(code: impl Into<&'static str>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 410: no longer exists.
    pub fn gone(code: impl Into<&'static str>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, code, detail)
    }

    /// 413: the body is longer than `limit_bytes`.
    #[must_use]
    pub fn payload_too_large(limit_bytes: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            catalogue::PAYLOAD_TOO_LARGE,
            format!("The body is too long; at most {limit_bytes} bytes are allowed."),
        )
    }

    /// 415: the body is not of type `allowed`.
    #[must_use]
    pub fn unsupported_media_type(found: Option<&str>, allowed: &'static str) -> Self {
        let detail = match found {
            Some(found) => format!("Content-Type is {found:?}; send {allowed}."),
            None => format!("Content-Type is missing; send {allowed}."),
        };
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, catalogue::UNSUPPORTED_MEDIA_TYPE, detail)
    }

    /// 422: well-formed but rejected.
    pub fn unprocessable(code: impl Into<&'static str>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    /// 429 with `Retry-After`.
    #[must_use]
    pub fn too_many_requests(retry_after_seconds: u64) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            catalogue::RATE_LIMITED,
            format!("Too many requests; try again in {retry_after_seconds} s."),
        )
        .with_header(RETRY_AFTER, HeaderValue::from(retry_after_seconds))
    }

    /// 500: internal error. The client sees only the request id; `source` goes to the log.
    pub fn internal(source: impl Into<BoxError>) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            catalogue::INTERNAL,
            "Internal error. The log has the details under the instance.",
        )
        .with_source(source)
    }

    /// 502: the upstream service failed.
    pub fn bad_gateway(code: impl Into<&'static str>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, code, detail)
    }

    /// 503 with `Retry-After`.
    pub fn unavailable(
        code: impl Into<&'static str>,
        detail: impl Into<String>,
        retry_after_seconds: u64,
    ) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
            .with_header(RETRY_AFTER, HeaderValue::from(retry_after_seconds))
    }

    /// 504: the upstream service timed out.
    pub fn gateway_timeout(code: impl Into<&'static str>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, code, detail)
    }

    /// Adds a field's error.
    #[must_use]
    pub fn with_error(mut self, error: FieldError) -> Self {
        self.parts.errors.push(error);
        self
    }

    /// Adds several fields' errors.
    #[must_use]
    pub fn with_errors(mut self, errors: impl IntoIterator<Item = FieldError>) -> Self {
        self.parts.errors.extend(errors);
        self
    }

    /// Adds a response header, replacing one with the same name.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.parts.headers.insert(name, value);
        self
    }

    /// Sets the cause, for the log only.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.parts.source = Some(source.into());
        self
    }

    /// Status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.parts.status
    }

    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.parts.code
    }

    /// Detail for the client.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.parts.detail
    }

    /// The invalid fields.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.parts.errors
    }

    /// Renders the response and logs it: 5xx as error (503 as info), others as debug.
    #[must_use]
    pub fn into_response(self, request_id: Option<&str>) -> Response {
        let parts = *self.parts;
        let source = parts.source.as_deref().map(causes).unwrap_or_default();
        let status = parts.status.as_u16();
        if parts.status == StatusCode::SERVICE_UNAVAILABLE {
            // A dependency is unavailable; its own client logs that.
            tracing::info!(status, code = parts.code, request_id, source, "{}", parts.detail);
        } else if parts.status.is_server_error() {
            tracing::error!(status, code = parts.code, request_id, source, "{}", parts.detail);
        } else {
            tracing::debug!(status, code = parts.code, request_id, source, "{}", parts.detail);
        }
        let document = Document {
            kind: format!("urn:sector:problem:{}", parts.code),
            title: &parts.title,
            status,
            code: parts.code,
            detail: &parts.detail,
            instance: request_id,
            errors: &parts.errors,
        };
        let bytes = serde_json::to_vec(&document).unwrap_or_else(|error| {
            tracing::error!(%error, code = parts.code, "cannot serialize problem");
            format!("{{\"status\":{status},\"code\":\"{}\"}}", parts.code).into_bytes()
        });
        let mut response = Response::new(body::full(bytes));
        *response.status_mut() = parts.status;
        *response.headers_mut() = parts.headers;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        response
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} {}: {}",
            self.parts.status.as_u16(),
            self.parts.code,
            self.parts.detail
        )
    }
}

/// The JSON document.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'a str>,
    errors: &'a [FieldError],
}

/// An error and its causes on one line.
fn causes(error: &(dyn std::error::Error + Send + Sync + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
