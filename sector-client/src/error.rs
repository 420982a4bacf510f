//! What can go wrong, by what the caller can do about it.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use sector_sim::{FactionId, MirrorError, SnapshotError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something did not work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is no address of an API: correct it.
    #[error(
        "{url:?} is no address of a sector's API: {reason}; write it like http://127.0.0.1:8000"
    )]
    Address {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The server could not be reached, or the answer broke off: try again later. Calls that can be repeated have
    /// been repeated already.
    #[error("nothing answers at {url}; is the sector running, and is that its address?")]
    Unreachable {
        /// Where it should be.
        url: String,
        /// What happened.
        #[source]
        source: reqwest::Error,
    },
    /// No answer came in time: try again later.
    #[error("the sector at {url} did not answer within {after_ms} ms; try again later")]
    Timeout {
        /// Where it should be.
        url: String,
        /// How long was waited, in milliseconds.
        after_ms: u64,
    },
    /// The server answers that it cannot serve at present (502, 503, 504): try again later.
    #[error("the sector is not available now; try again later: {0}")]
    Unavailable(Box<Problem>),
    /// Too many requests (429): send fewer, and none before [`Error::retry_after`].
    #[error("too many requests; send fewer: {0}")]
    RateLimited(Box<Problem>),
    /// It is not known who asks (401): log in, or correct the token.
    #[error("{}", not_signed_in(.0))]
    Unauthorized(Box<Problem>),
    /// It is known who asks, and it is not theirs to do (403): ask for something else.
    #[error("not allowed: {0}")]
    Forbidden(Box<Problem>),
    /// The events after the given id are not kept any more (410): begin again with a snapshot.
    #[error("the events are gone; begin again with a snapshot: {0}")]
    HistoryTrimmed(Box<Problem>),
    /// The server does not accept the request: the problem says what to change.
    #[error("refused: {0}")]
    Refused(Box<Problem>),
    /// The server failed (500): report the request id of the problem.
    #[error("the server failed; tell its operator, with the name of the request: {0}")]
    Server(Box<Problem>),
    /// Something else than a sector's API answers: correct the address.
    #[error(
        "what answers at {url} is no sector's API but {found}; correct the address (behind a sector's page the API is at /api)"
    )]
    NotASector {
        /// Where it should be.
        url: String,
        /// What is there.
        found: String,
    },
    /// The sector is of a version that this one does not understand, see [`crate::is_compatible`]: take the SDK of that
    /// version.
    #[error(
        "the sector at {url} is of version {server}, which sector-client {sdk} does not understand; use sector-client {server}"
    )]
    Version {
        /// Where it is.
        url: String,
        /// Its version.
        server: String,
        /// The version of this SDK.
        sdk: &'static str,
    },
    /// The answer is not one this version understands, though it should be: report it.
    #[error(
        "the sector at {url} answers in a way that sector-client {} does not understand; report it: {detail}",
        crate::VERSION
    )]
    Mismatch {
        /// Where it came from.
        url: String,
        /// What is not understood.
        detail: String,
    },
    /// Something on the way, such as a proxy, keeps the stream of events back: let it pass answers on as they come.
    #[error(
        "something before {url} keeps the stream of events back; let it pass answers on unbuffered"
    )]
    KeptBack {
        /// Where the sector should be.
        url: String,
    },
    /// The response is not an event stream.
    #[error("the stream of events cannot be used: {0}")]
    Stream(String),
    /// The snapshot contradicts itself: report it.
    #[error("the snapshot contradicts itself; report it")]
    Snapshot(#[from] SnapshotError),
    /// The events do not lead on from what is known.
    #[error("the events do not lead on from what is known")]
    Mirror(#[from] MirrorError),
    /// The sector runs under rules that this version of the engine does not know: take the SDK of the sector's version.
    #[error(
        "the sector's rules {name:?} are not known to this engine; use the SDK of the sector's version: {detail}"
    )]
    Rules {
        /// Their name.
        name: String,
        /// What is not known about them.
        detail: String,
    },
    /// A key, token or label is malformed. The message does not contain it.
    #[error("not a credential: {0}")]
    Credential(String),
    /// The login message is not what the caller could sign without harm: ask whether this is the right sector.
    #[error(
        "the login message was not signed, for it is not what it should be: {0}; is this the sector that you trust?"
    )]
    LoginMessage(String),
    /// The pipe to the game failed: there is nobody to play with any more.
    #[error("the pipe to the game failed")]
    Pipe(#[source] std::io::Error),
    /// The game says something that this version does not understand: is it one of the same version?
    #[error("line {line} of the game is not understood: {detail}")]
    Dialogue {
        /// Which line.
        line: u64,
        /// What is not understood.
        detail: String,
    },
    /// A strategy panicked, or cannot be asked: mend it.
    #[error(
        "the strategy {name:?} of {faction} gave no orders for tick {tick}: {detail}; mend the strategy, or start it anew"
    )]
    Strategy {
        /// Its name.
        name: &'static str,
        /// Whom it plays.
        faction: FactionId,
        /// What it was asked about.
        tick: u64,
        /// What happened.
        detail: String,
    },
    /// The system gives no random numbers for a key.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
}

