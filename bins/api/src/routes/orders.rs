//! `POST /orders`: accepts or refuses a batch as a whole.
//!
//! Refuses only what is certain: malformed orders, unknown factions, systems and fleets, and
//! factions that the sender does not hold. The tick, which alone knows the state in which an order
//! is applied, decides the rest.

use std::collections::BTreeSet;
use std::sync::Arc;

use follow::Frame;
use http::StatusCode;
use http_kit::{FieldError, Problem, Response, json, reply};
use sector_redis::{BatchOrder, Error as StoreError, OrderBatch, Receipt, Right, UniverseId};
use sector_sim::order::{FormError, OrderForm};
use sector_sim::{Board, Command, FactionId, FleetId, Order, SystemId};
use sector_wire::{Code, OrderReceipt, OrderRequest, OrderSource};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::identity::caller::{BOT_PLAYER, Caller, unauthenticated};
use crate::request::call::Call;
use crate::request::problems::{invalid_body, of_store};

/// Maximum body, in bytes.
const BODY_BYTES_MAX: usize = 256 << 10;
/// Maximum number of orders in a batch.
const ORDERS_MAX: usize = 100;
/// Maximum number of entries that wait for the worker, so that a paused sector does not fill the
/// store.
const BACKLOG_MAX: u64 = 10_000;
/// `Retry-After` while the backlog is full, in seconds.
const BACKLOG_RETRY_SECONDS: u64 = 2;

/// Send orders.
///
/// Players send orders to the faction they claimed, bots to unclaimed factions. A batch is accepted
/// or refused as a whole, with the reason for each order in `errors`. The next tick applies or
/// refuses each accepted order: see the events `order_applied` and `order_refused`. An order whose
/// `client_id` was already accepted is skipped and listed in `duplicates`, so a batch can safely be
/// sent again.
#[utoipa::path(
    post,
    path = "/orders",
    operation_id = "give_orders",
    tag = "players",
    security(("bearer" = []), ("botToken" = [])),
    request_body(content = OrderRequest, example = json!({"orders": [
        {"kind": "move", "faction": "F1", "origin_id": 3, "target_id": 9, "client_id": "a-1"},
        {"kind": "focus", "faction": "F1", "system_id": 3, "focus": "industry"}
    ]})),
    responses(
        (status = 202, description = "Accepted; the next tick will apply or refuse each order.", body = OrderReceipt),
        (status = 400, description = "`invalid_order`, `unknown_faction`, `unknown_system`, `unknown_fleet`; `invalid_orders` if the batch has errors of several kinds."),
        (status = 403, description = "`not_your_faction`: you did not claim this faction. `faction_claimed`: bots cannot order a player's faction."),
        (status = 409, description = "`no_universe`, `run_over`."),
        (status = 413, description = "`payload_too_large`: more than 262144 bytes."),
    )
)]
pub(crate) async fn give(mut call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let span = call.span("POST /orders");
    let Batch { orders, faults, frame, .. } = Batch::read(&mut call).await?;
    let universe = frame.universe().clone();
    // Release the frame before waiting for the store, so that the next tick need not copy it.
    drop(frame);
    // A batch whose orders all have ids may be a retry of an accepted one, whose fleets have since
    // disappeared.
    let may_be_again = faults.iter().all(|fault| fault.code == Code::UnknownFleet)
        && orders.iter().all(|(_, order)| order.client_id.is_some());
    if !faults.is_empty() && !may_be_again {
        return Err(refusal(StatusCode::BAD_REQUEST, faults));
    }

    let (player, source, right) = right(&call, &universe, &orders).await?;
    let entries = orders
        .iter()
        .map(|(_, order)| {
            let body = serde_json::to_string(order).map_err(Problem::internal)?;
            Ok(BatchOrder { client_id: order.client_id.as_deref().map(str::to_owned), body })
        })
        .collect::<Result<_, Problem>>()?;
    let batch = OrderBatch {
        universe,
        player,
        source: source.name().to_owned(),
        at_ms: call.state().now().unix_ms(),
        orders: entries,
        right,
        backlog_max: Some(if faults.is_empty() { BACKLOG_MAX } else { 0 }),
    };
    if !faults.is_empty() {
        // With a backlog of 0, the store returns only the receipt of a batch that was already accepted.
        return match call.store().append_orders(&batch).await {
            Ok(receipt) => accepted(receipt),
            Err(
                StoreError::BacklogFull { .. }
                | StoreError::NotYourSeat { .. }
                | StoreError::SeatTaken { .. },
            ) => Err(refusal(StatusCode::BAD_REQUEST, faults)),
            Err(error) => Err(of_store(error)),
        };
    }
    let appending = span.child("append to the order stream");
    let receipt =
        call.store().append_orders(&batch).await.map_err(|error| refused(error, &orders))?;
    drop(appending);
    call.pass_on(span, &receipt, orders.len()).await;
    accepted(receipt)
}

