//! How to reach Redis.

use std::fmt;
use std::time::Duration;

use crate::keys::KeyNames;

/// How long a command may take unless configured otherwise.
const DEFAULT_COMMAND_TIMEOUT: Duration = Duration::from_secs(3);

/// How to reach Redis, and what the keys are called.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisOptions {
    /// `redis://[user:password@]host[:port][/database]`, `redis+unix:///path`,
    /// `redis-cluster://[user:password@]host[:port],…` with any nodes of the cluster, or
    /// `redis-sentinel://[user:password@]host[:port],…/master[/database]` with the sentinels, which
    /// are asked without a user.
    pub url: String,
    /// The names of the keys.
    pub names: KeyNames,
    /// How long a command may take, waiting for a lost connection included.
    pub command_timeout: Duration,
}

impl RedisOptions {
    /// The usual options for a URL.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            names: KeyNames::default(),
            command_timeout: DEFAULT_COMMAND_TIMEOUT,
        }
    }
}

impl fmt::Debug for RedisOptions {
    /// Leaves out the URL, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisOptions")
            .field("names", &self.names)
            .field("command_timeout", &self.command_timeout)
            .finish_non_exhaustive()
    }
}
