//! Wire forms of systems, fleets and factions.

use serde::{Deserialize, Serialize};

use super::{SnapshotError, contradiction};
use crate::board::{Board, Faction, Fleet, Outcome, Place, System};
use crate::event::{Cause, Event};
use crate::ids::{FactionId, FactionKind, FleetId, SystemId};
use crate::map::{Kind, Map};
use crate::names::faction_color;
use crate::order::Focus;

/// Upper limits for the fields of a fleet.
pub(crate) struct FleetLimits {
    pub(crate) tick: u64,
    pub(crate) next_fleet_id: FleetId,
}

/// Maximum strength or amount, in thousandths: far above anything a run can reach, and low enough
/// that two of them can be added without overflow.
pub(crate) const AMOUNT_MAX: i64 = 1_000_000_000_000_000_000;

/// Checks that each number is between 0 and its limit.
fn within(
    what: &str,
    id: impl std::fmt::Display,
    numbers: &[(&str, i64, i64)],
) -> Result<(), SnapshotError> {
    match numbers.iter().find(|(_, value, most)| !(0..=*most).contains(value)) {
        Some((field, value, most)) => Err(contradiction(format!(
            "{what} {id} has {field} = {value}; allowed are 0 to {most}"
        ))),
        None => Ok(()),
    }
}

/// Defines a wire form of a system: the given fields, then the variable ones.
macro_rules! system_form {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
            /// Owner, if any.
            #[cfg_attr(feature = "openapi", schema(required = true))]
            pub owner: Option<FactionId>,
            /// Strength that defends it without a fleet, in thousandths.
            pub garrison: i64,
            /// Stability, per mille.
            pub stability: i64,
            /// Unrest after a capture, per mille.
            pub unrest: i64,
            /// Recent fighting.
            pub heat: i64,
            /// Ticks in which an attacker has lower odds.
            pub reclaim_cooldown: i64,
            /// Ticks owned, up to full maturity.
            pub maturity: i64,
            /// Focus.
            pub focus: Focus,
            /// Occupying faction, if any.
            #[cfg_attr(feature = "openapi", schema(required = true))]
            pub occupation_faction: Option<FactionId>,
            /// Consecutive ticks of occupation.
            pub occupation_progress: i64,
            /// Whether a foreign fleet is stationed in the system.
            pub is_besieged: bool,
            /// Strongest foreign faction in the system, if any.
            #[cfg_attr(feature = "openapi", schema(required = true))]
            pub siege_owner: Option<FactionId>,
            /// Strength of the siege owner's fleets in the system, in thousandths.
            pub siege_strength: i64,
        }

        impl $name {
            pub(super) fn with($($field: $type,)* system: &System) -> $name {
                $name {
                    $($field,)*
                    owner: system.owner,
                    garrison: system.garrison,
                    stability: system.stability,
                    unrest: system.unrest,
                    heat: system.heat,
                    reclaim_cooldown: system.reclaim_cooldown,
                    maturity: system.maturity,
                    focus: system.focus,
                    occupation_faction: system.occupation_faction,
                    occupation_progress: system.occupation_progress,
                    is_besieged: system.siege_owner.is_some(),
                    siege_owner: system.siege_owner,
                    siege_strength: system.siege_strength,
                }
            }

            /// Checks that every number is in range.
            pub(crate) fn check(&self) -> Result<(), SnapshotError> {
                within("system", self.id, &[
                    ("garrison", self.garrison, AMOUNT_MAX),
                    ("stability", self.stability, 1000),
                    ("unrest", self.unrest, 1000),
                    ("heat", self.heat, 1_000_000),
                    ("reclaim_cooldown", self.reclaim_cooldown, 1000),
                    ("maturity", self.maturity, 1000),
                    ("occupation_progress", self.occupation_progress, 1000),
                    ("siege_strength", self.siege_strength, i64::MAX),
                ])
            }

            /// State of the system.
            #[must_use]
            pub fn state(&self) -> System {
                System {
                    owner: self.owner,
                    garrison: self.garrison,
                    stability: self.stability,
                    unrest: self.unrest,
                    heat: self.heat,
                    reclaim_cooldown: self.reclaim_cooldown,
                    maturity: self.maturity,
                    focus: self.focus,
                    occupation_faction: self.occupation_faction,
                    occupation_progress: self.occupation_progress,
                    siege_owner: self.siege_owner,
                    siege_strength: self.siege_strength,
                }
            }
        }
    };
}

