//! Polling with a deadline.

use std::time::{Duration, Instant};

/// Pause between two attempts.
const PAUSE: Duration = Duration::from_millis(10);

/// Calls `attempt` until it returns a value, and returns that value. Time is tokio's, so a test may
/// pause it.
///
/// # Panics
/// When there is no value within `limit`; the message has `what` was expected.
#[expect(clippy::panic, reason = "a test that waits in vain must fail")]
pub async fn eventually<T>(
    what: &str,
    limit: Duration,
    mut attempt: impl AsyncFnMut() -> Option<T>,
) -> T {
    let attempts = async {
        loop {
            if let Some(found) = attempt().await {
                return found;
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::time::timeout(limit, attempts)
        .await
        .unwrap_or_else(|_| panic!("not within {limit:?}: {what}"))
}

/// The same for tests without a runtime.
///
/// # Panics
/// When there is no value within `limit`; the message has `what` was expected.
#[expect(clippy::panic, reason = "a test that waits in vain must fail")]
pub fn eventually_blocking<T>(
    what: &str,
    limit: Duration,
    mut attempt: impl FnMut() -> Option<T>,
) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = attempt() {
            return found;
        }
        if began.elapsed() > limit {
            panic!("not within {limit:?}: {what}");
        }
        std::thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn the_first_value_is_returned() {
        let mut attempts = 0;
        let found = eventually("three", LIMIT, async || {
            attempts += 1;
            (attempts == 3).then_some(attempts)
        });
        assert_eq!(found.await, 3);
    }

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "not within 1s: the sun")]
    async fn the_deadline_holds_and_says_what_is_missing() {
        eventually("the sun", LIMIT, async || None::<()>).await;
    }

    #[test]
    #[should_panic(expected = "not within 20ms: the sun")]
    fn the_deadline_holds_without_a_runtime() {
        eventually_blocking("the sun", Duration::from_millis(20), || None::<()>);
    }
}