fn accepted(receipt: Receipt) -> Result<Response, Problem> {
    let answer = OrderReceipt { id: receipt.id.to_string(), duplicates: receipt.duplicates };
    reply::json_with_status(StatusCode::ACCEPTED, &answer)
}

/// Sender and source of the orders, and the right that the store checks in the same step as the
/// append, so that no claim changes in between.
///
/// # Errors
/// 403 for a player's batch with orders for several factions.
async fn right(
    call: &Call,
    universe: &UniverseId,
    orders: &[(usize, Order)],
) -> Result<(String, OrderSource, Right), Problem> {
    let idle_ms = call.state().idle_ms();
    let factions: BTreeSet<String> =
        orders.iter().map(|(_, order)| order.faction.to_string()).collect();
    match call.caller() {
        Caller::Anonymous => Err(unauthenticated()),
        Caller::Bot => Ok((
            BOT_PLAYER.to_owned(),
            OrderSource::Bot,
            Right::Unclaimed {
                factions: factions.into_iter().collect(),
                // A computer plays on for a player who is away.
                idle_ms: call.state().autopilot_ms(),
            },
        )),
        Caller::Person(person) => {
            let source =
                if person.key.is_some() { OrderSource::BotKey } else { OrderSource::Human };
            let mut factions = factions.into_iter();
            match (factions.next(), factions.next()) {
                (Some(faction), None) => {
                    Ok((person.player(), source, Right::Seat { faction, idle_ms }))
                }
                _ => {
                    let own = call.seat(universe, person).await.map_err(of_store)?;
                    Err(not_your_seat(own.as_deref(), orders))
                }
            }
        }
    }
}

/// The problem for orders that the store refused.
fn refused(error: StoreError, orders: &[(usize, Order)]) -> Problem {
    match error {
        StoreError::NotYourSeat { held } => not_your_seat(held.as_deref(), orders),
        StoreError::SeatTaken { factions } => {
            let detail = "A player has claimed this faction.";
            let allowed = "unclaimed factions";
            foreign(Code::FactionClaimed, allowed, detail, orders, &|faction| {
                !factions.iter().any(|one| one == faction)
            })
        }
        StoreError::BacklogFull { waiting } => Problem::unavailable(
            Code::OrderBacklogFull,
            format!("{waiting} batches are already waiting; try again when the sector resumes."),
            BACKLOG_RETRY_SECONDS,
        ),
        error => of_store(error),
    }
}

fn not_your_seat(held: Option<&str>, orders: &[(usize, Order)]) -> Problem {
    let (allowed, detail) = match held {
        Some(own) => (own, "This is not the faction that you claimed."),
        None => ("none", "You hold no faction, or your claim has expired."),
    };
    foreign(Code::NotYourFaction, allowed, detail, orders, &|faction| held == Some(faction))
}

/// 403 naming each order for a faction that the sender does not hold.
fn foreign(
    code: Code,
    allowed: &str,
    detail: &str,
    orders: &[(usize, Order)],
    is_own: &dyn Fn(&str) -> bool,
) -> Problem {
    let faults = orders
        .iter()
        .map(|(index, order)| (*index, order.faction.to_string()))
        .filter(|(_, faction)| !is_own(faction))
        .map(|(index, faction)| {
            let error =
                FieldError::new(format!("orders[{index}].faction"), faction, allowed, detail);
            Fault { index, code, error }
        })
        .collect();
    refusal(StatusCode::FORBIDDEN, faults)
}

