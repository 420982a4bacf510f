//! Events of a tick. [`narrate()`] renders them as text.

mod narrate;

use serde::{Deserialize, Serialize};

use crate::ids::{FactionId, FleetId, SystemId};
use crate::order::{OrderKind, Refusal};
pub use narrate::narrate;

/// An event. Strengths are in thousandths, odds per mille.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Event {
    /// A fleet departed on a lane.
    Launched {
        /// Fleet that departed.
        fleet: FleetId,
        /// Owner of the fleet.
        faction: FactionId,
        /// Origin.
        from: SystemId,
        /// Other end of the lane.
        to: SystemId,
        /// Tick of arrival.
        arrives: u64,
    },
    /// A fleet reached the end of a lane.
    Arrived {
        /// Fleet that arrived.
        fleet: FleetId,
        /// Owner of the fleet.
        faction: FactionId,
        /// System reached.
        system: SystemId,
    },
    /// Two sides fought.
    Battle {
        /// System of the battle.
        system: SystemId,
        /// Attacker.
        attacker: FactionId,
        /// Defender.
        defender: FactionId,
        /// Strength of the attacker before the battle.
        attack: i64,
        /// Strength of the defender before the battle, including the garrison if it fought.
        defence: i64,
        /// Attacker's chance to win, per mille; 0 and 1000 are certain.
        odds: i64,
        /// Winner.
        winner: FactionId,
        /// Losses of the attacker's fleets.
        attacker_loss: i64,
        /// Losses of the defender's fleets.
        defender_loss: i64,
        /// Losses of the garrison.
        garrison_loss: i64,
    },
    /// A faction began to occupy a system.
    OccupationStarted {
        /// System being occupied.
        system: SystemId,
        /// Occupying faction.
        faction: FactionId,
    },
    /// An occupation ended without a capture.
    OccupationLost {
        /// System that was occupied.
        system: SystemId,
        /// Previous occupier.
        faction: FactionId,
    },
    /// A system was taken by force.
    Captured {
        /// System captured.
        system: SystemId,
        /// New owner.
        faction: FactionId,
        /// Previous owner, if any.
        #[cfg_attr(feature = "openapi", schema(required = true))]
        from: Option<FactionId>,
    },
    /// A system rebelled and joined the League.
    Rebelled {
        /// System that rebelled.
        system: SystemId,
        /// Previous owner.
        from: FactionId,
        /// The League.
        to: FactionId,
    },
    /// A system rebelled and joined a splinter.
    Seceded {
        /// System that seceded.
        system: SystemId,
        /// Previous owner.
        from: FactionId,
        /// The splinter.
        to: FactionId,
    },
    /// A new fleet was built.
    FleetBuilt {
        /// New fleet.
        fleet: FleetId,
        /// Owner of the fleet.
        faction: FactionId,
        /// System where the fleet appeared.
        system: SystemId,
        /// Strength.
        strength: i64,
    },
    /// An order was carried out.
    OrderApplied {
        /// Index among the orders of the tick, from 0.
        order: u32,
        /// Faction of the order.
        faction: FactionId,
        /// Kind of the order.
        kind: OrderKind,
        /// Fleet that the order applies to, if any.
        #[cfg_attr(feature = "openapi", schema(required = true))]
        fleet: Option<FleetId>,
        /// Id chosen by the sender, if any.
        #[cfg_attr(feature = "openapi", schema(required = true))]
        client_id: Option<Box<str>>,
    },
    /// An order was refused and changed nothing.
    OrderRefused {
        /// Index among the orders of the tick, from 0.
        order: u32,
        /// Faction of the order.
        faction: FactionId,
        /// Kind of the order.
        kind: OrderKind,
        /// Reason for the refusal.
        code: Refusal,
        /// Id chosen by the sender, if any.
        #[cfg_attr(feature = "openapi", schema(required = true))]
        client_id: Option<Box<str>>,
    },
    /// A faction lost its last system and its last fleet.
    Eliminated {
        /// Eliminated faction.
        faction: FactionId,
    },
    /// The run ended.
    RunEnded {
        /// Winner; `None` if all factions were eliminated.
        #[cfg_attr(feature = "openapi", schema(required = true))]
        winner: Option<FactionId>,
        /// Cause of the end.
        cause: Cause,
    },
}

/// Cause of the end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Cause {
    /// One faction held enough of the sector's value for long enough.
    Domination,
    /// All other factions have been eliminated.
    LastStanding,
    /// The tick limit was reached; the highest score wins.
    TickLimit,
}

impl Event {
    /// System to highlight for this event, if any.
    #[must_use]
    pub const fn highlight(&self) -> Option<SystemId> {
        match self {
            Event::Battle { system, .. }
            | Event::Captured { system, .. }
            | Event::Rebelled { system, .. }
            | Event::Seceded { system, .. } => Some(*system),
            _ => None,
        }
    }

    /// Whether the event is kept in the history.
    #[must_use]
    pub const fn is_notable(&self) -> bool {
        self.highlight().is_some()
            || matches!(self, Event::Eliminated { .. } | Event::RunEnded { .. })
    }
}
