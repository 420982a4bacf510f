//! What the server says is left of its quotas, so that requests wait instead of being refused.
//!
//! Every answer tells the quotas that measured its request: `RateLimit-Policy: "reads";q=600;w=60` says what a full
//! bucket holds and in how many seconds it fills, `RateLimit: "reads";r=12;t=59` what is left. A call to an operation
//! waits while one of the quotas that measured it before is empty, for as long as one request takes to grow back.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderMap;
use tokio::time::Instant;

/// The longest wait before a request is sent all the same, for the server to decide.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Most quotas that are remembered, in case a server makes names up.
const QUOTAS_MAX: usize = 32;

/// What is left of the quotas, and which operations they measure.
#[derive(Debug, Default)]
pub(crate) struct Quotas {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    quotas: BTreeMap<String, Left>,
    measures: BTreeMap<&'static str, Vec<String>>,
}

/// What was left of a quota at a time.
#[derive(Clone, Copy, Debug)]
struct Left {
    /// Requests, in parts: they grow back evenly.
    remaining: f64,
    /// What a full bucket holds.
    most: f64,
    /// Requests that grow back in a second.
    rate: f64,
    at: Instant,
}

impl Left {
    fn grow(&mut self, now: Instant) {
        let grown = now.saturating_duration_since(self.at).as_secs_f64() * self.rate;
        self.remaining = (self.remaining + grown).min(self.most);
        self.at = now;
    }
}

impl Quotas {
    /// Waits until the quotas of the operation allow another request, as far as is known.
    pub(crate) async fn wait(&self, operation: &'static str) {
        let wait = self.take(operation, Instant::now());
        if !wait.is_zero() {
            tracing::debug!(operation, ?wait, "waiting for the quota");
            tokio::time::sleep(wait).await;
        }
    }

    /// Takes a request from each quota and returns how long to wait before sending. Later callers wait longer.
    fn take(&self, operation: &'static str, now: Instant) -> Duration {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Known { quotas, measures } = &mut *known;
        let mut wait = Duration::ZERO;
        for name in measures.get(operation).into_iter().flatten() {
            let Some(left) = quotas.get_mut(name) else { continue };
            left.grow(now);
            left.remaining -= 1.0;
            if left.remaining < 0.0 {
                let seconds = (-left.remaining / left.rate).min(LONGEST_WAIT.as_secs_f64());
                wait = wait.max(Duration::from_secs_f64(seconds));
            }
        }
        wait
    }

    /// Learns from an answer.
    pub(crate) fn learn(&self, operation: &'static str, headers: &HeaderMap) {
        self.learn_at(operation, headers, Instant::now());
    }

    fn learn_at(&self, operation: &'static str, headers: &HeaderMap, now: Instant) {
        let text = |name: &str| {
            headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
        };
        let policies: BTreeMap<String, [Option<f64>; 2]> =
            members(text("ratelimit-policy"), ["q", "w"]).collect();
        let mut names = Vec::new();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, state) in members(text("ratelimit"), ["r", "t"]) {
            let ([Some(remaining), _], Some(&[Some(most), Some(window)])) =
                (state, policies.get(&name))
            else {
                continue;
            };
            if window <= 0.0
                || most <= 0.0
                || known.quotas.len() >= QUOTAS_MAX && !known.quotas.contains_key(&name)
            {
                continue;
            }
            let rate = most / window;
            // Waiting for less than the server says is left would be no use, and those before us are on their way.
            let told = Left { remaining, most, rate, at: now };
            known.quotas.insert(name.clone(), told);
            names.push(name);
        }
        if !names.is_empty() {
            known.measures.insert(operation, names);
        }
    }
}

/// The members of a list such as `"reads";r=12;t=59, "all";r=3;t=1`: their names and two of their numbers.
fn members<'a>(
    text: &'a str,
    keys: [&'a str; 2],
) -> impl Iterator<Item = (String, [Option<f64>; 2])> + 'a {
    text.split(',').filter_map(move |member| {
        let mut parts = member.split(';').map(str::trim);
        let name = parts.next()?.strip_prefix('"')?.strip_suffix('"')?;
        let mut numbers = [None; 2];
        for (key, value) in parts.filter_map(|part| part.split_once('=')) {
            if let Some(place) = keys.iter().position(|wanted| *wanted == key) {
                numbers[place] = value.parse::<u32>().ok().map(f64::from);
            }
        }
        Some((name.to_owned(), numbers))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(policy: &str, state: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("ratelimit-policy", policy.parse().unwrap());
        headers.insert("ratelimit", state.parse().unwrap());
        headers
    }

    #[test]
    fn requests_wait_when_a_quota_is_empty_and_for_as_long_as_it_takes() {
        let (quotas, now) = (Quotas::default(), Instant::now());
        assert_eq!(quotas.take("orders", now), Duration::ZERO);
        // Two a second; nothing is left of the one, much of the other.
        let told = headers(
            "\"orders\";q=120;w=60, \"all\";q=600;w=60",
            "\"orders\";r=1;t=60, \"all\";r=500;t=9",
        );
        quotas.learn_at("orders", &told, now);
        assert_eq!(quotas.take("orders", now), Duration::ZERO);
        assert_eq!(quotas.take("orders", now), Duration::from_millis(500));
        // Those who come together do not all go after the same wait.
        assert_eq!(quotas.take("orders", now), Duration::from_secs(1));
        // Other operations are not held up.
        assert_eq!(quotas.take("snapshot", now), Duration::ZERO);
        // It grows back, and no more than there is room for.
        assert_eq!(quotas.take("orders", now + Duration::from_secs(3_600)), Duration::ZERO);
        quotas.learn_at("orders", &headers("\"orders\";q=1;w=3600", "\"orders\";r=0;t=3600"), now);
        assert_eq!(quotas.take("orders", now), LONGEST_WAIT);
    }

    #[test]
    fn what_is_no_quota_is_passed_over() {
        let (quotas, now) = (Quotas::default(), Instant::now());
        for (policy, state) in [
            ("", ""),
            ("reads;q=1;w=1", "reads;r=0;t=1"),
            ("\"reads\";q=0;w=0", "\"reads\";r=0;t=1"),
            ("\"reads\";q=x;w=1", "\"reads\";r=0"),
            ("\"reads\"", "\"reads\";;r=0;=,;"),
        ] {
            quotas.learn_at("reads", &headers(policy, state), now);
            assert_eq!(quotas.take("reads", now), Duration::ZERO, "{policy} {state}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_takes_that_long() {
        let quotas = Quotas::default();
        quotas.learn("orders", &headers("\"orders\";q=60;w=60", "\"orders\";r=0;t=60"));
        let before = Instant::now();
        quotas.wait("orders").await;
        assert_eq!(before.elapsed(), Duration::from_secs(1));
    }
}