/// The body. Orders are parsed one by one afterwards, so that all errors are reported.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    orders: Vec<Box<RawValue>>,
}

/// A batch of orders.
pub(super) struct Batch {
    /// Number of orders in the body.
    pub(super) count: usize,
    /// Well-formed orders with their index in the body.
    pub(super) orders: Vec<(usize, Order)>,
    /// Errors of all orders.
    pub(super) faults: Vec<Fault>,
    /// Frame that the orders were checked against.
    pub(super) frame: Arc<Frame>,
}

impl Batch {
    /// Reads the body and checks the orders. Before reporting anything as unknown, catches up with
    /// the latest commit, because the sender may have seen a later tick than this process.
    ///
    /// # Errors
    /// As [`http_kit::Context::json`] and [`Call::acting_frame`]; 400 `invalid_body` for an empty
    /// batch or too many orders.
    pub(super) async fn read(call: &mut Call) -> Result<Self, Problem> {
        let Request { orders } = call.json(BODY_BYTES_MAX).await?;
        let count = orders.len();
        if !(1..=ORDERS_MAX).contains(&count) {
            let detail = format!("A batch has 1 to {ORDERS_MAX} orders; this one has {count}.");
            let allowed = format!("1 to {ORDERS_MAX} orders");
            return Err(invalid_body(FieldError::new("orders", Value::Null, allowed, detail)));
        }
        let mut faults = Vec::new();
        let orders = form(&orders, &mut faults);
        let mut frame = call.acting_frame().await?;
        let mut missing = existence(frame.board(), &orders);
        if !missing.is_empty() {
            drop(frame);
            frame = call.latest_frame().await?;
            missing = existence(frame.board(), &orders);
        }
        faults.extend(missing);
        Ok(Self { count, orders, faults, frame })
    }
}

/// An error in one order.
#[derive(Debug)]
pub(super) struct Fault {
    /// Index of the order in the batch.
    pub(super) index: usize,
    /// Code of the error.
    pub(super) code: Code,
    /// The invalid field.
    pub(super) error: FieldError,
}

/// The well-formed orders with their index in the batch; adds the errors of the others to `faults`.
/// Each element of the batch becomes an order or a fault, so none is dropped.
fn form(orders: &[Box<RawValue>], faults: &mut Vec<Fault>) -> Vec<(usize, Order)> {
    let mut good = Vec::with_capacity(orders.len());
    for (index, order) in orders.iter().enumerate() {
        match read(index, order.get()) {
            Ok(order) => good.push((index, order)),
            Err(fault) => faults.push(fault),
        }
    }
    good
}

fn read(index: usize, text: &str) -> Result<Order, Fault> {
    let fault = |error: FieldError| Fault {
        index,
        code: Code::InvalidOrder,
        error: FieldError { field: place(index, &error.field), ..error },
    };
    // Serde would also accept a list of the fields in order.
    if !text.starts_with('{') {
        let detail = "An order is an object.";
        return Err(fault(FieldError::new("", Value::Null, "an object", detail)));
    }
    match json::parse::<OrderForm>(text.as_bytes()) {
        Ok(form) => form.check().map_err(|error| of_form(index, &error)),
        // A syntax error that the batch's reader does not see, such as 1e999, names no field.
        Err(problem) => {
            Err(fault(problem.errors().first().cloned().unwrap_or_else(|| {
                FieldError::new("", Value::Null, "valid JSON", problem.detail())
            })))
        }
    }
}

fn of_form(index: usize, error: &FormError) -> Fault {
    let value =
        serde_json::from_str(&error.value).unwrap_or_else(|_| Value::from(error.value.as_str()));
    let detail = format!("{}: {} is not allowed.", error.field, error.value);
    Fault {
        index,
        code: Code::InvalidOrder,
        error: FieldError::new(place(index, error.field), value, error.allowed.as_str(), detail),
    }
}

