//! Time and chance, passed in.

use std::fmt;
use std::sync::Arc;

use crate::error::Error;

/// Where a worker takes the time of day and chance from.
#[derive(Clone)]
pub struct Sources {
    /// Milliseconds since 1970.
    pub now_ms: Arc<dyn Fn() -> u64 + Send + Sync>,
    /// 64 random bits.
    pub random: Arc<dyn Fn() -> Result<u64, Error> + Send + Sync>,
}

impl Sources {
    /// Those of the system.
    #[must_use]
    pub fn system() -> Sources {
        let now_ms = || {
            let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
        };
        let random = || getrandom::u64().map_err(|error| Error::Random(error.to_string()));
        Sources { now_ms: Arc::new(now_ms), random: Arc::new(random) }
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sources").finish_non_exhaustive()
    }
}
