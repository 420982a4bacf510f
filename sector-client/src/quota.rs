//! Remaining quotas, so that requests wait instead of being rejected.
//!
//! Every response has the quotas of its request: `RateLimit-Policy: "reads";q=600;w=60` is the
//! capacity of a bucket and the seconds in which it refills, `RateLimit: "reads";r=12;t=59` the
//! remaining requests. While a quota of an operation is empty, calls of that operation wait until
//! one request has been refilled.

use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;
use reqwest::header::HeaderMap;
use tokio::time::Instant;

/// Longest wait; after that, the request is sent anyway, and the server decides.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Largest number of quotas stored, in case a server invents names.
const QUOTAS_MAX: usize = 32;

/// Remaining quotas, and the operations that they apply to.
#[derive(Debug, Default)]
pub(crate) struct Quotas {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    quotas: BTreeMap<String, Left>,
    measures: BTreeMap<&'static str, Vec<String>>,
}

/// Remaining requests of a quota at a point in time.
#[derive(Clone, Copy, Debug)]
struct Left {
    /// Remaining requests; refilled continuously, so not a whole number.
    remaining: f64,
    /// Capacity of the bucket.
    most: f64,
    /// Requests refilled per second.
    rate: f64,
    at: Instant,
}

impl Left {
    fn refill(&mut self, now: Instant) {
        let refilled = now.saturating_duration_since(self.at).as_secs_f64() * self.rate;
        self.remaining = (self.remaining + refilled).min(self.most);
        self.at = now;
    }
}

impl Quotas {
    /// Waits until the known quotas of the operation allow another request.
    pub(crate) async fn wait(&self, operation: &'static str) {
        let wait = self.take(operation, Instant::now());
        if !wait.is_zero() {
            tracing::debug!(operation, ?wait, "waiting for a quota");
            tokio::time::sleep(wait).await;
        }
    }

    /// Takes a request from each quota and returns how long to wait before sending. Later callers
    /// wait longer.
    fn take(&self, operation: &'static str, now: Instant) -> Duration {
        let mut known = self.known.lock();
        let Known { quotas, measures } = &mut *known;
        let mut wait = Duration::ZERO;
        for name in measures.get(operation).into_iter().flatten() {
            let Some(left) = quotas.get_mut(name) else { continue };
            left.refill(now);
            left.remaining -= 1.0;
            if left.remaining < 0.0 {
                let seconds = (-left.remaining / left.rate).min(LONGEST_WAIT.as_secs_f64());
                wait = wait.max(Duration::from_secs_f64(seconds));
            }
        }
        wait
    }

    /// Reads the quotas from the headers of a response.
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
        let mut known = self.known.lock();
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
            // The server's number replaces our own, since it includes all requests that arrived.
            known.quotas.insert(name.clone(), Left { remaining, most, rate, at: now });
            names.push(name);
        }
        if !names.is_empty() {
            known.measures.insert(operation, names);
        }
    }
}

/// Members of a list such as `"reads";r=12;t=59, "all";r=3;t=1`: the name and two parameters of
/// each.
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
    fn requests_wait_while_a_quota_is_empty() {
        let (quotas, now) = (Quotas::default(), Instant::now());
        assert_eq!(quotas.take("orders", now), Duration::ZERO);
        // 2 requests per second; one remaining request of the first quota, many of the second.
        let told = headers(
            "\"orders\";q=120;w=60, \"all\";q=600;w=60",
            "\"orders\";r=1;t=60, \"all\";r=500;t=9",
        );
        quotas.learn_at("orders", &told, now);
        assert_eq!(quotas.take("orders", now), Duration::ZERO);
        assert_eq!(quotas.take("orders", now), Duration::from_millis(500));
        // Simultaneous callers wait for different times.
        assert_eq!(quotas.take("orders", now), Duration::from_secs(1));
        // Other operations do not wait.
        assert_eq!(quotas.take("snapshot", now), Duration::ZERO);
        // Refilled, up to its capacity.
        assert_eq!(quotas.take("orders", now + Duration::from_secs(3_600)), Duration::ZERO);
        quotas.learn_at("orders", &headers("\"orders\";q=1;w=3600", "\"orders\";r=0;t=3600"), now);
        assert_eq!(quotas.take("orders", now), LONGEST_WAIT);
    }

    #[test]
    fn invalid_quotas_are_ignored() {
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
    async fn waits_until_refilled() {
        let quotas = Quotas::default();
        quotas.learn("orders", &headers("\"orders\";q=60;w=60", "\"orders\";r=0;t=60"));
        let before = Instant::now();
        quotas.wait("orders").await;
        assert_eq!(before.elapsed(), Duration::from_secs(1));
    }
}
