//! Where the state of the sector lives: the options that every service with a store has.

use std::path::PathBuf;
use std::sync::Arc;

use sector_auth::Secret;
use sector_redis::{KeyNames, Place, RedisOptions, Store};

/// The store of a service that runs on its own.
#[derive(Debug, Clone, clap::Args)]
pub struct StoreConfig {
    /// Redis that holds the sector: `redis://…` or `redis+unix:///path`
    #[arg(
        long,
        env = "REDIS_URL",
        hide_env_values = true,
        default_value = "redis://127.0.0.1:6379",
        help = "Redis that holds the sector: redis://[user:password@]host[:port][/database] or redis+unix:///path"
    )]
    pub redis_url: Secret,
    /// The names of its keys.
    #[command(flatten)]
    pub keys: KeyConfig,
}

/// The names of the keys of a sector.
#[derive(Debug, Clone, clap::Args)]
pub struct KeyConfig {
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
            ..KeyNames::default()
        }
    }
}

impl StoreConfig {
    /// Opens the store.
    ///
    /// # Errors
    /// [`sector_redis::Error`] when Redis cannot be reached or holds something else.
    pub async fn open(&self) -> sector_redis::Result<Arc<dyn Store>> {
        let redis = RedisOptions { names: self.keys.names(), ..RedisOptions::new(self.redis_url.expose()) };
        sector_redis::open(sector_redis::StoreOptions::new(Place::Redis(redis))).await
    }
}

/// The place that `--data` and `--redis` of a whole sector name.
#[must_use]
pub fn place(data: Option<PathBuf>, redis: Option<&Secret>, keys: &KeyConfig) -> Place {
    match (redis, data) {
        (Some(url), _) => Place::Redis(RedisOptions { names: keys.names(), ..RedisOptions::new(url.expose()) }),
        (None, Some(directory)) => Place::Directory(directory),
        (None, None) => Place::Memory,
    }
}
