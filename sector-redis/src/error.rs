//! Errors of the store, by what the caller can do about them.

use crate::document::Shelf;
use crate::ids::UniverseId;
use crate::incarnation::Incarnation;
use crate::stream::StreamId;

/// Result of a store operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Source of an error, for logs.
pub type Source = Box<dyn std::error::Error + Send + Sync + 'static>;

/// An error of the store.
///
/// A refusal ([`LeaseLost`](Error::LeaseLost), [`TickConflict`](Error::TickConflict),
/// [`WrongUniverse`](Error::WrongUniverse), [`NotYourSeat`](Error::NotYourSeat),
/// [`SeatTaken`](Error::SeatTaken), [`BacklogFull`](Error::BacklogFull), [`Full`](Error::Full),
/// [`Invalid`](Error::Invalid)) changes nothing.
/// After [`Unavailable`](Error::Unavailable) a write may or may not have happened. Repeat it:
/// commits and orders with a client id are deduplicated.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store cannot be reached or cannot write; retry later.
    #[error("the store is unavailable ({doing}): {detail}")]
    Unavailable {
        /// The operation.
        doing: &'static str,
        /// The backend's message.
        detail: String,
        /// The backend's own error.
        #[source]
        source: Option<Source>,
    },
    /// The lease is no longer held by this holder; stop writing the world.
    #[error(
        "the lease of holder {holder:?} with epoch {epoch} is lost: it expired, was released or was taken by another; stop this worker or take the lease anew"
    )]
    LeaseLost {
        /// The holder that presented the lease.
        holder: String,
        /// The epoch it presented.
        epoch: u64,
    },
    /// The commit does not follow the last committed tick; read the head and continue from there.
    #[error("tick {tick} of universe {universe:?} does not follow what is committed: {committed}")]
    TickConflict {
        /// The universe of the refused commit.
        universe: UniverseId,
        /// The tick of the refused commit.
        tick: u64,
        /// What is committed, in words.
        committed: String,
    },
    /// Entries after the given id are gone or never existed; read the checkpoint and follow from
    /// its event id.
    #[error("the {stream} after {after} are not kept (kept: after {kept_after} up to {last})")]
    HistoryTrimmed {
        /// `events` or `orders`.
        stream: &'static str,
        /// The requested id.
        after: StreamId,
        /// The oldest id to resume from.
        kept_after: StreamId,
        /// The newest id of the stream.
        last: StreamId,
    },
    /// The store was restored from a backup or emptied; read the checkpoint and follow from there.
    #[error(
        "the store was restored or emptied: the caller knows incarnation {known}, the store is {}; take a fresh checkpoint and follow from its event id",
        current.map_or_else(|| "not marked".to_owned(), |current| current.to_string())
    )]
    Restored {
        /// The incarnation the caller expected.
        known: Incarnation,
        /// The store's incarnation, if any.
        current: Option<Incarnation>,
    },
    /// The universe is not running; read the head for the one that is.
    #[error("universe {given:?} takes no orders; running: {current:?}")]
    WrongUniverse {
        /// The universe the caller named.
        given: UniverseId,
        /// The running universe, if any.
        current: Option<UniverseId>,
    },
    /// The player does not hold the faction, or the claim has lapsed.
    #[error(
        "the orders are for a faction that the player does not hold; it holds {}",
        held.as_ref().map_or_else(|| "none".to_owned(), |held| format!("{held:?}"))
    )]
    NotYourSeat {
        /// The faction the player does hold.
        held: Option<String>,
    },
    /// The orders require unclaimed factions, but players hold some of them.
    #[error("players hold these factions by now: {factions:?}")]
    SeatTaken {
        /// The claimed factions, in the batch's order.
        factions: Vec<String>,
    },
    /// The order backlog has reached the caller's limit; retry after the next tick.
    #[error(
        "{waiting} order entries wait to be applied, as many as are allowed; try again after the next tick"
    )]
    BacklogFull {
        /// Number of waiting entries.
        waiting: u64,
    },
    /// The shelf is full; remove a document first.
    #[error(
        "no more {shelf} are kept{}: at most {limit}; remove one first",
        owner.as_ref().map_or_else(String::new, |owner| format!(" for {owner:?}"))
    )]
    Full {
        /// The shelf.
        shelf: Shelf,
        /// The owner whose limit was reached; `None` for the limit of the whole shelf.
        owner: Option<String>,
        /// The maximum.
        limit: u64,
    },
    /// The stored state is damaged; nothing was overwritten. Needs an operator.
    #[error("stored {what} is not readable: {detail}")]
    Corrupt {
        /// The key, table or file.
        what: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The store cannot be opened as configured; the message says what to change.
    #[error("{message}")]
    Config {
        /// What is wrong and what to do.
        message: String,
        /// The underlying error, if any.
        #[source]
        source: Option<Source>,
    },
    /// An argument is out of range.
    #[error("{what} is {value}; allowed: {allowed}")]
    Invalid {
        /// The argument.
        what: &'static str,
        /// Its value.
        value: String,
        /// The allowed values.
        allowed: &'static str,
    },
}

impl Error {
    /// Kind of error in snake case, for metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => "unavailable",
            Self::LeaseLost { .. } => "lease_lost",
            Self::TickConflict { .. } => "tick_conflict",
            Self::HistoryTrimmed { .. } => "history_trimmed",
            Self::Restored { .. } => "restored",
            Self::WrongUniverse { .. } => "wrong_universe",
            Self::NotYourSeat { .. } => "not_your_seat",
            Self::SeatTaken { .. } => "seat_taken",
            Self::BacklogFull { .. } => "backlog_full",
            Self::Full { .. } => "full",
            Self::Corrupt { .. } => "corrupt",
            Self::Config { .. } => "config",
            Self::Invalid { .. } => "invalid",
        }
    }

    /// Whether repeating the same call later may succeed.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Whether followers must start over from a checkpoint.
    #[must_use]
    pub fn needs_checkpoint(&self) -> bool {
        matches!(self, Self::HistoryTrimmed { .. } | Self::Restored { .. })
    }

    /// The reason, without what was being done.
    pub(crate) fn detail(&self) -> String {
        match self {
            Self::Unavailable { detail, .. } => detail.clone(),
            other => other.to_string(),
        }
    }

    /// Unavailable, with a message that replaces the source's.
    pub(crate) fn unavailable_because(
        doing: &'static str,
        detail: impl Into<String>,
        source: impl Into<Source>,
    ) -> Self {
        Self::Unavailable { doing, detail: detail.into(), source: Some(source.into()) }
    }

    pub(crate) fn unavailable(doing: &'static str, source: impl Into<Source>) -> Self {
        let source = source.into();
        Self::Unavailable { doing, detail: source.to_string(), source: Some(source) }
    }

    pub(crate) fn corrupt(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into(), detail: detail.into() }
    }

    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::Config { message: message.into(), source: None }
    }

    pub(crate) fn config_because(message: impl Into<String>, source: impl Into<Source>) -> Self {
        Self::Config { message: message.into(), source: Some(source.into()) }
    }

    /// An argument that no store accepts.
    pub fn invalid(what: &'static str, value: impl Into<String>, allowed: &'static str) -> Self {
        Self::Invalid { what, value: value.into(), allowed }
    }
}
