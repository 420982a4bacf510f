//! The lease: one row, replaced under a new epoch by each taking.

use redb::{ReadableTable, WriteTransaction};

use super::tables::LEASE;
use crate::commit::Lease;
use crate::error::{Error, Result};

/// Whether anybody holds the lease.
pub(super) fn is_held(txn: &WriteTransaction, now_ms: u64) -> Result<bool> {
    Ok(txn.open_table(LEASE)?.get(())?.is_some_and(|row| row.value().2 > now_ms))
}

/// Whether the lease is this one and has not expired.
pub(super) fn holds(txn: &WriteTransaction, lease: &Lease, now_ms: u64) -> Result<bool> {
    let table = txn.open_table(LEASE)?;
    let row = table.get(())?;
    Ok(row.is_some_and(|row| {
        let (holder, epoch, end_ms) = row.value();
        holder == lease.holder && epoch == lease.epoch && end_ms > now_ms
    }))
}

pub(super) fn write(txn: &WriteTransaction, lease: &Lease, ttl_ms: u64, now_ms: u64) -> Result<()> {
    let end_ms = now_ms.saturating_add(ttl_ms);
    let row = (lease.holder.as_str(), lease.epoch, end_ms);
    txn.open_table(LEASE)?.insert((), row)?;
    Ok(())
}

/// Clears a lease that has run out.
pub(super) fn forget(txn: &WriteTransaction) -> Result<()> {
    txn.open_table(LEASE)?.remove(())?;
    Ok(())
}

pub(super) fn lost(lease: &Lease) -> Error {
    Error::LeaseLost { holder: lease.holder.clone(), epoch: lease.epoch }
}