impl Error {
    /// What the server said, if it did.
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

    /// The stable code of what the server said.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.problem().map(|problem| problem.code.as_str())
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.problem().map(|problem| problem.status)
    }

    /// The name of the request in the server's log.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.problem()?.instance.as_deref()
    }

    /// How long the server asks to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.problem()?.retry_after
    }

    /// Whether there is no universe just now: none has begun, or one was replaced while it was asked about.
    pub(crate) fn is_between_universes(&self) -> bool {
        matches!(self, Error::Refused(problem) if matches!(problem.code.as_str(), "no_universe" | "run_over"))
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

/// What a 401 comes to, and what to do about it.
fn not_signed_in(problem: &Problem) -> String {
    let advice = match problem.code.as_str() {
        "key_unknown" => "the bot key was revoked or has expired: issue another one",
        "bot_token_wrong" => "correct the bot token, which must be the one of the server",
        "token_expired" | "session_ended" | "refresh_token_unknown" => {
            "the login has run out: log in again"
        }
        _ => "log in with a key, as a guest or with a bot key",
    };
    format!("not signed in; {advice}: {problem}")
}

/// What the server says about a request that it does not carry out (RFC 9457).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// The kind of problem, as a URI.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// The status in words.
    #[serde(default)]
    pub title: String,
    /// The status of the answer.
    pub status: u16,
    /// The stable code, such as `faction_claimed`.
    pub code: String,
    /// What happened, in a sentence.
    #[serde(default)]
    pub detail: String,
    /// The name of the request in the server's log.
    #[serde(default)]
    pub instance: Option<String>,
    /// The fields at fault.
    #[serde(default)]
    pub errors: Vec<FieldProblem>,
    /// How long the server asks to wait.
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
    /// Where: a path into the body such as `orders[2].faction`, a parameter or a header.
    pub field: String,
    /// What was there; null if nothing.
    #[serde(default)]
    pub value: Value,
    /// What would be allowed there, in words.
    #[serde(default)]
    pub allowed: String,
    /// What is wrong, in a sentence.
    #[serde(default)]
    pub detail: String,
}

impl Error {
    /// The error for a call of the generated client.
    pub(crate) async fn of_call(url: &str, error: progenitor_client::Error<Problem>) -> Error {
        use progenitor_client::Error as Call;
        let mismatch = |detail: String| Error::Mismatch { url: url.to_owned(), detail };
        match error {
            Call::CommunicationError(source)
            | Call::InvalidUpgrade(source)
            | Call::ResponseBodyError(source) => {
                if source.is_builder() {
                    return Error::Address { url: url.to_owned(), reason: source.to_string() };
                }
                Error::Unreachable { url: url.to_owned(), source: source.without_url() }
            }
            Call::ErrorResponse(response) => {
                let (status, headers) = (response.status(), response.headers().clone());
                Error::of_problem(status, &headers, response.into_inner())
            }
            Call::UnexpectedResponse(response) => {
                let (status, headers) = (response.status(), response.headers().clone());
                let body = response.bytes().await.unwrap_or_default();
                if !status.is_client_error() && !status.is_server_error() {
                    return mismatch(format!("the status is {status}"));
                }
                Error::of_answer(status, &headers, &body)
            }
            Call::InvalidResponsePayload(_, error) => mismatch(error.to_string()),
            Call::InvalidRequest(detail) | Call::Custom(detail) => mismatch(detail),
        }
    }

    /// The error for an answer that no generated call received.
    pub(crate) fn of_answer(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
        let problem =
            serde_json::from_slice(body).unwrap_or_else(|_| Problem::of_other(status, body));
        Error::of_problem(status, headers, problem)
    }

    /// Whether a problem document says why, as sectors do.
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
    /// For an answer without a problem document: a failing health check, a proxy between us, or no sector at all.
    fn of_other(status: StatusCode, body: &[u8]) -> Problem {
        #[derive(Deserialize)]
        struct Reason {
            reason: String,
        }
        let (code, detail) = match serde_json::from_slice::<Reason>(body) {
            Ok(Reason { reason }) => ("failing", reason),
            Err(_) => (
                "no_problem",
                "the answer does not say why; it may not come from a sector".to_owned(),
            ),
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

/// The seconds of `Retry-After`. Its other form, a date, is not used by sectors.
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
    fn statuses_become_what_a_caller_can_do() {
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
    fn the_sentence_names_fields_and_request() {
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
