//! Pauses between attempts: exponential back-off with full jitter, so that clients do not all
//! return at the same moment.
//!
//! Kept by hand: this crate is published, so it cannot use the one of `sector-redis`, and no
//! library offers full jitter with a minimum from `Retry-After` in less code.

use std::time::Duration;

/// Pauses that grow from attempt to attempt.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    most: Duration,
    attempts: u32,
}

impl Backoff {
    /// Pauses of at most `first`, then twice that, and so on up to `most`.
    pub(crate) fn new(first: Duration, most: Duration) -> Backoff {
        Backoff { first, most, attempts: 0 }
    }

    /// Number of pauses since the start or the last reset.
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Starts over, after a success.
    pub(crate) fn reset(&mut self) {
        self.attempts = 0;
    }

    /// The next pause, at least `least`. `random` selects a pause within the range.
    pub(crate) fn next(&mut self, random: u64, least: Option<Duration>) -> Duration {
        let most = self.first.saturating_mul(1 << self.attempts.min(20)).min(self.most);
        self.attempts = self.attempts.saturating_add(1);
        let most_ms = u64::try_from(most.as_millis()).unwrap_or(u64::MAX - 1);
        let wait = Duration::from_millis(random % (most_ms + 1));
        wait.max(least.unwrap_or_default())
    }

    /// Pauses before the next attempt, for at least `least`.
    pub(crate) async fn wait(&mut self, least: Option<Duration>) {
        // Without random numbers, continue without jitter.
        let random = getrandom::u64().unwrap_or(u64::MAX);
        tokio::time::sleep(self.next(random, least)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_limit_and_respect_the_minimum() {
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
