//! `POST /orders`: accepts or refuses a batch as a whole.
//!
//! Refuses only what is certain: malformed orders, unknown factions, systems and fleets, and
//! factions that the sender does not hold. The tick, which alone knows the state in which an order
//! is applied, decides the rest. Before refusing anything as unknown, the API catches up with the
//! latest commit, because the sender may have seen a later tick than this process.

use sector_wire::Code;
use std::collections::BTreeSet;

use http::StatusCode;
use http_kit::{FieldError, Problem, Response, reply};
use sector_redis::{BatchOrder, Error as StoreError, OrderBatch, Receipt, Right, UniverseId};
use sector_sim::Order;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::factions::{CATCH_UP_WAIT, acting_frame};
use crate::identity::caller::{Caller, unauthenticated};
use crate::request::call::Call;
use crate::request::problems::{of_follower, of_store};
use crate::request::traces;
use crate::seats::seat;
use sector_wire::{OrderReceipt, OrderRequest, OrderSource};

pub(super) mod judge;

use judge::{Fault, existence, form, refusal};

/// Maximum body, in bytes.
const BODY_BYTES_MAX: usize = 256 << 10;
/// Maximum number of orders in a batch.
const ORDERS_MAX: usize = 100;
/// Maximum number of entries that wait for the worker, so that a paused sector does not fill the
/// store.
const BACKLOG_MAX: u64 = 10_000;
/// `Retry-After` while the backlog is full, in seconds.
const BACKLOG_RETRY_SECONDS: u64 = 2;

/// The body. Orders are parsed one by one afterwards, so that all errors are reported.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    orders: Vec<Box<RawValue>>,
}

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
        (status = 400, description = "`malformed_json`, `invalid_body`, `invalid_order`, `unknown_faction`, `unknown_system`, `unknown_fleet`; `invalid_orders` if the batch has errors of several kinds."),
        (status = 401, description = "`unauthenticated`, `bot_token_wrong`, or a problem with the token."),
        (status = 403, description = "`not_your_faction`: you did not claim this faction. `faction_claimed`: bots cannot order a player's faction. `bots_disabled`."),
        (status = 409, description = "`no_universe`, `run_over`."),
        (status = 413, description = "`payload_too_large`: more than 262144 bytes."),
        (status = 415, description = "`unsupported_media_type`: send application/json."),
    )
)]
pub(crate) async fn give(mut call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let mut span = traces::begin(&call, "POST /orders");
    let orders = read(&mut call).await?;
    let mut faults = Vec::new();
    let orders = form(&orders, &mut faults);
    let mut frame = acting_frame(&call).await?;
    let mut missing = existence(frame.board(), &orders);
    if !missing.is_empty() {
        drop(frame);
        frame = call.follower().caught_up(CATCH_UP_WAIT).await.map_err(of_follower)?;
        missing = existence(frame.board(), &orders);
    }
    faults.extend(missing);
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
    traces::pass_on(&call, &mut span, &receipt, orders.len()).await;
    accepted(receipt)
}

fn accepted(receipt: Receipt) -> Result<Response, Problem> {
    let answer = OrderReceipt { id: receipt.id.to_string(), duplicates: receipt.duplicates };
    reply::json_with_status(StatusCode::ACCEPTED, &answer)
}

/// The orders of the body, not yet parsed.
///
/// # Errors
/// As [`http_kit::Context::json`]; 400 `invalid_body` for an empty batch or too many orders.
pub(super) async fn read(call: &mut Call) -> Result<Vec<Box<RawValue>>, Problem> {
    let Request { orders } = call.json(BODY_BYTES_MAX).await?;
    if (1..=ORDERS_MAX).contains(&orders.len()) {
        return Ok(orders);
    }
    let detail = format!("A batch has 1 to {ORDERS_MAX} orders; this one has {}.", orders.len());
    let error = FieldError::new("orders", Value::Null, format!("1 to {ORDERS_MAX} orders"), detail);
    Err(crate::request::problems::invalid_body(error))
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
            crate::identity::caller::BOT_PLAYER.to_owned(),
            OrderSource::Bot,
            Right::Unclaimed { factions: factions.into_iter().collect(), idle_ms },
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
                    let own = seat(call, universe, person).await.map_err(of_store)?;
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
