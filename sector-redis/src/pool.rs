//! Pools of short-lived values that are taken once.

/// A pool of values. Each has its own bound, so that a flood of one kind evicts nothing of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pool {
    /// Trace contexts of orders and ticks.
    Traces,
    /// Notes between workers.
    Notes,
}

impl Pool {
    /// All pools.
    pub const ALL: [Self; 2] = [Self::Traces, Self::Notes];

    /// Maximum number of values; beyond it, the one that expires next is evicted.
    #[must_use]
    pub const fn max(self) -> usize {
        match self {
            Self::Traces => 10_000,
            Self::Notes => 1_000,
        }
    }

    /// Suffix of the pool's keys in Redis.
    pub(crate) const fn suffix(self) -> &'static str {
        match self {
            Self::Traces => ":traces",
            Self::Notes => ":notes",
        }
    }
}
