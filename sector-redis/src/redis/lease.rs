//! The lease: one key that expires, one counter of epochs.

use std::time::Duration;

use super::store::RedisStore;
use crate::commit::{Lease, check_ttl};
use crate::error::{Error, Result};
use crate::order::check_name;

pub(super) async fn acquire(
    store: &RedisStore,
    holder: &str,
    ttl: Duration,
) -> Result<Option<Lease>> {
    check_name("lease holder", holder)?;
    let mut script =
        store.writes(&store.scripts.lease_acquire, &[&store.keys.lease, &store.keys.epoch]);
    script.arg(holder).arg(check_ttl(ttl)?);
    // Not repeated after a lost answer: a lease that is found taken under this name may be that of
    // another process which bears it, too.
    let epoch: Option<u64> = store.write("taking the lease", &script).await?;
    Ok(epoch.map(|epoch| Lease { holder: holder.to_owned(), epoch }))
}

pub(super) async fn renew(store: &RedisStore, lease: &Lease, ttl: Duration) -> Result<()> {
    let mut script = store.writes(&store.scripts.lease_renew, &[&store.keys.lease]);
    script.arg(token(lease)).arg(check_ttl(ttl)?);
    let renewed: u64 = store.write_again("renewing the lease", &script).await?;
    if renewed == 1 { Ok(()) } else { Err(lost(lease)) }
}

pub(super) async fn release(store: &RedisStore, lease: &Lease) -> Result<()> {
    let mut script = store.writes(&store.scripts.lease_release, &[&store.keys.lease]);
    script.arg(token(lease));
    store.write_again("releasing the lease", &script).await
}

/// What the lease key holds while `lease` is held.
pub(super) fn token(lease: &Lease) -> String {
    format!("{} {}", lease.epoch, lease.holder)
}

pub(super) fn lost(lease: &Lease) -> Error {
    Error::LeaseLost { holder: lease.holder.clone(), epoch: lease.epoch }
}
