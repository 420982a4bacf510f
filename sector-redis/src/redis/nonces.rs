//! Pools of short-lived values: a hash of values by key, and a sorted set of their expiry times.

use std::time::Duration;

use super::store::RedisStore;
use crate::error::Result;
use crate::order::check_name;
use crate::pool::Pool;

pub(super) async fn put(
    store: &RedisStore,
    pool: Pool,
    key: &str,
    value: &str,
    ttl: Duration,
) -> Result<()> {
    check_name("nonce key", key)?;
    let [values, ends] = store.keys.nonces(pool);
    let mut script = store.writes(&store.scripts.nonce_put, &[values, ends]);
    let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
    script.arg(key).arg(value).arg(ttl_ms).arg(pool.max());
    store.write_again("keeping a nonce", &script).await
}

/// Not repeated after a lost answer: the nonce may be taken, and is then lost, never taken twice.
pub(super) async fn take(store: &RedisStore, pool: Pool, key: &str) -> Result<Option<String>> {
    let [values, ends] = store.keys.nonces(pool);
    let mut script = store.writes(&store.scripts.nonce_take, &[values, ends]);
    script.arg(key);
    store.write("taking a nonce", &script).await
}
