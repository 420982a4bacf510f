//! Errors, grouped by what the caller can do about them.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use sector_sim::FactionId;
use sector_sim::snapshot::{MirrorError, SnapshotError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Result of a function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a call, a stream or a strategy failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL is not valid for an API: correct it.
    #[error("invalid API URL {url:?}: {reason}; expected a URL like http://127.0.0.1:8000")]
    Address {
        /// URL given.
        url: String,
        /// What is wrong with the URL.
        reason: String,
    },
    /// The server could not be reached, or the connection broke: try again later. Calls that can be
    /// repeated have already been retried.
    #[error("cannot reach {url}; check that the sector is running at that address")]
    Unreachable {
        /// URL of the sector.
        url: String,
        /// Cause.
        #[source]
        source: reqwest::Error,
    },
    /// The server did not respond in time: try again later.
    #[error("the sector at {url} did not answer within {after_ms} ms; try again later")]
    Timeout {
        /// URL of the sector.
        url: String,
        /// Time limit, in milliseconds.
        after_ms: u64,
    },
    /// The server is unavailable (502, 503, 504): try again later.
    #[error("the sector is unavailable, try again later: {0}")]
    Unavailable(Box<Problem>),
    /// Too many requests (429): send fewer, and none before [`Error::retry_after`].
    #[error("rate limit exceeded, send fewer requests: {0}")]
    RateLimited(Box<Problem>),
    /// Missing or invalid credentials (401): log in, or correct the token.
    #[error("{}", not_signed_in(.0))]
    Unauthorized(Box<Problem>),
    /// The caller lacks the permission (403).
    #[error("not allowed: {0}")]
    Forbidden(Box<Problem>),
    /// The events after the given id are no longer kept (410): start over from a snapshot.
    #[error("the events are no longer kept, start over from a snapshot: {0}")]
    HistoryTrimmed(Box<Problem>),
    /// The server does not accept the request: the problem says what to change.
    #[error("refused: {0}")]
    Refused(Box<Problem>),
    /// The server failed (500): report the request id of the problem.
    #[error("the server failed; report the request id to its operator: {0}")]
    Server(Box<Problem>),
    /// The server is not a sector's API: correct the URL.
    #[error(
        "the server at {url} is not a sector's API but {found}; correct the URL (a sector's page serves its API at /api)"
    )]
    NotASector {
        /// URL of the sector.
        url: String,
        /// What the server is instead.
        found: String,
    },
    /// This SDK does not support the sector's version, see [`crate::is_compatible`]: use the SDK of
    /// that version.
    #[error(
        "the sector at {url} has version {server}, which sector-client {sdk} does not support; use sector-client {server}"
    )]
    Version {
        /// URL of the sector.
        url: String,
        /// Version of the server.
        server: String,
        /// Version of this SDK.
        sdk: &'static str,
    },
    /// This version cannot parse the response, although it should: report it.
    #[error(
        "cannot parse a response of the sector at {url} with sector-client {}, please report this: {detail}",
        crate::VERSION
    )]
    Mismatch {
        /// URL of the sector.
        url: String,
        /// What cannot be parsed.
        detail: String,
    },
    /// A proxy buffers the event stream: turn off its response buffering.
    #[error("a proxy in front of {url} buffers the event stream; turn off its response buffering")]
    KeptBack {
        /// URL of the sector.
        url: String,
    },
    /// The response is not an event stream.
    #[error("cannot use the event stream: {0}")]
    Stream(String),
    /// The snapshot contradicts itself: report it.
    #[error("the snapshot contradicts itself; report it")]
    Snapshot(#[from] SnapshotError),
    /// The events do not continue from the known state.
    #[error("the events do not continue from the known state")]
    Mirror(#[from] MirrorError),
    /// This engine does not know the sector's rules: use the SDK of the sector's version.
    #[error(
        "this engine does not know the sector's rules {name:?}; use the SDK of the sector's version: {detail}"
    )]
    Rules {
        /// Name of the rules.
        name: String,
        /// What the engine does not know.
        detail: String,
    },
    /// A key, token or label is malformed. The message does not contain it.
    #[error("invalid credential: {0}")]
    Credential(String),
    /// The login message is not safe to sign: check that this is the right sector.
    #[error("refused to sign the login message: {0}; check that this is the sector you trust")]
    LoginMessage(String),
    /// The pipe to the game broke.
    #[error("the pipe to the game failed")]
    Pipe(#[source] std::io::Error),
    /// This version cannot parse a message of the game: check that both have the same version.
    #[error("cannot parse line {line} of the game: {detail}")]
    Dialogue {
        /// Line number, from 1.
        line: u64,
        /// What cannot be parsed.
        detail: String,
    },
    /// A strategy panicked or is no longer running.
    #[error(
        "strategy {name:?} of {faction} returned no orders for tick {tick}: {detail}; fix it, or restart the bot"
    )]
    Strategy {
        /// Name of the strategy.
        name: &'static str,
        /// Faction it plays.
        faction: FactionId,
        /// Tick of the turn.
        tick: u64,
        /// Cause.
        detail: String,
    },
    /// The system's random number generator failed.
    #[error("cannot get random numbers from the system: {0}")]
    Random(String),
}

