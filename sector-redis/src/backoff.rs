//! How long to wait before the next attempt: exponential with full jitter, so that many clients of a store that
//! comes back do not all return at once.

use std::time::Duration;

/// Waits that grow from attempt to attempt.
#[derive(Debug, Clone)]
pub struct Backoff {
    first_ms: u64,
    most_ms: u64,
    attempts: u32,
}

impl Default for Backoff {
    /// From 100 ms to 3 s.
    fn default() -> Self {
        Self::new(Duration::from_millis(100), Duration::from_secs(3))
    }
}

impl Backoff {
    /// Waits of at most `first`, then twice that, and so on up to `most`.
    #[must_use]
    pub fn new(first: Duration, most: Duration) -> Self {
        let ms =
            |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).max(1);
        Self { first_ms: ms(first), most_ms: ms(most), attempts: 0 }
    }

    /// How long to wait before the next attempt. `random` is any number; it is spread over the wait.
    pub fn next_wait(&mut self, random: u64) -> Duration {
        let most = self.first_ms.saturating_mul(1 << self.attempts.min(20)).min(self.most_ms);
        self.attempts = self.attempts.saturating_add(1);
        Duration::from_millis(random % most + 1)
    }

    /// Waits before the next attempt, for a time drawn at random.
    pub async fn wait(&mut self) {
        // Without randomness there is no jitter, which is no reason to stop.
        let random = getrandom::u64().unwrap_or(u64::MAX);
        tokio::time::sleep(self.next_wait(random)).await;
    }

    /// Begins anew, after a success.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_limit_and_begin_anew() {
        let mut backoff = Backoff::default();
        let mut longest =
            || (0..8).map(|_| backoff.next_wait(u64::MAX - 15).as_millis()).collect::<Vec<_>>();
        let first = longest();
        assert!(first.iter().all(|wait| (1..=3_000).contains(wait)), "{first:?}");
        let mut backoff = Backoff::default();
        assert_eq!(backoff.next_wait(99).as_millis(), 100);
        assert_eq!(backoff.next_wait(199).as_millis(), 200);
        assert_eq!(backoff.next_wait(399).as_millis(), 400);
        for _ in 0..100 {
            assert!(backoff.next_wait(2_999).as_millis() <= 3_000);
        }
        backoff.reset();
        assert_eq!(backoff.next_wait(99).as_millis(), 100);
    }
}
