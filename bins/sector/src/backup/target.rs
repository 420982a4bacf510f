//! The store that a tool works on: a directory or a Redis.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use process_kit::KeyConfig;
use sector_auth::Secret;
use sector_redis::archive::Archive;
use sector_redis::{Place, StoreOptions};

use crate::tool::Error;

/// Long, because a response can contain a whole sector.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(300);

#[derive(Debug, Args)]
pub(crate) struct Target {
    /// Data directory of the sector
    #[arg(long, value_name = "DIR", conflicts_with = "redis", required_unless_present = "redis")]
    pub(crate) data: Option<PathBuf>,
    /// Redis of the sector: `redis://…`, `redis+unix:///path`, `redis-cluster://…` or
    /// `redis-sentinel://…`
    #[arg(
        long,
        env = "REDIS_URL",
        hide_env_values = true,
        value_name = "URL",
        help = "The Redis of the sector: redis://[user:password@]host[:port][/database], redis+unix:///path, \
                redis-cluster://[user:password@]host[:port],… or redis-sentinel://[user:password@]host[:port],…/master"
    )]
    pub(crate) redis: Option<Secret>,
    #[command(flatten)]
    pub(crate) keys: KeyConfig,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.data, &self.keys.sector_id) {
            (Some(directory), _) => write!(f, "the sector in {}", directory.display()),
            (None, Some(id)) => write!(f, "sector {id} in Redis"),
            (None, None) => write!(f, "the sector in Redis"),
        }
    }
}

impl Target {
    /// Kind of the store.
    pub(crate) fn backend(&self) -> &'static str {
        if self.data.is_some() { "a directory" } else { "Redis" }
    }

    pub(crate) fn place(&self) -> Place {
        match process_kit::store::place(self.data.clone(), self.redis.as_ref(), &self.keys) {
            Place::Redis(mut options) => {
                options.command_timeout = COMMAND_TIMEOUT;
                Place::Redis(options)
            }
            other => other,
        }
    }

    /// Options to open it.
    pub(crate) fn options(&self) -> StoreOptions {
        StoreOptions { keep_runs: usize::MAX, ..StoreOptions::new(self.place()) }
    }

    /// Opens an existing store.
    pub(crate) async fn open_existing(&self) -> Result<std::sync::Arc<dyn Archive>, Error> {
        if !sector_redis::exists(&self.place()).await.map_err(|error| self.explain(error))? {
            let hint =
                if self.data.is_some() { "check --data" } else { "check --redis and --sector-id" };
            return Err(format!("{self} does not exist; {hint}").into());
        }
        sector_redis::open_archive(self.options()).await.map_err(|error| self.explain(error))
    }

    /// Adds advice for a directory that is in use.
    pub(crate) fn explain(&self, error: sector_redis::Error) -> Error {
        let message = error.to_string();
        if self.data.is_some() && message.contains("is in use by") {
            return format!("{message} (only one process can use a directory; stop it first)")
                .into();
        }
        error.into()
    }
}