impl Error {
    /// The problem document, if the server sent one.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Error::Unavailable(problem)
            | Error::RateLimited(problem)
            | Error::Unauthorized(problem)
            | Error::Forbidden(problem)
            | Error::HistoryTrimmed(problem)
            | Error::Refused(problem)
            | Error::Server(problem) => Some(problem),
            _ => None,
        }
    }

    /// The stable code of the problem, if any.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.problem().map(|problem| problem.code.as_str())
    }

    /// The HTTP status of the problem, if any.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.problem().map(|problem| problem.status)
    }

    /// The request id, as in the server's log, if known.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.problem()?.instance.as_deref()
    }

    /// How long the server asks to wait, if it does.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.problem()?.retry_after
    }

    /// Whether there is no universe now: none has begun, or it was replaced during the call.
    pub(crate) fn is_between_universes(&self) -> bool {
        matches!(self, Error::Refused(problem) if matches!(problem.code.as_str(), "no_universe" | "run_over"))
    }

    /// Whether the sector may be back later: it is unreachable, failing, or between two universes.
    pub(crate) fn is_temporary(&self) -> bool {
        self.is_retryable() || self.is_between_universes() || matches!(self, Error::Server(_))
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Error::Unreachable { .. }
                | Error::Timeout { .. }
                | Error::Unavailable(_)
                | Error::RateLimited(_)
        )
    }
}

/// Message for a 401, with what to do.
fn not_signed_in(problem: &Problem) -> String {
    let advice = match problem.code.as_str() {
        "key_unknown" => "the bot key was revoked or has expired: issue another one",
        "bot_token_wrong" => "the bot token must be the same as on the server",
        "token_expired" | "session_ended" | "refresh_token_unknown" => {
            "the login has expired: log in again"
        }
        _ => "log in with a key, as a guest or with a bot key",
    };
    format!("not signed in; {advice}: {problem}")
}

/// Why the server refused a request (RFC 9457).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// Problem type, as a URI.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// Reason phrase of the status.
    #[serde(default)]
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// Stable code, such as `faction_claimed`.
    pub code: String,
    /// What is wrong, in one sentence.
    #[serde(default)]
    pub detail: String,
    /// The request id, as in the server's log, if known.
    #[serde(default)]
    pub instance: Option<String>,
    /// Invalid fields, if any.
    #[serde(default)]
    pub errors: Vec<FieldProblem>,
    /// How long the server asks to wait, if it does.
    #[serde(skip)]
    pub retry_after: Option<Duration>,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}: {}", self.status, self.code, self.detail)?;
        for error in &self.errors {
            write!(formatter, " [{}: {}]", error.field, error.detail)?;
        }
        if let Some(instance) = &self.instance {
            write!(formatter, " (request {instance})")?;
        }
        Ok(())
    }
}

/// An invalid field of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldProblem {
    /// Path into the body such as `orders[2].faction`, or name of a parameter or header.
    pub field: String,
    /// Value sent; null if missing.
    #[serde(default)]
    pub value: Value,
    /// Allowed values, in words.
    #[serde(default)]
    pub allowed: String,
    /// What is wrong, in one sentence.
    #[serde(default)]
    pub detail: String,
}

impl Error {
    pub(crate) fn unreachable(url: &str, source: reqwest::Error) -> Error {
        Error::Unreachable { url: url.to_owned(), source: source.without_url() }
    }

    pub(crate) fn mismatch(url: &str, detail: impl Into<String>) -> Error {
        Error::Mismatch { url: url.to_owned(), detail: detail.into() }
    }

    pub(crate) fn timeout(url: &str, after: Duration) -> Error {
        let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        Error::Timeout { url: url.to_owned(), after_ms }
    }

