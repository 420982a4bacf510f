//! Orders, and reasons for refusing them.

use serde::{Deserialize, Serialize};

use crate::ids::{FactionId, FleetId, SystemId};

/// Maximum length of a `client_id`, in characters.
pub const CLIENT_ID_MAX: usize = 64;
/// Maximum length of a `reason`, in characters.
pub const REASON_MAX: usize = 120;

/// An order of a faction.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "OrderForm", into = "OrderForm")]
pub struct Order {
    /// Faction that receives the order.
    pub faction: FactionId,
    /// Id chosen by the sender.
    pub client_id: Option<Box<str>>,
    /// Reason for the order, kept in the history.
    pub reason: Option<Box<str>>,
    /// The command.
    pub command: Command,
}

impl Order {
    /// An order without `client_id` and `reason`.
    #[must_use]
    pub fn new(faction: FactionId, command: Command) -> Order {
        Order { faction, client_id: None, reason: None, command }
    }
}

/// The command of an order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Send a fleet to a system, lane by lane.
    Move {
        /// System where the fleet is.
        origin: SystemId,
        /// Destination.
        target: SystemId,
        /// Fleet to move; by default the strongest idle one at the origin.
        fleet: Option<FleetId>,
        /// Part of the fleet to send.
        amount: Amount,
    },
    /// Drop the rest of a fleet's route.
    Cancel {
        /// The fleet.
        fleet: FleetId,
    },
    /// Choose the owned system where new fleets appear.
    Muster {
        /// The system.
        target: SystemId,
    },
    /// Change the focus of an owned system.
    Focus {
        /// The system.
        system: SystemId,
        /// New focus.
        focus: Focus,
    },
}

impl Command {
    /// Kind of the order.
    #[must_use]
    pub const fn kind(&self) -> OrderKind {
        match self {
            Command::Move { .. } => OrderKind::Move,
            Command::Cancel { .. } => OrderKind::Cancel,
            Command::Muster { .. } => OrderKind::Muster,
            Command::Focus { .. } => OrderKind::Focus,
        }
    }
}

/// Part of the fleets at the origin to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Amount {
    /// One fleet, whole.
    Fleet,
    /// Strength to detach from one fleet, in thousandths; the rest stays.
    Part(i64),
    /// All idle fleets of the faction at the origin, merged.
    All,
}

/// Kind of an order.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum OrderKind {
    /// Send a fleet to a system.
    #[default]
    Move,
    /// Drop the rest of a fleet's route.
    Cancel,
    /// Choose where new fleets appear.
    Muster,
    /// Change the focus of a system.
    Focus,
}

/// Focus of a system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Focus {
    /// No emphasis.
    #[default]
    Balanced,
    /// More economy, no garrison regrowth.
    Industry,
    /// Larger garrison, less economy.
    Garrison,
    /// Faster recovery of stability, less economy.
    Order,
}

/// Wire form of an order: one flat object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderForm {
    /// Kind of the order.
    #[serde(default)]
    pub kind: OrderKind,
    /// Faction that receives the order, such as `F1`.
    pub faction: String,
    /// move: the system where the fleet is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin_id: Option<u32>,
    /// move: the destination system. muster: the system where new fleets appear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_id: Option<u32>,
    /// move: fleet to send; default is the strongest idle fleet at the origin. cancel: fleet to
    /// stop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fleet_id: Option<u32>,
    /// move: strength to detach, in thousandths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strength: Option<i64>,
    /// move: send all idle fleets at the origin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
    /// focus: system to change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_id: Option<u32>,
    /// focus: new focus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub focus: Option<Focus>,
    /// Id chosen by the sender, 1 to 64 of the characters `A-Z a-z 0-9 . _ : -`. An order whose id
    /// was already accepted is not accepted again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Reason for the order, kept in the history; at most 120 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An invalid field of an order: its name, its value and the allowed values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {value} is not allowed; allowed: {allowed}")]
