//! `POST /orders/check`: previews orders without sending them.
//!
//! The engine applies the orders to a copy of the sector, so the result is what the next tick would
//! do if no one else sent orders.

use std::sync::Arc;

use follow::Frame;
use http_kit::{Problem, Response, reply};
use sector_sim::order::Refusal;
use sector_sim::{Command, FactionId, FleetId, Order, Rules, SystemId, World};

use super::orders::{Batch, Fault};
use crate::request::call::Call;
use sector_wire::{
    BattlePreview, FieldProblem, OrderCheck, OrderPreview, OrderRequest, OrderVerdict,
};

/// Preview orders without sending them.
///
/// Open to everyone, for every faction. Checks the form of each order, whether the things it names
/// exist, and what the engine would do in the next tick: a refusal with its reason, or the fleet's
/// route, its arrival and the battle it would meet in the current state. Orders are applied in
/// sequence, so later ones see the effects of earlier ones. Does not check whether a `client_id`
/// was already accepted or whether you hold the faction.
#[utoipa::path(
    post,
    path = "/orders/check",
    operation_id = "check_orders",
    tag = "sector",
    request_body(content = OrderRequest, example = json!({"orders": [
        {"kind": "move", "faction": "F1", "origin_id": 3, "target_id": 9}
    ]})),
    responses(
        (status = 200, description = "A preview of each order.", body = OrderCheck, example = json!({
            "universe_id": "u-19ab2c3d4e5-0badf00d", "tick": 417, "orders": [{
                "verdict": "good", "fleet_id": 12, "strength": 10_000, "route": [7, 9], "arrives": 431,
                "battle": {"system_id": 9, "owner": "F2", "garrison": 3_000, "defence": 0, "odds": 1_000, "left": 7_000}
            }]
        })),
        (status = 409, description = "`no_universe`, `run_over`; `foreign_rules`: the universe uses a rules version that this server does not know."),
        (status = 413, description = "`payload_too_large`: more than 262144 bytes."),
    )
)]
pub(crate) async fn check(mut call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let Batch { count, orders, faults, frame } = Batch::read(&mut call).await?;
    let universe = frame.universe().clone();
    let book = call.state().rulebooks.of(call.sector(), &universe).await?;
    let rules = Arc::clone(&book.rules);
    // Copying a large sector is slow; do it on a blocking thread.
    let check =
        tokio::task::spawn_blocking(move || preview(&frame, &rules, count, orders, &faults));
    reply::json(&check.await.map_err(Problem::internal)?)
}

fn preview(
    frame: &Frame,
    rules: &Rules,
    count: usize,
    orders: Vec<(usize, Order)>,
    faults: &[Fault],
) -> OrderCheck {
    let mut previews: Vec<OrderPreview> = (0..count).map(|index| invalid(index, faults)).collect();
    let good: Vec<(usize, Order)> = orders
        .into_iter()
        .filter(|(index, _)| !faults.iter().any(|fault| fault.index == *index))
        .collect();
    let (places, orders): (Vec<usize>, Vec<Order>) = good.into_iter().unzip();
    // The copy does not depend on the viewing faction.
    if let Some(first) = orders.first() {
        let mut world = frame.mirror().view(rules, first.faction).fork();
        world.step(&orders);
        let outcomes = world.report().outcomes.clone();
        for ((place, order), outcome) in places.into_iter().zip(&orders).zip(outcomes) {
            let preview = match outcome {
                Ok(fleet) => carried_out(frame, rules, &world, order, fleet.map(|fleet| fleet.0)),
                Err(refusal) => refused(refusal),
            };
            if let Some(slot) = previews.get_mut(place) {
                *slot = preview;
            }
        }
    }
    OrderCheck { universe_id: frame.universe().to_string(), tick: frame.tick(), orders: previews }
}

const NOTHING: OrderPreview = OrderPreview {
    verdict: OrderVerdict::Invalid,
    code: None,
    detail: None,
    errors: Vec::new(),
    fleet_id: None,
    strength: None,
    route: Vec::new(),
    arrives: None,
    battle: None,
};

/// The preview of an invalid order.
fn invalid(index: usize, faults: &[Fault]) -> OrderPreview {
    let mut faults = faults.iter().filter(|fault| fault.index == index).peekable();
    let first = faults.peek().map(|fault| (fault.code.to_string(), fault.error.detail.clone()));
    let (code, detail) = first.unzip();
    let errors = faults.map(|fault| FieldProblem {
        field: fault.error.field.clone(),
        value: fault.error.value.clone(),
        allowed: fault.error.allowed.clone(),
        detail: fault.error.detail.clone(),
    });
    OrderPreview { code, detail, errors: errors.collect(), ..NOTHING }
}

fn refused(refusal: Refusal) -> OrderPreview {
    let code = serde_json::to_value(refusal).ok().and_then(|code| code.as_str().map(str::to_owned));
    OrderPreview {
        verdict: OrderVerdict::Refused,
        code,
        detail: Some(format!("The next tick would refuse this order: {}.", refusal.sentence())),
        ..NOTHING
    }
}

/// The preview of an order that was tried on a copy of the world.
fn carried_out(
    frame: &Frame,
    rules: &Rules,
    world: &World,
    order: &Order,
    fleet: Option<u32>,
) -> OrderPreview {
    let mut preview = OrderPreview { verdict: OrderVerdict::Good, fleet_id: fleet, ..NOTHING };
    let Some(fleet) = fleet.and_then(|id| world.board().fleets().get(FleetId(id))) else {
        return preview;
    };
    preview.strength = Some(fleet.strength);
    if let Command::Move { target, .. } = order.command {
        let calls: Vec<_> = fleet.schedule(world.map(), world.tick()).collect();
        preview.route = calls.iter().map(|(system, _)| system.0).collect();
        // A later order of the batch may have redirected the fleet.
        if let Some((_, arrives)) = calls.into_iter().find(|(system, _)| *system == target) {
            preview.arrives = Some(arrives);
            preview.battle = battle(frame, rules, order.faction, target, arrives, fleet.strength);
        }
    }
    preview
}

/// The battle that a fleet would meet at a foreign system.
fn battle(
    frame: &Frame,
    rules: &Rules,
    faction: FactionId,
    target: SystemId,
    arrives: u64,
    strength: i64,
) -> Option<BattlePreview> {
    let view = frame.mirror().view(rules, faction);
    let resistance = view
        .resistance(target, arrives.saturating_sub(frame.tick()).try_into().unwrap_or(i64::MAX));
    if view.owns(target) && resistance.defence == 0 {
        return None;
    }
    Some(BattlePreview {
        system_id: target.0,
        owner: resistance.owner,
        garrison: resistance.garrison,
        defence: resistance.defence,
        odds: resistance.odds(&view, strength),
        left: resistance.left(&view, strength),
    })
}
