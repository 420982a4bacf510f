//! Previews of orders.

use sector_sim::FactionId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::FieldProblem;

/// Preview of orders, as if the next tick applied exactly these in this order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OrderCheck {
    /// Id of the universe.
    pub universe_id: String,
    /// Tick of the preview; the orders would be applied by the next one.
    pub tick: u64,
    /// One preview per order, in the same order.
    pub orders: Vec<OrderPreview>,
}

/// Verdict on an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderVerdict {
    /// The tick would apply it.
    Good,
    /// The tick would refuse it.
    Refused,
    /// It would not be accepted, and neither would a batch that contains it.
    Invalid,
}

/// Preview of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OrderPreview {
    /// Verdict.
    pub verdict: OrderVerdict,
    /// Reason: the code of a refusal such as `no_idle_fleet`, or of an invalid field such as
    /// `unknown_system`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(examples("no_idle_fleet"))]
    pub code: Option<String>,
    /// Reason, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Invalid fields, if the order is invalid.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
    /// Fleet that would act. A detached fleet gets the next free id, unless another fleet is split
    /// first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fleet_id: Option<u32>,
    /// Strength of the fleet then, in thousandths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strength: Option<i64>,
    /// move: systems it would enter, in order of travel.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub route: Vec<u32>,
    /// move: tick of arrival at the target, if nothing stops it before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrives: Option<u64>,
    /// move: defenders at the target, if it is not the player's own and nobody moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub battle: Option<BattlePreview>,
}

/// Preview of an attack in the current state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BattlePreview {
    /// Target system.
    pub system_id: u32,
    /// Owner of the system, if any.
    #[schema(required = true)]
    pub owner: Option<FactionId>,
    /// Garrison on arrival, in thousandths.
    pub garrison: i64,
    /// Defence of the fleets there, in thousandths, including the garrison if it fights with them;
    /// 0 without fleets.
    pub defence: i64,
    /// Chance to defeat the fleets, per mille; 1000 without fleets.
    pub odds: i64,
    /// Strength left after defeating fleets and garrison, in thousandths; 0 if too little to hold
    /// the system.
    pub left: i64,
}