fn place(index: usize, field: &str) -> String {
    if field.is_empty() { format!("orders[{index}]") } else { format!("orders[{index}].{field}") }
}

/// Errors for factions, systems and fleets that do not exist.
fn existence(board: &Board, orders: &[(usize, Order)]) -> Vec<Fault> {
    let mut missing = Missing { board, index: 0, faults: Vec::new() };
    for (index, order) in orders {
        missing.index = *index;
        missing.faction(order.faction);
        match order.command {
            Command::Move { origin, target, fleet, .. } => {
                missing.system("origin_id", origin);
                missing.system("target_id", target);
                if let Some(fleet) = fleet {
                    missing.fleet(fleet);
                }
            }
            Command::Cancel { fleet } => missing.fleet(fleet),
            Command::Muster { target } => missing.system("target_id", target),
            Command::Focus { system, .. } => missing.system("system_id", system),
        }
    }
    missing.faults
}

struct Missing<'a> {
    board: &'a Board,
    index: usize,
    faults: Vec<Fault>,
}

impl Missing<'_> {
    fn add(&mut self, code: Code, field: &str, value: Value, allowed: String, detail: &str) {
        self.faults.push(Fault {
            index: self.index,
            code,
            error: FieldError::new(place(self.index, field), value, allowed, detail),
        });
    }

    fn faction(&mut self, id: FactionId) {
        if self.board.faction(id).is_some_and(|faction| faction.alive) {
            return;
        }
        let living = self.board.factions().iter().filter(|faction| faction.alive);
        let allowed = living.map(|faction| faction.id.to_string()).collect::<Vec<_>>().join(", ");
        let detail = "This universe has no such faction, or it has been eliminated.";
        self.add(Code::UnknownFaction, "faction", id.to_string().into(), allowed, detail);
    }

    fn system(&mut self, field: &str, id: SystemId) {
        if self.board.system(id).is_none() {
            let last = self.board.systems().len().saturating_sub(1);
            let detail = "This universe has no such system.";
            self.add(Code::UnknownSystem, field, id.0.into(), format!("0 to {last}"), detail);
        }
    }

    fn fleet(&mut self, id: FleetId) {
        if self.board.fleets().get(id).is_none() {
            let detail = "This universe has no such fleet, or it no longer exists.";
            let allowed = "the id of an existing fleet".to_owned();
            self.add(Code::UnknownFleet, "fleet_id", id.0.into(), allowed, detail);
        }
    }
}

/// The problem for a refused batch, with the code that all errors share, or `invalid_orders`.
pub(super) fn refusal(status: StatusCode, mut faults: Vec<Fault>) -> Problem {
    faults.sort_by_key(|fault| fault.index);
    let first = faults.first().map_or(Code::InvalidOrders, |fault| fault.code);
    let code =
        if faults.iter().all(|fault| fault.code == first) { first } else { Code::InvalidOrders };
    let detail = match faults.as_slice() {
        [fault] => format!("No order was accepted. {}: {}", fault.error.field, fault.error.detail),
        _ => format!("No order was accepted: {} errors, see `errors`.", faults.len()),
    };
    Problem::new(status, code, detail).with_errors(faults.into_iter().map(|fault| fault.error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_an_object_with_each_field_once() {
        let judged = |text: &str| {
            let order = RawValue::from_string(text.to_owned()).unwrap();
            let mut faults = Vec::new();
            let good = form(&[order], &mut faults);
            (good.len(), faults.into_iter().map(|fault| fault.error.field).collect::<Vec<_>>())
        };
        let good = r#" {"kind": "muster", "faction": "F1", "target_id": 0} "#;
        assert_eq!(judged(good), (1, Vec::new()));
        let doubled = r#"{"kind":"muster","faction":"F1","faction":"F2","target_id":0}"#;
        assert_eq!(judged(doubled).0, 0);
        assert!(judged(doubled).1.concat().starts_with("orders[0]"));
        let list = r#"["muster","F1",0]"#;
        assert_eq!(judged(list), (0, vec!["orders[0]".to_owned()]));
    }
}
