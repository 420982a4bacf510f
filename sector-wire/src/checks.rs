//! Previews of orders.

use sector_sim::FactionId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::FieldProblem;

/// What orders would come to if the next tick carried them out, in their order, and no others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OrderCheck {
    /// The universe.
    pub universe_id: String,
    /// The tick as of which all of this is; orders are carried out by the one after it.
    pub tick: u64,
    /// One for each order, in their order.
    pub orders: Vec<OrderPreview>,
}

/// What would become of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderVerdict {
    /// It would be carried out.
    Good,
    /// The tick would refuse it.
    Refused,
    /// It would not be accepted at all, nor would any batch that has it.
    Invalid,
}

/// What an order would come to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OrderPreview {
    /// Whether it would be carried out.
    pub verdict: OrderVerdict,
    /// Why not: the code of a refusal such as `no_idle_fleet`, or of what is invalid such as `unknown_system`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(examples("no_idle_fleet"))]
    pub code: Option<String>,
    /// The same as a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The fields at fault, where it is invalid.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
    /// The fleet that would obey. A detached one takes the next id, if nobody else divides a fleet before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fleet_id: Option<u32>,
    /// Its strength then, in thousandths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strength: Option<i64>,
    /// move: the systems that it would enter, in the order of travel.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub route: Vec<u32>,
    /// move: the tick in which it would reach its target, if nothing stops it before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrives: Option<u64>,
    /// move: what it would meet at its target, if that is not its own and nobody moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub battle: Option<BattlePreview>,
}

/// What an attack would meet, as things stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BattlePreview {
    /// The system.
    pub system_id: u32,
    /// Who owns it.
    #[schema(required = true)]
    pub owner: Option<FactionId>,
    /// Its garrison by then, in thousandths.
    pub garrison: i64,
    /// What foreign fleets there count for, with the garrison if it fights beside them, in thousandths; 0 without fleets.
    pub defence: i64,
    /// Whether the attack would prevail over the fleets, per mille; 1000 without fleets.
    pub odds: i64,
    /// What would be left of the attackers once they have prevailed and ground the garrison down, in thousandths; 0 if
    /// that is too little to hold the system.
    pub left: i64,
}
