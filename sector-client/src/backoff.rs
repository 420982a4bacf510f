//! How long to wait before the next attempt: exponential with full jitter, so that many clients of a server that comes
//! back do not all return at once.

use std::time::Duration;

/// Waits that grow from attempt to attempt.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    most: Duration,
    attempts: u32,
}

impl Backoff {
    /// Waits of at most `first`, then twice that, and so on up to `most`.
    pub(crate) fn new(first: Duration, most: Duration) -> Backoff {
        Backoff { first, most, attempts: 0 }
    }

    /// How many waits there were since the beginning.
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Begins anew, after a success.
    pub(crate) fn reset(&mut self) {
        self.attempts = 0;
    }

    /// The next wait, but no less than `least`. `random` is any number; it is spread over the wait.
    pub(crate) fn next(&mut self, random: u64, least: Option<Duration>) -> Duration {
        let most = self.first.saturating_mul(1 << self.attempts.min(20)).min(self.most);
        self.attempts = self.attempts.saturating_add(1);
        let most_ms = u64::try_from(most.as_millis()).unwrap_or(u64::MAX - 1);
        let wait = Duration::from_millis(random % (most_ms + 1));
        wait.max(least.unwrap_or_default())
    }

    /// Waits before the next attempt, but no less than `least`.
    pub(crate) async fn wait(&mut self, least: Option<Duration>) {
        // Without randomness there is no jitter, which is no reason to stop.
        let random = getrandom::u64().unwrap_or(u64::MAX);
        tokio::time::sleep(self.next(random, least)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_limit_and_heed_the_server() {
        let ms = Duration::from_millis;
        let mut backoff = Backoff::new(ms(100), ms(1_000));
        assert_eq!(backoff.next(100, None), ms(100));
        assert_eq!(backoff.next(200, None), ms(200));
        assert_eq!(backoff.next(400, None), ms(400));
        assert_eq!(backoff.next(800, None), ms(800));
        assert_eq!(backoff.next(1_000, None), ms(1_000));
        assert_eq!(backoff.next(1_001, None), ms(0));
        assert_eq!(backoff.next(5, Some(ms(7_000))), ms(7_000));
        backoff.reset();
        assert_eq!(backoff.next(101, None), ms(0));
    }
}
