//! What can go wrong with the store, sorted by what the caller can do about it.

use crate::document::Shelf;
use crate::ids::UniverseId;
use crate::incarnation::Incarnation;
use crate::stream::StreamId;

/// The result of every store operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Where an error came from, kept for logs.
pub type Source = Box<dyn std::error::Error + Send + Sync + 'static>;

/// Why the store did not do what was asked.
///
/// A refusal ([`LeaseLost`](Error::LeaseLost), [`TickConflict`](Error::TickConflict),
/// [`WrongUniverse`](Error::WrongUniverse), [`NotYourSeat`](Error::NotYourSeat),
/// [`SeatTaken`](Error::SeatTaken), [`BacklogFull`](Error::BacklogFull), [`Full`](Error::Full),
/// [`Invalid`](Error::Invalid)) has changed nothing.
/// After [`Unavailable`](Error::Unavailable) a write may or may not have happened: repeat it, since
/// commits and orders with a client id are recognised and never done twice.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store cannot be reached or cannot write just now; try again later.
    #[error("the store is unavailable ({doing}): {detail}")]
    Unavailable {
        /// What was being done.
        doing: &'static str,
        /// What the backend said.
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
    /// The commit does not follow the last committed tick; read the head and go on from there.
    #[error("tick {tick} of universe {universe:?} does not follow what is committed: {committed}")]
    TickConflict {
        /// The universe of the refused commit.
        universe: UniverseId,
        /// The tick of the refused commit.
        tick: u64,
        /// What is committed, in words.
        committed: String,
    },
    /// Entries after the given id are gone, or were never there; take a fresh checkpoint and
    /// follow from its event id.
    #[error("the {stream} after {after} are not kept (kept: after {kept_after} up to {last})")]
    HistoryTrimmed {
        /// `events` or `orders`.
        stream: &'static str,
        /// The id the caller wanted to go on from.
        after: StreamId,
        /// The oldest id one can go on from.
        kept_after: StreamId,
        /// The newest id of the stream.
        last: StreamId,
    },
    /// The store's history is another than the caller knows: it was restored from a backup, or
    /// emptied. Take a fresh checkpoint and follow from there.
    #[error(
        "the store was restored or emptied: the caller knows incarnation {known}, the store is {}; take a fresh checkpoint and follow from its event id",
        current.map_or_else(|| "not marked".to_owned(), |current| current.to_string())
    )]
    Restored {
        /// The incarnation the caller wanted to go on in.
        known: Incarnation,
        /// The store's, if it has one.
        current: Option<Incarnation>,
    },
    /// The universe does not run (any more); read the head for the one that does.
    #[error("universe {given:?} takes no orders; running: {current:?}")]
    WrongUniverse {
        /// The universe the caller named.
        given: UniverseId,
        /// The universe that runs, if one does.
        current: Option<UniverseId>,
    },
    /// The player does not hold the seat it gives orders for, or was away for too long.
    #[error(
        "the orders are for a faction that the player does not hold; it holds {}",
        held.as_ref().map_or_else(|| "none".to_owned(), |held| format!("{held:?}"))
    )]
    NotYourSeat {
        /// The faction the player does hold.
        held: Option<String>,
    },
    /// Players hold factions that the orders were to be for only while nobody does.
    #[error("players hold these factions by now: {factions:?}")]
    SeatTaken {
        /// Those of the batch's factions that are held, in the batch's order.
        factions: Vec<String>,
    },
    /// As many order entries wait as the caller allows; try again after the next tick.
    #[error(
        "{waiting} order entries wait to be applied, as many as are allowed; try again after the next tick"
    )]
    BacklogFull {
        /// How many wait.
        waiting: u64,
    },
    /// There is no room for another document of this kind; remove one first.
    #[error(
        "no more {shelf} are kept{}: at most {limit}; remove one first",
        owner.as_ref().map_or_else(String::new, |owner| format!(" for {owner:?}"))
    )]
    Full {
        /// Where it was to go.
        shelf: Shelf,
        /// Whose maximum was reached; `None`: that of all owners together.
        owner: Option<String>,
        /// The maximum.
        limit: u64,
    },
    /// The stored state cannot be what this version wrote; nothing was overwritten. A person must look.
    #[error("stored {what} is not readable: {detail}")]
    Corrupt {
        /// Which key, table or file.
        what: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The store cannot be opened as configured; the message says what to change.
    #[error("{message}")]
    Config {
        /// What is wrong and what to do.
        message: String,
        /// The underlying error, where there is one.
        #[source]
        source: Option<Source>,
    },
    /// An argument is out of its range: a mistake of the caller.
    #[error("{what} is {value}; allowed: {allowed}")]
    Invalid {
        /// Which argument.
        what: &'static str,
        /// Its value.
        value: String,
        /// What would be allowed.
        allowed: &'static str,
    },
}

impl Error {
    /// What kind it is, in a word of small letters: for counting.
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

    /// Unavailable for a reason that is better said in our words.
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

    pub(crate) fn invalid(
        what: &'static str,
        value: impl Into<String>,
        allowed: &'static str,
    ) -> Self {
        Self::Invalid { what, value: value.into(), allowed }
    }
}
