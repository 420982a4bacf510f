//! What every answer says of the quotas that measured its request.
//!
//! The form is that of draft-ietf-httpapi-ratelimit-headers-10: lists of structured fields, one
//! member a quota. `RateLimit-Policy: "reads";q=600;w=60` says what a full bucket holds and in how
//! many seconds it fills; `RateLimit: "reads";r=12;t=59` what is left and in how many seconds the
//! bucket is full again. On a refusal `t` of the quota that refused is the moment at which the
//! request would be allowed, as `Retry-After` says it too.

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::bucket::Decision;
use super::gate::Quota;
use crate::problem::Problem;

/// About as long is what is said of one quota, in bytes.
const MEMBER_BYTES: usize = 48;

/// Header that lists the quotas.
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Header that says what is left of them.
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// How the quotas that measured one request stand after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    answers: Vec<Answer>,
    policy: HeaderValue,
}

/// What one quota said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) quota: Quota,
    /// Where the quota is among those of its gate, and whose bucket it was.
    pub(super) place: usize,
    pub(super) key: u128,
    pub(super) decision: Decision,
}

impl Standing {
    /// The policy is that of the answers' quotas; where it is not known, it is written.
    pub(super) fn new(answers: Vec<Answer>, policy: Option<HeaderValue>) -> Self {
        let policy =
            policy.unwrap_or_else(|| self::policy(answers.iter().map(|answer| &answer.quota)));
        Self { answers, policy }
    }

    /// Whether all of them allowed it.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.answers.iter().all(|answer| answer.decision.allowed)
    }

    /// Puts both headers there, unless nothing measured the request.
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
            "The quota \"{}\" allows {} in {} s and is used up; try again in {seconds} s.",
            quota.name, quota.burst, quota.window_s
        );
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail)
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

/// What is said of quotas whatever is left of them.
pub(super) fn policy<'a>(quotas: impl IntoIterator<Item = &'a Quota>) -> HeaderValue {
    let mut policy = List::with_capacity(0);
    for Quota { name, burst, window_s, .. } in quotas {
        policy.member(name, ("q", (*burst).into()), ("w", (*window_s).into()));
    }
    policy.value()
}

/// A list of structured fields, put together without the machinery of formatting: every answer has one.
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
        // The gate lets only plain names in, so there is nothing that a header could not hold.
        HeaderValue::from_maybe_shared(Bytes::from(self.0)).unwrap_or(HeaderValue::from_static(""))
    }
}

/// Rounded up.
fn seconds(ms: u64) -> u64 {
    ms.div_ceil(1_000)
}
