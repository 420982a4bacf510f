//! What a Redis server reports about itself.

use crate::store::Durability;

/// What a Redis server reports about itself. `None` where this user may not ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisReport {
    /// What an acknowledged write survives.
    pub durability: Durability,
    /// Setting `appendfsync`: `always`, `everysec` or `no`.
    pub appendfsync: Option<String>,
    /// Setting `maxmemory-policy`; anything but `noeviction` drops keys when memory is full.
    pub maxmemory_policy: Option<String>,
    /// Setting `maxmemory` in bytes; 0 means unlimited.
    pub maxmemory: Option<u64>,
    /// Memory in use, in bytes.
    pub used_memory: Option<u64>,
    /// Whether the last write to the append-only file succeeded.
    pub last_write_ok: Option<bool>,
    /// Server version.
    pub version: Option<String>,
    /// How far the server's clock is ahead of this machine's, in milliseconds.
    pub clock_ahead_ms: Option<i64>,
}
