//! Store options, shared by all services with a store.

use std::path::PathBuf;
use std::sync::Arc;

use sector_auth::Secret;
use sector_redis::{KeyNames, Place, RedisOptions, SectorId, Store, StoreOptions};

use crate::error::ServiceError;
use crate::metrics::{Metrics, StoreMetrics};

/// The store of a service process.
#[derive(Debug, Clone, clap::Args)]
pub struct StoreConfig {
    /// Redis that holds the sector: `redis://…`, `redis+unix:///path`, `redis-cluster://…` or `redis-sentinel://…`
    #[arg(
        long,
        env = "REDIS_URL",
        hide_env_values = true,
        default_value = "redis://127.0.0.1:6379",
        help = "Redis that holds the sector: redis://[user:password@]host[:port][/database], redis+unix:///path, \
                redis-cluster://[user:password@]host[:port],… or redis-sentinel://[user:password@]host[:port],…/master"
    )]
    pub redis_url: Secret,
    /// Names of the keys.
    #[command(flatten)]
    pub keys: KeyConfig,
    /// Whether this is a development setup.
    #[command(flatten)]
    pub dev: DevConfig,
}

/// Options for development.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct DevConfig {
    /// For development: accept a Redis that may lose accepted orders (without AOF, or evicting keys), is open to a network
    /// without a password, or has a wrong clock; and accept guessable secrets
    #[arg(long, env = "DEV", num_args = 0..=1, default_value_t = false, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub dev: bool,
}

/// Names of the keys of a sector.
#[derive(Debug, Clone, clap::Args)]
pub struct KeyConfig {
    /// Id of the sector among several on one Redis: 1 to 32 characters of a-z, 0-9 and -; required for a cluster
    #[arg(long, env = "SECTOR_ID", value_name = "ID")]
    pub sector_id: Option<SectorId>,
    /// Key of the event stream
    #[arg(long, env = "EVENT_STREAM", default_value = "sector:events")]
    pub event_stream: String,
    /// Key of the order stream
    #[arg(long, env = "ORDER_STREAM", default_value = "sector:orders")]
    pub order_stream: String,
    /// Key of the latest snapshot
    #[arg(long, env = "SNAPSHOT_KEY", default_value = "sector:snapshot")]
    pub snapshot_key: String,
}

impl KeyConfig {
    /// The key names; keys without an option keep the default prefix.
    #[must_use]
    pub fn names(&self) -> KeyNames {
        KeyNames {
            event_stream: self.event_stream.clone(),
            order_stream: self.order_stream.clone(),
            snapshot_key: self.snapshot_key.clone(),
            sector_id: self.sector_id.clone(),
            ..KeyNames::default()
        }
    }
}

impl StoreConfig {
    /// Redis URL and key names.
    #[must_use]
    pub fn redis(&self) -> RedisOptions {
        RedisOptions { names: self.keys.names(), ..RedisOptions::new(self.redis_url.expose()) }
    }

    /// Store options: Redis, key names, durability checks and metrics.
    #[must_use]
    pub fn options(&self, metrics: &Metrics) -> StoreOptions {
        let observer = Arc::new(StoreMetrics::new(metrics));
        StoreOptions { observer: Some(observer), ..self.dev.options(Place::Redis(self.redis())) }
    }

    /// Opens the store.
    ///
    /// # Errors
    /// [`ServiceError::NoStore`] if Redis is unreachable, [`ServiceError::Store`] if it holds other
    /// data or, without `--dev`, may lose data.
    pub async fn open(&self, metrics: &Metrics) -> Result<Arc<dyn Store>, ServiceError> {
        sector_redis::open(self.options(metrics)).await.map_err(ServiceError::of_store)
    }
}

impl DevConfig {
    /// Store options for a place; it must be durable unless `--dev` is set.
    #[must_use]
    pub fn options(self, place: Place) -> StoreOptions {
        StoreOptions { require_durable: !self.dev, ..StoreOptions::new(place) }
    }
}

/// The place for `--data` and `--redis` of `sector`.
#[must_use]
pub fn place(data: Option<PathBuf>, redis: Option<&Secret>, keys: &KeyConfig) -> Place {
    match (redis, data) {
        (Some(url), _) => {
            Place::Redis(RedisOptions { names: keys.names(), ..RedisOptions::new(url.expose()) })
        }
        (None, Some(directory)) => Place::Directory(directory),
        (None, None) => Place::Memory,
    }
}