pub struct FormError {
    /// The field of the order.
    pub field: &'static str,
    /// Given value, as JSON.
    pub value: String,
    /// Allowed values, in words.
    pub allowed: String,
}

fn wrong(field: &'static str, value: impl Serialize, allowed: impl Into<String>) -> FormError {
    let value = serde_json::to_string(&value).unwrap_or_default();
    FormError { field, value, allowed: allowed.into() }
}

fn required<T>(field: &'static str, kind: OrderKind, value: Option<T>) -> Result<T, FormError> {
    value.ok_or_else(|| wrong(field, None::<()>, format!("a value, in a {} order", kind.name())))
}

impl OrderKind {
    /// Name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            OrderKind::Move => "move",
            OrderKind::Cancel => "cancel",
            OrderKind::Muster => "muster",
            OrderKind::Focus => "focus",
        }
    }

    /// Fields allowed for this kind of order, besides the common ones.
    const fn fields(self) -> &'static [&'static str] {
        match self {
            OrderKind::Move => &["origin_id", "target_id", "fleet_id", "strength", "all"],
            OrderKind::Cancel => &["fleet_id"],
            OrderKind::Muster => &["target_id"],
            OrderKind::Focus => &["system_id", "focus"],
        }
    }
}

impl OrderForm {
    /// Checks that the fields fit the kind, and that ids and texts are well formed. Whether systems
    /// and fleets exist is checked when the order is executed.
    ///
    /// # Errors
    /// [`FormError`] for the first field that is missing, not allowed or malformed.
    pub fn check(self) -> Result<Order, FormError> {
        let kind = self.kind;
        let faction: FactionId = self
            .faction
            .parse()
            .map_err(|_| wrong("faction", &self.faction, "F1 to F64, L1 or S1 to S32"))?;
        self.check_fields()?;
        self.check_texts()?;
        let command = match kind {
            OrderKind::Move => {
                let amount = match (self.strength, self.all) {
                    (Some(_), Some(true)) => {
                        return Err(wrong("all", true, "strength or all, not both"));
                    }
                    (Some(strength), _) if strength <= 0 => {
                        return Err(wrong("strength", strength, "at least 1"));
                    }
                    (Some(strength), _) => Amount::Part(strength),
                    (None, Some(true)) if self.fleet_id.is_some() => {
                        return Err(wrong("all", true, "fleet_id or all, not both"));
                    }
                    (None, Some(true)) => Amount::All,
                    (None, _) => Amount::Fleet,
                };
                Command::Move {
                    origin: SystemId(required("origin_id", kind, self.origin_id)?),
                    target: SystemId(required("target_id", kind, self.target_id)?),
                    fleet: self.fleet_id.map(FleetId),
                    amount,
                }
            }
            OrderKind::Cancel => {
                Command::Cancel { fleet: FleetId(required("fleet_id", kind, self.fleet_id)?) }
            }
            OrderKind::Muster => {
                Command::Muster { target: SystemId(required("target_id", kind, self.target_id)?) }
            }
            OrderKind::Focus => Command::Focus {
                system: SystemId(required("system_id", kind, self.system_id)?),
                focus: required("focus", kind, self.focus)?,
            },
        };
        Ok(Order {
            faction,
            client_id: self.client_id.map(String::into_boxed_str),
            reason: self.reason.map(String::into_boxed_str),
            command,
        })
    }

    fn check_fields(&self) -> Result<(), FormError> {
        let present = [
            ("origin_id", self.origin_id.is_some()),
            ("target_id", self.target_id.is_some()),
            ("fleet_id", self.fleet_id.is_some()),
            ("strength", self.strength.is_some()),
            ("all", self.all.is_some()),
            ("system_id", self.system_id.is_some()),
            ("focus", self.focus.is_some()),
        ];
        let fields = self.kind.fields();
        match present.iter().find(|(field, given)| *given && !fields.contains(field)) {
            Some((field, _)) => Err(FormError {
                field,
                value: "a value".into(),
                allowed: format!("{} in a {} order", fields.join(", "), self.kind.name()),
            }),
            None => Ok(()),
        }
    }

