//! Entries of the event stream.

use sector_sim::snapshot::RunEnd;
use sector_sim::{Delta, Snapshot};
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

/// A whole sector, with the incarnation of its store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SectorSnapshot {
    /// Incarnation of the store; changes when the sector is restored from a backup, because event
    /// ids count within an incarnation. Pass it along with `after` to detect a restore.
    #[schema(examples("00c0ffee00c0ffee"), pattern = "^[0-9a-f]{16}$")]
    pub incarnation: String,
    /// The snapshot.
    #[serde(flatten)]
    pub snapshot: Snapshot,
}

/// An entry of the event stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum StreamEntry {
    /// A new universe begins.
    Snapshot {
        /// Id of the entry, to resume from.
        id: String,
        /// The whole sector.
        data: SectorSnapshot,
    },
    /// A tick.
    Delta {
        /// Id of the entry, to resume from.
        id: String,
        /// What the tick changed.
        data: Delta,
    },
    /// A run has ended.
    RunEnd {
        /// Id of the entry, to resume from.
        id: String,
        /// How the run ended.
        data: RunEnd,
    },
    /// Accepted orders that no tick could apply.
    OrdersRefused {
        /// Id of the entry, to resume from.
        id: String,
        /// The orders, each with the reason.
        data: OrdersRefused,
    },
}

/// An event of `GET /events/stream`, with the fields of Server-Sent Events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StreamedEvent {
    /// Value for `Last-Event-ID`, to resume from here.
    #[schema(examples("17-0.00c0ffee00c0ffee"))]
    pub id: String,
    /// A `StreamEntry` as JSON.
    pub data: String,
}

/// Accepted orders that were refused without reaching a tick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrdersRefused {
    /// Id of the running universe.
    pub universe_id: String,
    /// Tick whose commit recorded the refusals.
    pub tick: u64,
    /// Orders, in the order of acceptance.
    pub orders: Vec<RefusedOrder>,
}

/// An accepted order that was refused without reaching a tick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefusedOrder {
    /// Id of the receipt.
    #[schema(examples("5-0"))]
    pub id: String,
    /// Id of the universe it was accepted for.
    pub universe_id: String,
    /// Sender: a player's address, or `bot`.
    pub player: String,
    /// `client_id` of the order, if any.
    #[schema(required = true)]
    pub client_id: Option<String>,
    /// `run_over`: its universe has ended. `faction_claimed`: a player holds the faction that a bot
    /// ordered. `unreadable`: it is not an order.
    #[schema(value_type = String, examples("run_over"))]
    pub code: Untaken,
}

/// Entries of the event stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventPage {
    /// Entries, oldest first; empty if none arrived in time.
    pub events: Vec<StreamEntry>,
    /// Cursor of the next page: pass it as `after`.
    #[schema(examples("17-0"))]
    pub next: String,
    /// Incarnation of the store that the ids belong to: pass it along with `after`.
    #[schema(examples("00c0ffee00c0ffee"))]
    pub incarnation: String,
}
