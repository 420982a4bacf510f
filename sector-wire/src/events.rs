//! Entries of the event stream.

use sector_sim::{Delta, RunEnd, Snapshot};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::orders::Untaken;

/// Type of an entry of the event stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// A new universe begins: a [`Snapshot`].
    Snapshot,
    /// A tick: a [`Delta`].
    Delta,
    /// A run has ended: a [`RunEnd`].
    RunEnd,
    /// Accepted orders that no tick could apply: [`OrdersRefused`].
    OrdersRefused,
}

impl EventKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Snapshot, Self::Delta, Self::RunEnd, Self::OrdersRefused];

    /// Name in the stream.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Snapshot => "snapshot",
            Self::Delta => "delta",
            Self::RunEnd => "run_end",
            Self::OrdersRefused => "orders_refused",
        }
    }

    /// The kind of this name; `None` for entries of a newer version.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl From<EventKind> for String {
    fn from(kind: EventKind) -> Self {
        kind.name().to_owned()
    }
}

/// A whole sector, and which life of its store it is of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SectorSnapshot {
    /// Changes when the sector is restored from a backup: event ids count within an incarnation. Pass it on with
    /// `after`, to be told when that happened.
    #[schema(examples("00c0ffee00c0ffee"), pattern = "^[0-9a-f]{16}$")]
    pub incarnation: String,
    /// The sector.
    #[serde(flatten)]
    pub snapshot: Snapshot,
}

/// An entry of the event stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum StreamEntry {
    /// A new universe begins.
    Snapshot {
        /// The entry's id, to go on from.
        id: String,
        /// The whole sector.
        data: SectorSnapshot,
    },
    /// One tick.
    Delta {
        /// The entry's id, to go on from.
        id: String,
        /// What the tick changed.
        data: Delta,
    },
    /// A run is over.
    RunEnd {
        /// The entry's id, to go on from.
        id: String,
        /// How it ended.
        data: RunEnd,
    },
    /// Accepted orders that no tick could take.
    OrdersRefused {
        /// The entry's id, to go on from.
        id: String,
        /// Which, and why.
        data: OrdersRefused,
    },
}

/// An event of `GET /events/stream`, field by field as Server-Sent Events have them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StreamedEvent {
    /// What to send as `Last-Event-ID`, to go on from here.
    #[schema(examples("17-0.00c0ffee00c0ffee"))]
    pub id: String,
    /// A `StreamEntry`, as JSON.
    pub data: String,
}

/// Accepted orders that were refused without a tick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrdersRefused {
    /// The universe that runs.
    pub universe_id: String,
    /// The tick whose commit passed them.
    pub tick: u64,
    /// They, as they were accepted.
    pub orders: Vec<RefusedOrder>,
}

/// An accepted order that was refused without a tick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefusedOrder {
    /// The receipt's id.
    #[schema(examples("5-0"))]
    pub id: String,
    /// The universe that it was accepted for.
    pub universe_id: String,
    /// Who gave it: the address of a player, or `bot`.
    pub player: String,
    /// Its `client_id`, if it had one.
    #[schema(required = true)]
    pub client_id: Option<String>,
    /// `run_over`: its universe has ended. `faction_claimed`: a player holds the faction that a bot ordered.
    /// `unreadable`: it is not an order.
    #[schema(value_type = String, examples("run_over"))]
    pub code: Untaken,
}

/// Entries of the event stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventPage {
    /// The entries, oldest first; empty if none came in time.
    pub events: Vec<StreamEntry>,
    /// Where to go on: pass it as `after`.
    #[schema(examples("17-0"))]
    pub next: String,
}
