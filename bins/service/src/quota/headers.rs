//! What every answer says of the quotas that measured its request.
//!
//! The form is that of draft-ietf-httpapi-ratelimit-headers-10: lists of structured fields, one
//! member a quota. `RateLimit-Policy: "reads";q=600;w=60` says what a full bucket holds and in how
//! many seconds it fills; `RateLimit: "reads";r=12;t=59` what is left and in how many seconds the
//! bucket is full again. On a refusal `t` of the quota that refused is the moment at which the
//! request would be allowed, as `Retry-After` says it too.

use std::fmt::Write;
use std::sync::{Arc, OnceLock};

use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::bucket::Decision;
use super::gate::Quota;
use crate::problem::Problem;

/// Header that lists the quotas.
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Header that says what is left of them.
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// How the quotas that measured one request stand after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    answers: Vec<(Quota, Decision)>,
}

impl Standing {
    pub(super) fn new(answers: Vec<(Quota, Decision)>) -> Self {
        Self { answers }
    }

    /// Whether all of them allowed it.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.answers.iter().all(|(_, decision)| decision.allowed)
    }

    /// Puts both headers there, unless nothing measured the request.
    pub fn write(&self, headers: &mut HeaderMap) {
        if self.answers.is_empty() {
            return;
        }
        let [policy, state] = self.values();
        headers.insert(RATE_LIMIT_POLICY, policy);
        headers.insert(RATE_LIMIT, state);
    }

    /// 429 `rate_limited` with all headers.
    pub(super) fn refusal(&self) -> Problem {
        let refused = self.answers.iter().filter(|(_, decision)| !decision.allowed);
        let Some((quota, decision)) = refused.max_by_key(|(_, decision)| decision.retry_after_ms) else {
            return Problem::too_many_requests(1);
        };
        let seconds = seconds(decision.retry_after_ms).max(1);
        let detail = format!(
            "The quota \"{}\" allows {} in {} s and is used up; try again in {seconds} s.",
            quota.name, quota.burst, quota.window_s
        );
        let [policy, state] = self.values();
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail)
            .with_header(RETRY_AFTER, HeaderValue::from(seconds))
            .with_header(RATE_LIMIT_POLICY, policy)
            .with_header(RATE_LIMIT, state)
    }

    fn values(&self) -> [HeaderValue; 2] {
        let (mut policy, mut state) = (String::new(), String::new());
        for (quota, decision) in &self.answers {
            if !policy.is_empty() {
                policy.push_str(", ");
                state.push_str(", ");
            }
            let until_ms = if decision.allowed { decision.reset_ms } else { decision.retry_after_ms };
            let Quota { name, burst, window_s, .. } = quota;
            let (remaining, until) = (decision.remaining, seconds(until_ms));
            // Writing into a string cannot fail.
            let _ = write!(policy, "\"{name}\";q={burst};w={window_s}");
            let _ = write!(state, "\"{name}\";r={remaining};t={until}");
        }
        // The gate lets only plain names in, so there is nothing that a header could not hold.
        [policy, state].map(|text| HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("")))
    }
}

/// Rounded up.
fn seconds(ms: u64) -> u64 {
    ms.div_ceil(1_000)
}

/// Where a request's standing waits for the answer. [`crate::serve::serve`] puts one into each
/// request's extensions and writes what it holds on the answer, whoever gives it.
#[derive(Debug, Clone, Default)]
pub struct Slot(Arc<OnceLock<Standing>>);

impl Slot {
    /// Leaves the standing here. The first stays: it belongs to the request, others to its parts.
    pub fn fill(&self, standing: Standing) {
        let _ = self.0.set(standing);
    }

    /// What was left here.
    #[must_use]
    pub fn standing(&self) -> Option<&Standing> {
        self.0.get()
    }
}
