//! Where the state of the sector lives: the options that every service with a store has.

use std::path::PathBuf;
use std::sync::Arc;

use sector_auth::Secret;
use sector_redis::{KeyNames, Place, RedisOptions, SectorId, Store, StoreOptions};

use crate::error::ServiceError;
use crate::metrics::{Metrics, StoreMetrics};

/// The store of a service that runs on its own.
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
    /// The names of its keys.
    #[command(flatten)]
    pub keys: KeyConfig,
    /// Whether it may forget.
    #[command(flatten)]
    pub dev: DevConfig,
}

/// Whether this is a place for trying things out.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct DevConfig {
    /// For trying things out: take a Redis that may lose accepted orders (without AOF, or dropping keys when it is full),
    /// that is open to a network without a password, or whose clock is off; and take secrets that could be guessed
    #[arg(long, env = "DEV", num_args = 0..=1, default_value_t = false, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub dev: bool,
}

/// The names of the keys of a sector.
#[derive(Debug, Clone, clap::Args)]
pub struct KeyConfig {
    /// Id of the sector among several on one Redis: 1 to 32 characters of a-z, 0-9 and -; a cluster needs one
    #[arg(long, env = "SECTOR_ID", value_name = "ID")]
    pub sector_id: Option<SectorId>,
    /// Key of the event stream
    #[arg(long, env = "EVENT_STREAM", default_value = "sector:events")]
    pub event_stream: String,
    /// Key of the order stream
    #[arg(long, env = "ORDER_STREAM", default_value = "sector:orders")]
    pub order_stream: String,
    /// Key of the newest snapshot
    #[arg(long, env = "SNAPSHOT_KEY", default_value = "sector:snapshot")]
    pub snapshot_key: String,
}

impl KeyConfig {
    /// The names, with the default prefix for the keys that have no option of their own.
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
    /// The Redis and the keys, for another sector or for looking at it.
    #[must_use]
    pub fn redis(&self) -> RedisOptions {
        RedisOptions { names: self.keys.names(), ..RedisOptions::new(self.redis_url.expose()) }
    }

    /// The Redis, the keys, and whether it may forget.
    #[must_use]
    pub fn options(&self, metrics: &Metrics) -> StoreOptions {
        let observer = Arc::new(StoreMetrics::new(metrics));
        StoreOptions { observer: Some(observer), ..self.dev.options(Place::Redis(self.redis())) }
    }

    /// Opens the store.
    ///
    /// # Errors
    /// [`ServiceError::NoStore`] when Redis cannot be reached, [`ServiceError::Store`] when it holds something else or,
    /// outside of `--dev`, is set up to forget.
    pub async fn open(&self, metrics: &Metrics) -> Result<Arc<dyn Store>, ServiceError> {
        sector_redis::open(self.options(metrics)).await.map_err(ServiceError::of_store)
    }
}

impl DevConfig {
    /// The usual options for a place, which must be durable unless things are tried out.
    #[must_use]
    pub fn options(self, place: Place) -> StoreOptions {
        StoreOptions { require_durable: !self.dev, ..StoreOptions::new(place) }
    }
}

/// The place that `--data` and `--redis` of a whole sector name.
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
