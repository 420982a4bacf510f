//! `RateLimit` headers of responses.
//!
//! The format is draft-ietf-httpapi-ratelimit-headers-10: structured lists with one member per
//! quota. `RateLimit-Policy: "reads";q=600;w=60` is burst and window in seconds; `RateLimit:
//! "reads";r=12;t=59` is what is left and the seconds until the bucket is full. On a refusal, `t`
//! of the refusing quota is the time until the request would be allowed, as in `Retry-After`.

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::bucket::Decision;
use super::gate::Quota;
use crate::catalogue;
use crate::problem::Problem;

/// About the length of one member, in bytes.
const MEMBER_BYTES: usize = 48;

/// Header with the quotas.
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Header with what is left of them.
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// State of the quotas that counted a request, after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    answers: Vec<Answer>,
    policy: HeaderValue,
}

/// Result of one quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) quota: Quota,
    /// Index of the quota in its gate, and the bucket's key.
    pub(super) place: usize,
    pub(super) key: u128,
    pub(super) decision: Decision,
}

impl Standing {
    /// The policy header of the class; written on demand where unknown.
    pub(super) fn new(answers: Vec<Answer>, policy: Option<HeaderValue>) -> Self {
        let policy =
            policy.unwrap_or_else(|| self::policy(answers.iter().map(|answer| &answer.quota)));
        Self { answers, policy }
    }

    /// Whether all quotas allowed the request.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.answers.iter().all(|answer| answer.decision.allowed)
    }

    /// Adds both headers, unless no quota counted the request.
    pub fn write(&self, headers: &mut HeaderMap) {
        if self.answers.is_empty() {
            return;
        }
        headers.insert(RATE_LIMIT_POLICY, self.policy.clone());
        headers.insert(RATE_LIMIT, self.state());
    }

    /// 429 `rate_limited` with all headers.
    pub(super) fn refusal(&self) -> Problem {
        let refused = self.answers.iter().filter(|answer| !answer.decision.allowed);
        let Some(Answer { quota, decision, .. }) =
            refused.max_by_key(|answer| answer.decision.retry_after_ms)
        else {
            return Problem::too_many_requests(1);
        };
        let seconds = seconds(decision.retry_after_ms).max(1);
        let detail = format!(
            "The quota \"{}\" of {} in {} s is used up; retry in {seconds} s.",
            quota.name, quota.burst, quota.window_s
        );
        Problem::new(StatusCode::TOO_MANY_REQUESTS, catalogue::RATE_LIMITED, detail)
            .with_header(RETRY_AFTER, HeaderValue::from(seconds))
            .with_header(RATE_LIMIT_POLICY, self.policy.clone())
            .with_header(RATE_LIMIT, self.state())
    }

    fn state(&self) -> HeaderValue {
        let mut state = List::with_capacity(self.answers.len());
        for Answer { quota, decision, .. } in &self.answers {
            let until_ms =
                if decision.allowed { decision.reset_ms } else { decision.retry_after_ms };
            state.member(quota.name, ("r", decision.remaining.into()), ("t", seconds(until_ms)));
        }
        state.value()
    }
}

/// The policy header, which does not depend on what is left.
pub(super) fn policy<'a>(quotas: impl IntoIterator<Item = &'a Quota>) -> HeaderValue {
    let mut policy = List::with_capacity(0);
    for Quota { name, burst, window_s, .. } in quotas {
        policy.member(name, ("q", (*burst).into()), ("w", (*window_s).into()));
    }
    policy.value()
}

/// A structured list, built without formatting machinery because every response has one.
struct List(Vec<u8>);

impl List {
    fn with_capacity(members: usize) -> Self {
        Self(Vec::with_capacity(members * MEMBER_BYTES))
    }

    fn member(&mut self, name: &str, first: (&str, u64), second: (&str, u64)) {
        let List(bytes) = self;
        if !bytes.is_empty() {
            bytes.extend_from_slice(b", ");
        }
        bytes.push(b'"');
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(b'"');
        for (parameter, number) in [first, second] {
            bytes.push(b';');
            bytes.extend_from_slice(parameter.as_bytes());
            bytes.push(b'=');
            bytes.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        }
    }

    fn value(self) -> HeaderValue {
        // Names are restricted by the gate, so every header value is valid.
        HeaderValue::from_maybe_shared(Bytes::from(self.0)).unwrap_or(HeaderValue::from_static(""))
    }
}

/// Rounds up.
fn seconds(ms: u64) -> u64 {
    ms.div_ceil(1_000)
}