    /// The error for a call of the generated client.
    pub(crate) async fn of_call(url: &str, error: progenitor_client::Error<Problem>) -> Error {
        use progenitor_client::Error as Call;
        match error {
            Call::CommunicationError(source)
            | Call::InvalidUpgrade(source)
            | Call::ResponseBodyError(source) => {
                if source.is_builder() {
                    return Error::Address { url: url.to_owned(), reason: source.to_string() };
                }
                Error::unreachable(url, source)
            }
            Call::ErrorResponse(response) => {
                let (status, headers) = (response.status(), response.headers().clone());
                Error::of_problem(status, &headers, response.into_inner())
            }
            Call::UnexpectedResponse(response) => {
                let (status, headers) = (response.status(), response.headers().clone());
                let body = response.bytes().await.unwrap_or_default();
                if !status.is_client_error() && !status.is_server_error() {
                    return Error::mismatch(url, format!("unexpected status {status}"));
                }
                Error::of_answer(status, &headers, &body)
            }
            Call::InvalidResponsePayload(_, error) => Error::mismatch(url, error.to_string()),
            Call::InvalidRequest(detail) | Call::Custom(detail) => Error::mismatch(url, detail),
        }
    }

    /// The error for a response outside of the generated client.
    pub(crate) fn of_answer(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
        let problem =
            serde_json::from_slice(body).unwrap_or_else(|_| Problem::of_other(status, body));
        Error::of_problem(status, headers, problem)
    }

    /// Whether the body is a problem document, as sectors send.
    pub(crate) fn is_of_sector(body: &[u8]) -> bool {
        serde_json::from_slice::<Problem>(body).is_ok()
    }

    /// Whether retrying later may help with this status, from a server or a proxy.
    pub(crate) fn is_passing(status: StatusCode) -> bool {
        matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS
                | StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT
        )
    }

    fn of_problem(status: StatusCode, headers: &HeaderMap, mut problem: Problem) -> Error {
        problem.status = status.as_u16();
        problem.retry_after = retry_after(headers);
        let problem = Box::new(problem);
        match status {
            StatusCode::UNAUTHORIZED => Error::Unauthorized(problem),
            StatusCode::FORBIDDEN => Error::Forbidden(problem),
            StatusCode::GONE => Error::HistoryTrimmed(problem),
            StatusCode::TOO_MANY_REQUESTS => Error::RateLimited(problem),
            StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Error::Unavailable(problem),
            status if status.is_server_error() => Error::Server(problem),
            _ => Error::Refused(problem),
        }
    }
}

impl Problem {
    /// For a response without a problem document: from a failing health check, a proxy, or another
    /// server.
    fn of_other(status: StatusCode, body: &[u8]) -> Problem {
        #[derive(Deserialize)]
        struct Reason {
            reason: String,
        }
        let (code, detail) = match serde_json::from_slice::<Reason>(body) {
            Ok(Reason { reason }) => ("failing", reason),
            Err(_) => {
                ("no_problem", "no reason given; the response may not be from a sector".to_owned())
            }
        };
        Problem {
            kind: "about:blank".into(),
            title: status.canonical_reason().unwrap_or("Error").into(),
            status: status.as_u16(),
            code: code.into(),
            detail,
            instance: None,
            errors: Vec::new(),
            retry_after: None,
        }
    }
}

/// The seconds of `Retry-After`. Sectors do not use its other form, a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(code: &str) -> Problem {
        serde_json::from_value(
            serde_json::json!({ "status": 400, "code": code, "instance": "r-1" }),
        )
        .unwrap()
    }

    #[test]
    fn each_status_has_its_error() {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, reqwest::header::HeaderValue::from_static("7"));
        let error = |status: u16| {
            Error::of_problem(StatusCode::from_u16(status).unwrap(), &headers, problem("x"))
        };
        assert!(matches!(error(401), Error::Unauthorized(_)));
        assert!(matches!(error(403), Error::Forbidden(_)));
        assert!(matches!(error(410), Error::HistoryTrimmed(_)));
        assert!(matches!(error(422), Error::Refused(_)));
        assert!(matches!(error(500), Error::Server(_)));
        for status in [429, 502, 503, 504] {
            assert!(error(status).is_retryable(), "{status}");
        }
        for status in [400, 401, 403, 404, 409, 410, 422, 500] {
            assert!(!error(status).is_retryable(), "{status}");
        }
        let limited = error(429);
        assert_eq!(limited.retry_after(), Some(Duration::from_secs(7)));
        assert_eq!(
            (limited.status(), limited.code(), limited.request_id()),
            (Some(429), Some("x"), Some("r-1"))
        );
    }

    #[test]
    fn messages_name_fields_and_request() {
        let mut problem = problem("order_refused");
        problem.detail = "One order is refused.".into();
        problem.errors.push(FieldProblem {
            field: "orders[0].faction".into(),
            value: "F9".into(),
            allowed: "F1 to F5".into(),
            detail: "There is no such faction.".into(),
        });
        let text = Error::Refused(Box::new(problem)).to_string();
        assert_eq!(
            text,
            "refused: 400 order_refused: One order is refused. [orders[0].faction: There is no such faction.] (request r-1)"
        );
    }
}