    fn check_texts(&self) -> Result<(), FormError> {
        if let Some(id) = &self.client_id {
            let fits = (1..=CLIENT_ID_MAX).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte));
            if !fits {
                let shown: String = id.chars().take(CLIENT_ID_MAX + 1).collect();
                return Err(wrong(
                    "client_id",
                    shown,
                    "1 to 64 of the characters A-Z a-z 0-9 . _ : -",
                ));
            }
        }
        if let Some(reason) = &self.reason
            && (reason.chars().count() > REASON_MAX || reason.chars().any(char::is_control))
        {
            let shown: String = reason.chars().take(REASON_MAX + 1).collect();
            return Err(wrong(
                "reason",
                shown,
                "at most 120 characters, without control characters",
            ));
        }
        Ok(())
    }
}

impl TryFrom<OrderForm> for Order {
    type Error = FormError;

    fn try_from(form: OrderForm) -> Result<Order, FormError> {
        form.check()
    }
}

impl From<Order> for OrderForm {
    fn from(order: Order) -> OrderForm {
        let mut form = OrderForm {
            kind: order.command.kind(),
            faction: order.faction.to_string(),
            client_id: order.client_id.map(String::from),
            reason: order.reason.map(String::from),
            ..OrderForm::default()
        };
        match order.command {
            Command::Move { origin, target, fleet, amount } => {
                form.origin_id = Some(origin.0);
                form.target_id = Some(target.0);
                form.fleet_id = fleet.map(|fleet| fleet.0);
                match amount {
                    Amount::Fleet => {}
                    Amount::Part(strength) => form.strength = Some(strength),
                    Amount::All => form.all = Some(true),
                }
            }
            Command::Cancel { fleet } => form.fleet_id = Some(fleet.0),
            Command::Muster { target } => form.target_id = Some(target.0),
            Command::Focus { system, focus } => {
                form.system_id = Some(system.0);
                form.focus = Some(focus);
            }
        }
        form
    }
}

/// Why an order was refused. A refused order changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Refusal {
    /// The faction does not exist in this sector or has been eliminated.
    UnknownFaction,
    /// No system has this id.
    UnknownSystem,
    /// No fleet has this id.
    UnknownFleet,
    /// The fleet or system belongs to another faction.
    NotOwner,
    /// No fleet of the faction is idle at the origin.
    NoIdleFleet,
    /// The fleet is not idle at the origin.
    NotAtOrigin,
    /// The detached or the remaining part would be too weak.
    TooWeak,
    /// Origin and target are the same system.
    AlreadyThere,
    /// No lanes lead from the origin to the target.
    Unreachable,
    /// The fleet has no route to cancel.
    NoRoute,
    /// The faction gave an earlier order with the same `client_id` in this tick.
    Duplicate,
    /// The order was given for another universe.
    WrongUniverse,
    /// The run has ended.
    RunOver,
}

impl Refusal {
    /// All refusals. Replays store the index in this list: append new ones at the end.
    pub const ALL: [Refusal; 13] = [
        Refusal::UnknownFaction,
        Refusal::UnknownSystem,
        Refusal::UnknownFleet,
        Refusal::NotOwner,
        Refusal::NoIdleFleet,
        Refusal::NotAtOrigin,
        Refusal::TooWeak,
        Refusal::AlreadyThere,
        Refusal::Unreachable,
        Refusal::NoRoute,
        Refusal::Duplicate,
        Refusal::WrongUniverse,
        Refusal::RunOver,
    ];