system_form! {
    /// A complete system.
    SystemForm {
        /// Id of the system.
        id: SystemId,
        /// Name of the system.
        name: Box<str>,
        /// Horizontal position from the left, 0 to 1,000,000.
        x: u32,
        /// Vertical position from the top, 0 to 1,000,000.
        y: u32,
        /// Value, 1 to 10.
        value: u8,
        /// Kind of system.
        kind: Kind,
    }
}

system_form! {
    /// Variable state of a system.
    SystemChange {
        /// Id of the system.
        id: SystemId,
    }
}

impl SystemForm {
    /// Wire form of the system with this id; `None` if there is none.
    #[must_use]
    pub fn of(map: &Map, board: &Board, id: SystemId) -> Option<SystemForm> {
        let (site, state) = (map.site(id)?, board.system(id)?);
        Some(SystemForm::with(id, site.name.clone(), site.x, site.y, site.value, site.kind, state))
    }
}

impl SystemChange {
    pub(crate) fn of(board: &Board, id: SystemId) -> SystemChange {
        SystemChange::with(id, &board.systems[id.index()])
    }
}

/// A fleet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetForm {
    /// Id of the fleet.
    pub id: FleetId,
    /// Owner.
    pub owner: FactionId,
    /// System of the fleet; `null` while on a lane.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub system_id: Option<SystemId>,
    /// Strength, in thousandths.
    pub strength: i64,
    /// Maximum strength that repair restores, in thousandths.
    pub max_strength: i64,
    /// On a lane: origin.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub enroute_from: Option<SystemId>,
    /// On a lane: destination.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub enroute_to: Option<SystemId>,
    /// On a lane: tick of departure.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub departed: Option<u64>,
    /// On a lane: tick of arrival.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub eta: Option<u64>,
    /// Systems still to visit, in travel order; on a lane, without the end of that lane.
    pub route: Vec<SystemId>,
}

impl FleetForm {
    /// Wire form of a fleet.
    #[must_use]
    pub fn of(fleet: &Fleet) -> FleetForm {
        let mut form = FleetForm {
            id: fleet.id,
            owner: fleet.owner,
            system_id: fleet.at(),
            strength: fleet.strength,
            max_strength: fleet.max_strength,
            enroute_from: None,
            enroute_to: None,
            departed: None,
            eta: None,
            route: fleet.route().collect(),
        };
        if let Place::Lane { from, to, departed, arrives } = fleet.place {
            (form.enroute_from, form.enroute_to) = (Some(from), Some(to));
            (form.departed, form.eta) = (Some(departed), Some(arrives));
        }
        form
    }

    /// Fleet, after checking its systems and lanes against the map.
    pub(crate) fn fleet_in(&self, map: &Map, limits: &FleetLimits) -> Result<Fleet, SnapshotError> {
        let id = self.id;
        let place =
            match (self.system_id, self.enroute_from, self.enroute_to, self.departed, self.eta) {
                (Some(system), None, None, None, None) => Place::At(system),
                (None, Some(from), Some(to), Some(departed), Some(arrives)) => {
                    Place::Lane { from, to, departed, arrives }
                }
                _ => {
                    return Err(contradiction(format!(
                        "fleet {id} is neither at a system nor on a lane"
                    )));
                }
            };
        let here = match place {
            Place::At(system) => system,
            Place::Lane { from, to, departed, arrives } => {
                let ticks = map.lane_ticks(from, to).map(u64::from);
                let fits = departed.checked_add(ticks.unwrap_or(0)) == Some(arrives);
                // The arrival lists only reach as far as the longest lane, so the departure must
                // not be in the future.
                if ticks.is_none() || !fits || arrives <= limits.tick || departed > limits.tick {
                    return Err(contradiction(format!(
                        "fleet {id} is on no lane from {from} to {to} that ends in tick {arrives}"
                    )));
                }
                to
            }
        };
        if here.index() >= map.len() {
            return Err(contradiction(format!("fleet {id} is at the unknown system {here}")));
        }
        let mut last = here;
        for &system in &self.route {
            if system.index() >= map.len() || map.lane_ticks(last, system).is_none() {
                return Err(contradiction(format!(
                    "the route of fleet {id} has no lane from {last} to {system}"
                )));
            }
            last = system;
        }
        if self.strength <= 0 || self.max_strength < self.strength || self.max_strength > AMOUNT_MAX
        {
            return Err(contradiction(format!(
                "fleet {id} has strength = {} and max_strength = {}; allowed are 1 to {AMOUNT_MAX}, and strength must not exceed max_strength",
                self.strength, self.max_strength
            )));
        }
        if id.0 == 0 || id >= limits.next_fleet_id {
            return Err(contradiction(format!("fleet {id} is not below next_fleet_id")));
        }
        let route = self.route.iter().rev().copied().collect();
        Ok(Fleet {
            id,
            owner: self.owner,
            strength: self.strength,
            max_strength: self.max_strength,
            place,
            route,
        })
    }
}

