//! The lease: one row, replaced under a new epoch by each taking.

use redb::{ReadableTable, WriteTransaction};

use super::tables::{EPOCH, LEASE, next_number, set_incarnation};
use super::writer::Change;
use crate::commit::Lease;
use crate::error::{Error, Result};
use crate::incarnation::{Incarnation, held};

pub(super) fn acquire(
    txn: &WriteTransaction,
    holder: &str,
    ttl_ms: u64,
    now_ms: u64,
) -> Result<Change<Option<Lease>>> {
    if is_held(txn, now_ms)? {
        return Ok(Change::none(None));
    }
    let epoch = next_number(txn, EPOCH)?;
    let lease = Lease { holder: holder.to_owned(), epoch };
    write(txn, &lease, ttl_ms, now_ms)?;
    Ok(Change::wrote(Some(lease)))
}

/// Whether anybody holds the lease.
fn is_held(txn: &WriteTransaction, now_ms: u64) -> Result<bool> {
    Ok(txn.open_table(LEASE)?.get(())?.is_some_and(|row| row.value().2 > now_ms))
}

/// Gives the store a new incarnation unless a worker is at it.
pub(super) fn renew_incarnation(
    txn: &WriteTransaction,
    new: Incarnation,
    now_ms: u64,
) -> Result<Change<Incarnation>> {
    if is_held(txn, now_ms)? {
        return Err(held());
    }
    set_incarnation(txn, new)?;
    Ok(Change::wrote(new))
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

pub(super) fn renew(
    txn: &WriteTransaction,
    lease: &Lease,
    ttl_ms: u64,
    now_ms: u64,
) -> Result<Change<()>> {
    if !holds(txn, lease, now_ms)? {
        return Err(lost(lease));
    }
    write(txn, lease, ttl_ms, now_ms)?;
    Ok(Change::wrote(()))
}

pub(super) fn release(txn: &WriteTransaction, lease: &Lease, now_ms: u64) -> Result<Change<()>> {
    if !holds(txn, lease, now_ms)? {
        return Ok(Change::none(()));
    }
    txn.open_table(LEASE)?.remove(())?;
    Ok(Change::wrote(()))
}

/// Clears a lease that has run out.
pub(super) fn forget(txn: &WriteTransaction) -> Result<()> {
    txn.open_table(LEASE)?.remove(())?;
    Ok(())
}

pub(super) fn lost(lease: &Lease) -> Error {
    Error::LeaseLost { holder: lease.holder.clone(), epoch: lease.epoch }
}
