//! Time, randomness and rules, passed in.

use std::fmt;
use std::sync::Arc;

use sector_redis::Backoff;
use sector_sim::Rules;

use crate::error::Error;

/// Sources of the wall clock, randomness and the rules of new universes.
#[derive(Clone)]
pub struct Sources {
    /// Milliseconds since the Unix epoch.
    pub now_ms: Arc<dyn Fn() -> u64 + Send + Sync>,
    /// 64 random bits.
    pub random: Arc<dyn Fn() -> Result<u64, Error> + Send + Sync>,
    /// Rules of new universes; a recovered universe keeps its own.
    pub rules: Arc<Rules>,
}

impl Sources {
    /// The system's sources and the classic rules.
    #[must_use]
    pub fn system() -> Sources {
        let now_ms = || {
            let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
        };
        let random = || getrandom::u64().map_err(|error| Error::Random(error.to_string()));
        Sources {
            now_ms: Arc::new(now_ms),
            random: Arc::new(random),
            rules: Arc::new(Rules::classic()),
        }
    }

    /// Waits for the next retry.
    pub(crate) async fn wait(&self, backoff: &mut Backoff) {
        // Without randomness there is no jitter, which is acceptable.
        let random = (self.random)().unwrap_or(u64::MAX);
        tokio::time::sleep(backoff.next_wait(random)).await;
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sources").finish_non_exhaustive()
    }
}