    /// Code of the refusal on the wire and in metrics.
    ///
    /// ```
    /// use sector_sim::order::Refusal;
    /// assert_eq!(serde_json::to_value(Refusal::NoIdleFleet).unwrap(), Refusal::NoIdleFleet.code());
    /// ```
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Refusal::UnknownFaction => "unknown_faction",
            Refusal::UnknownSystem => "unknown_system",
            Refusal::UnknownFleet => "unknown_fleet",
            Refusal::NotOwner => "not_owner",
            Refusal::NoIdleFleet => "no_idle_fleet",
            Refusal::NotAtOrigin => "not_at_origin",
            Refusal::TooWeak => "too_weak",
            Refusal::AlreadyThere => "already_there",
            Refusal::Unreachable => "unreachable",
            Refusal::NoRoute => "no_route",
            Refusal::Duplicate => "duplicate",
            Refusal::WrongUniverse => "wrong_universe",
            Refusal::RunOver => "run_over",
        }
    }

    /// Reason in words.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Refusal::UnknownFaction => {
                "there is no such faction in this sector, or it has been eliminated"
            }
            Refusal::UnknownSystem => "there is no system with this id",
            Refusal::UnknownFleet => "there is no fleet with this id",
            Refusal::NotOwner => "it belongs to another faction",
            Refusal::NoIdleFleet => "no fleet of the faction is idle there",
            Refusal::NotAtOrigin => "the fleet is not idle at the origin",
            Refusal::TooWeak => "too little strength would leave or stay behind",
            Refusal::AlreadyThere => "the origin and the target are the same system",
            Refusal::Unreachable => "no lanes lead from the origin to the target",
            Refusal::NoRoute => "the fleet has no route to cancel",
            Refusal::Duplicate => "an order with the same client_id came first in this tick",
            Refusal::WrongUniverse => "it was given for another universe",
            Refusal::RunOver => "the run has ended",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Order, String> {
        serde_json::from_str::<Order>(text).map_err(|error| error.to_string())
    }

    #[test]
    fn orders_survive_a_round_trip() {
        for text in [
            r#"{"kind":"move","faction":"F1","origin_id":3,"target_id":9}"#,
            r#"{"kind":"move","faction":"F1","origin_id":3,"target_id":9,"all":true}"#,
            r#"{"kind":"move","faction":"F1","origin_id":3,"target_id":9,"fleet_id":2,"strength":4000,"client_id":"a:1","reason":"why not"}"#,
            r#"{"kind":"cancel","faction":"L1","fleet_id":12}"#,
            r#"{"kind":"muster","faction":"S2","target_id":4}"#,
            r#"{"kind":"focus","faction":"F64","system_id":4,"focus":"order"}"#,
        ] {
            assert_eq!(serde_json::to_string(&parse(text).unwrap()).unwrap(), text);
        }
    }

    #[test]
    fn a_move_is_the_default() {
        let order = parse(r#"{"faction":"F1","origin_id":3,"target_id":9}"#).unwrap();
        assert_eq!(order.command.kind(), OrderKind::Move);
    }

    #[test]
    fn bad_forms_are_refused_by_name() {
        let errors: Vec<_> = [
            r#"{"faction":"F0","origin_id":3,"target_id":9}"#,
            r#"{"origin_id":3,"target_id":9}"#,
            r#"{"faction":"F1","target_id":9}"#,
            r#"{"faction":"F1","origin_id":3,"target_id":9,"strength":0}"#,
            r#"{"faction":"F1","origin_id":3,"target_id":9,"strength":1,"all":true}"#,
            r#"{"faction":"F1","origin_id":-3,"target_id":9}"#,
            r#"{"faction":"F1","origin_id":3,"target_id":9,"focus":"order"}"#,
            r#"{"faction":"F1","origin_id":3,"target_id":9,"source":"human"}"#,
            r#"{"kind":"focus","faction":"F1","system_id":3,"focus":"peace"}"#,
            r#"{"kind":"cancel","faction":"F1","fleet_id":3,"client_id":"ä"}"#,
        ]
        .iter()
        .map(|text| parse(text).unwrap_err())
        .collect();
        insta::assert_json_snapshot!(errors);
        let long = format!(
            r#"{{"kind":"cancel","faction":"F1","fleet_id":3,"reason":"{}"}}"#,
            "x".repeat(121)
        );
        assert!(parse(&long).unwrap_err().contains("at most 120"));
    }
}
