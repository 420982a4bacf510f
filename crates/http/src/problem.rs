//! Errors as clients see them: RFC 9457 problem details with a stable code.
//!
//! A [`Problem`] speaks twice: `detail` and `errors` to the client, `source` to the log only.
//! Whatever is secret or of no use to the client belongs into the source.

use std::fmt;

use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::Serialize;
use serde_json::Value;

use crate::body::{self, BoxError, Response};

/// Media type of a rendered problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// One field of a request that is not as it should be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldError {
    /// Where: a path into the body (`orders[2].faction`), a query or path parameter, or a header.
    pub field: String,
    /// What was there; null if nothing.
    pub value: Value,
    /// What would be allowed there, in words.
    pub allowed: String,
    /// What is wrong, as a sentence.
    pub detail: String,
}

impl FieldError {
    /// One field's error.
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

/// An error answer.
#[derive(Debug)]
pub struct Problem {
    // Boxed: it travels in the error half of many results.
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
    /// A problem of any status. `code` is stable, in snake case; `detail` a sentence for the client.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            parts: Box::new(Parts {
                status,
                code,
                title: status.canonical_reason().unwrap_or("Error").to_owned(),
                detail: detail.into(),
                errors: Vec::new(),
                headers: HeaderMap::new(),
                source: None,
            }),
        }
    }

    /// 400: the request does not say what it should.
    pub fn bad_request(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 401: no proof of who is asking, or a bad one. Asks for a bearer token.
    pub fn unauthorized(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
            .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// 403: it is known who is asking, and it is not theirs to do.
    pub fn forbidden(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, detail)
    }

    /// 404: there is no such thing.
    pub fn not_found(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, detail)
    }

    /// 405 with `Allow`.
    #[must_use]
    pub fn method_not_allowed(found: &Method, allowed: &[Method]) -> Self {
        let list = allowed.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
        let problem = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            format!("{found} is not possible here; allowed: {list}."),
        );
        match HeaderValue::from_str(&list) {
            Ok(value) => problem.with_header(ALLOW, value),
            Err(_) => problem,
        }
    }

    /// 409: it contradicts the present state.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 410: it was there and is not any more.
    pub fn gone(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, code, detail)
    }

    /// 413: the body is longer than `limit_bytes`.
    #[must_use]
    pub fn payload_too_large(limit_bytes: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "payload_too_large",
            format!("The body is too long; at most {limit_bytes} bytes are allowed."),
        )
    }

    /// 415: the body is of another type than `allowed`.
    #[must_use]
    pub fn unsupported_media_type(found: Option<&str>, allowed: &'static str) -> Self {
        let detail = match found {
            Some(found) => format!("Content-Type is {found:?}; send {allowed}."),
            None => format!("Content-Type is missing; send {allowed}."),
        };
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
    }

    /// 422: well-formed, and refused for what it says.
    pub fn unprocessable(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    /// 429 with `Retry-After`.
    #[must_use]
    pub fn too_many_requests(retry_after_seconds: u64) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limited",
            format!("Too many requests; try again in {retry_after_seconds} s."),
        )
        .with_header(RETRY_AFTER, HeaderValue::from(retry_after_seconds))
    }

    /// 500: our fault. The client learns nothing but the request id; `source` goes to the log.
    pub fn internal(source: impl Into<BoxError>) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong here. The instance names this request in the log.",
        )
        .with_source(source)
    }

    /// 502: the service behind this one did not answer sensibly.
    pub fn bad_gateway(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, code, detail)
    }

    /// 503 with `Retry-After`.
    pub fn unavailable(
        code: &'static str,
        detail: impl Into<String>,
        retry_after_seconds: u64,
    ) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
            .with_header(RETRY_AFTER, HeaderValue::from(retry_after_seconds))
    }

    /// 504: the service behind this one did not answer in time.
    pub fn gateway_timeout(code: &'static str, detail: impl Into<String>) -> Self {
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

    /// Adds a header to the answer, replacing one of the same name.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.parts.headers.insert(name, value);
        self
    }

    /// Keeps the cause for the log. Clients never see it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.parts.source = Some(source.into());
        self
    }

    /// The answer's status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.parts.status
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.parts.code
    }

    /// The sentence for the client.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.parts.detail
    }

    /// The fields at fault.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.parts.errors
    }

    /// Renders the answer and writes the log line: an error for 5xx, else for debugging.
    #[must_use]
    pub fn into_response(self, request_id: Option<&str>) -> Response {
        let parts = *self.parts;
        let source = parts.source.as_deref().map(causes).unwrap_or_default();
        let status = parts.status.as_u16();
        if parts.status == StatusCode::SERVICE_UNAVAILABLE {
            // Something that this service needs is away; whoever lost it says so.
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
        // Strings, numbers and JSON values: there is nothing in it that cannot be written.
        let bytes = serde_json::to_vec(&document).unwrap_or_default();
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

/// The wire form of a problem, field by field.
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

/// An error with all its causes, in one line.
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
