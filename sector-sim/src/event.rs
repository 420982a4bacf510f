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
    /// A fleet set out on a lane.
    Launched {
        /// The fleet.
        fleet: FleetId,
        /// Its owner.
        faction: FactionId,
        /// Origin.
        from: SystemId,
        /// Other end of the lane.
        to: SystemId,
        /// The tick in which it arrives there.
        arrives: u64,
    },
    /// A fleet came to the end of a lane.
    Arrived {
        /// The fleet.
        fleet: FleetId,
        /// Its owner.
        faction: FactionId,
        /// Current system.
        system: SystemId,
    },
    /// Two sides fought.
    Battle {
        /// The system.
        system: SystemId,
        /// Attacker.
        attacker: FactionId,
        /// Defender.
        defender: FactionId,
        /// Strength of the attacker before.
        attack: i64,
        /// Strength of the defender before, with the garrison if it fought.
        defence: i64,
        /// Attacker's chance to win, per mille; 0 and 1000 were certain.
        odds: i64,
        /// Winner, if any.
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
        /// The system.
        system: SystemId,
        /// The occupier.
        faction: FactionId,
    },
    /// An occupation ended without a capture.
    OccupationLost {
        /// The system.
        system: SystemId,
        /// Previous occupier.
        faction: FactionId,
    },
    /// A system changed its owner by force.
    Captured {
        /// The system.
        system: SystemId,
        /// The new owner.
        faction: FactionId,
        /// The owner before, if it had one.
        #[cfg_attr(feature = "openapi", schema(required = true))]
        from: Option<FactionId>,
    },
    /// A system rose and joined the League.
    Rebelled {
        /// The system.
        system: SystemId,
        /// The owner before.
        from: FactionId,
        /// The League.
        to: FactionId,
    },
    /// A system rose and joined a splinter.
    Seceded {
        /// The system.
        system: SystemId,
        /// The owner before.
        from: FactionId,
        /// The splinter.
        to: FactionId,
    },
    /// A new fleet was built.
    FleetBuilt {
        /// The fleet.
        fleet: FleetId,
        /// Its owner.
        faction: FactionId,
        /// The system.
        system: SystemId,
        /// Strength.
        strength: i64,
    },
    /// An order was carried out.
    OrderApplied {
        /// Its index among the orders of the tick.
        order: u32,
        /// Faction of the order.
        faction: FactionId,
        /// Kind of the order.
        kind: OrderKind,
        /// The fleet that obeys, if it concerns one.
        #[cfg_attr(feature = "openapi", schema(required = true))]
        fleet: Option<FleetId>,
        /// The sender's own id for it.
        #[cfg_attr(feature = "openapi", schema(required = true))]
        client_id: Option<Box<str>>,
    },
    /// An order was refused and changed nothing.
    OrderRefused {
        /// Its index among the orders of the tick.
        order: u32,
        /// Faction of the order.
        faction: FactionId,
        /// Kind of the order.
        kind: OrderKind,
        /// Why.
        code: Refusal,
        /// The sender's own id for it.
        #[cfg_attr(feature = "openapi", schema(required = true))]
        client_id: Option<Box<str>>,
    },
    /// A faction lost its last system and fleet.
    Eliminated {
        /// The faction.
        faction: FactionId,
    },
    /// The run is over.
    RunEnded {
        /// Winner; `None` if all factions were eliminated.
        #[cfg_attr(feature = "openapi", schema(required = true))]
        winner: Option<FactionId>,
        /// Why it ended.
        cause: Cause,
    },
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Cause {
    /// One faction held most of the sector's value for long enough.
    Domination,
    /// All others have been eliminated.
    LastStanding,
    /// The tick limit was reached and the scores were compared.
    TickLimit,
}

impl Event {
    /// The system that draws the eye to this event, if it is one to look at.
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
