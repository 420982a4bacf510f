//! Promises broken on purpose.

/// One promise that the model breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flaw {
    /// Commits are accepted from any sender.
    NoFence,
    /// A commit is fenced by the holder's name alone, and a lease that ran out is renewed by it.
    RenewsLostLease,
    /// A commit need not follow the last one.
    NoSequence,
    /// A repeated commit is written again.
    RepeatsCommit,
    /// The cursor is written with the commit after the one it belongs to.
    CursorApart,
    /// Client ids are not looked at.
    NoDeduplication,
    /// Client ids are forgotten after two seconds.
    DeduplicationExpires,
    /// Client ids are noted only when the order is read.
    DeduplicationLate,
    /// A lease that is taken gets the epoch of the one before.
    EpochReused,
    /// Anyone can release a lease.
    ReleasesAnyLease,
    /// A lease that ran out still keeps others away.
    LeaseNeverEnds,
    /// The order stream is cut to its last three entries by each checkpoint.
    TrimsByLength,
    /// A checkpoint drops all orders, also those it does not include.
    TrimsBeyondCursor,
    /// Events of a new epoch are numbered from the checkpoint on.
    EventsRewound,
    /// Awards are written before the commit is looked at.
    AwardsOutsideTheStep,
    /// A checkpoint is not written together with the cursor: it claims orders that came later.
    CheckpointAhead,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 16] = [
        Flaw::NoFence,
        Flaw::RenewsLostLease,
        Flaw::NoSequence,
        Flaw::RepeatsCommit,
        Flaw::CursorApart,
        Flaw::NoDeduplication,
        Flaw::DeduplicationExpires,
        Flaw::DeduplicationLate,
        Flaw::EpochReused,
        Flaw::ReleasesAnyLease,
        Flaw::LeaseNeverEnds,
        Flaw::TrimsByLength,
        Flaw::TrimsBeyondCursor,
        Flaw::EventsRewound,
        Flaw::AwardsOutsideTheStep,
        Flaw::CheckpointAhead,
    ];
}