/// A faction. Amounts are in thousandths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FactionForm {
    /// Id of the faction.
    pub id: FactionId,
    /// Name of the faction.
    pub name: Box<str>,
    /// Colour, `#rrggbb`.
    pub color: Box<str>,
    /// Origin of the faction.
    pub kind: FactionKind,
    /// Whether the faction owns a system or a fleet.
    pub alive: bool,
    /// Faction that this splinter broke away from, if any.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub parent: Option<FactionId>,
    /// Home system.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub home_id: Option<SystemId>,
    /// Muster system, where new fleets appear, if chosen.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub muster_id: Option<SystemId>,
    /// Build stock towards the next fleet.
    pub build_stock: i64,
    /// Output of all systems per tick.
    pub economy: i64,
    /// Number of systems owned.
    pub systems: i64,
    /// Total value of the owned systems.
    pub value: i64,
    /// Number of fleets.
    pub fleets: i64,
    /// Total strength of the fleets.
    pub strength: i64,
    /// Consecutive ticks of domination.
    pub domination_ticks: i64,
}

impl FactionForm {
    /// Wire form of a faction.
    #[must_use]
    pub fn of(faction: &Faction) -> FactionForm {
        FactionForm {
            id: faction.id,
            name: faction.name.clone(),
            color: faction_color(faction.id).into(),
            kind: faction.id.kind(),
            alive: faction.alive,
            parent: faction.parent,
            home_id: faction.home,
            muster_id: faction.muster,
            build_stock: faction.build_stock,
            economy: faction.economy,
            systems: faction.systems,
            value: faction.value,
            fleets: faction.fleets,
            strength: faction.strength,
            domination_ticks: faction.domination_ticks,
        }
    }

    pub(crate) fn faction(&self, map: &Map) -> Result<Faction, SnapshotError> {
        within(
            "faction",
            self.id,
            &[
                ("build_stock", self.build_stock, AMOUNT_MAX),
                ("economy", self.economy, i64::MAX),
                ("systems", self.systems, i64::MAX),
                ("value", self.value, i64::MAX),
                ("fleets", self.fleets, i64::MAX),
                ("strength", self.strength, i64::MAX),
                ("domination_ticks", self.domination_ticks, AMOUNT_MAX),
            ],
        )?;
        for system in [self.home_id, self.muster_id].into_iter().flatten() {
            if system.index() >= map.len() {
                return Err(contradiction(format!(
                    "faction {} names the unknown system {system}",
                    self.id
                )));
            }
        }
        Ok(Faction {
            id: self.id,
            name: self.name.clone(),
            alive: self.alive,
            parent: self.parent,
            home: self.home_id,
            muster: self.muster_id,
            build_stock: self.build_stock,
            economy: self.economy,
            systems: self.systems,
            value: self.value,
            fleets: self.fleets,
            strength: self.strength,
            domination_ticks: self.domination_ticks,
        })
    }
}

/// Result of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResultForm {
    /// Winner, if any.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub winner: Option<FactionId>,
    /// Cause of the end.
    pub cause: Cause,
    /// Last tick of the run.
    pub tick: u64,
}

impl From<Outcome> for ResultForm {
    fn from(Outcome { winner, cause, tick }: Outcome) -> ResultForm {
        ResultForm { winner, cause, tick }
    }
}

impl From<ResultForm> for Outcome {
    fn from(ResultForm { winner, cause, tick }: ResultForm) -> Outcome {
        Outcome { winner, cause, tick }
    }
}

/// A notable event of the past.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HistoryEntry {
    /// Tick of the event.
    pub tick: u64,
    /// The event.
    pub event: Event,
    /// Event in English.
    pub text: String,
}
