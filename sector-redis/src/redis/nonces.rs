//! Login nonces: values by key, and a sorted set of their ends.

use std::time::Duration;

use super::store::RedisStore;
use crate::embedded::MAX_NONCES;
use crate::error::Result;
use crate::order::check_name;

pub(super) async fn put(store: &RedisStore, key: &str, value: &str, ttl: Duration) -> Result<()> {
    check_name("nonce key", key)?;
    let mut script =
        store.writes(&store.scripts.nonce_put, &[&store.keys.nonces, &store.keys.nonce_ends]);
    let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
    script.arg(key).arg(value).arg(ttl_ms).arg(MAX_NONCES);
    store.write_again("keeping a nonce", &script).await
}

/// Not repeated after a lost answer: the nonce may be taken, and is then lost, never taken twice.
pub(super) async fn take(store: &RedisStore, key: &str) -> Result<Option<String>> {
    let mut script =
        store.writes(&store.scripts.nonce_take, &[&store.keys.nonces, &store.keys.nonce_ends]);
    script.arg(key);
    store.write("taking a nonce", &script).await
}
