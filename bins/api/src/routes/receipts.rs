//! `/orders/{receipt}` and `GET /orders`: outcomes of orders, for their senders.

use http_kit::catalogue;
use http_kit::{Problem, Response, reply};
use sector_redis::{OrderEntry, OrderStatus, StreamId};
use sector_wire::Code;
use serde_json::Value;

use crate::identity::caller::{Caller, unauthenticated};
use crate::request::call::Call;
use crate::request::problems::of_store;
use sector_wire::{OrderProgress, OrderResult, OrderState, ReceiptList, ReceiptStatus};

/// Maximum number of receipts in a response: as many as are kept per player.
const COUNT_MAX: usize = 100;
/// Default number of receipts in a response.
const COUNT_DEFAULT: usize = 20;

/// Outcome of the orders of a receipt.
///
/// Orders are `waiting` until a tick handles them; then each is `applied`, or `refused` with a
/// code. The outcomes of the newest 10000 receipts are kept.
#[utoipa::path(
    get,
    path = "/orders/{receipt}",
    operation_id = "order_status",
    tag = "players",
    security(("bearer" = []), ("botToken" = [])),
    params(("receipt" = String, Path, description = "The `id` returned by `POST /orders`.", example = "5-0")),
    responses(
        (status = 200, description = "The receipt and its outcome.", body = ReceiptStatus),
        (status = 400, description = "`invalid_path`."),
        (status = 404, description = "`unknown_receipt`: not one of your receipts, or no longer kept."),
    )
)]
pub(crate) async fn one(call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let receipt: StreamId = call.parameter_as("receipt", "a receipt such as 5-0")?;
    let player = player(&call)?;
    let status = call.store().order(receipt).await.map_err(of_store)?;
    // Don't reveal that someone else's receipt exists: answer 404.
    match status.filter(|status| is_of(status, &player)) {
        Some(status) => reply::json(&shown(status)?),
        None => Err(Problem::not_found(
            Code::UnknownReceipt,
            "This is not one of your receipts, or it is no longer kept.",
        )),
    }
}

/// Your newest orders and their outcomes.
#[utoipa::path(
    get,
    path = "/orders",
    operation_id = "my_orders",
    tag = "players",
    security(("bearer" = []), ("botToken" = [])),
    params(
        ("mine" = Option<bool>, Query, description = "Only `true` is allowed: the orders of others are not shown."),
        ("count" = Option<u32>, Query, description = "Maximum number of receipts: 1 to 100, default 20.", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "Your receipts, newest first.", body = ReceiptList))
)]
pub(crate) async fn mine(call: Call) -> Result<Response, Problem> {
    let query = call.query(&["mine", "count"])?;
    if query.boolean("mine")? == Some(false) {
        return Err(Problem::bad_request(
            catalogue::INVALID_QUERY,
            "The orders of others are not shown: set mine to true, or omit it.",
        ));
    }
    let count = query.integer("count", 1..=COUNT_MAX)?.unwrap_or(COUNT_DEFAULT);
    let known = call.store().orders_of(&player(&call)?, count).await.map_err(of_store)?;
    reply::json(&ReceiptList { orders: known.into_iter().map(shown).collect::<Result<_, _>>()? })
}

/// The name under which the caller sends orders.
fn player(call: &Call) -> Result<String, Problem> {
    match call.caller() {
        Caller::Anonymous => Err(unauthenticated()),
        Caller::Bot => Ok(crate::identity::caller::BOT_PLAYER.to_owned()),
        Caller::Person(person) => Ok(person.player()),
    }
}

fn is_of(status: &OrderStatus, player: &str) -> bool {
    match status {
        OrderStatus::Waiting(entry) => entry.player == player,
        OrderStatus::Done(outcome) => outcome.player == player,
    }
}

fn shown(status: OrderStatus) -> Result<ReceiptStatus, Problem> {
    match status {
        OrderStatus::Waiting(entry) => waiting(entry),
        OrderStatus::Done(outcome) => {
            let result: OrderResult =
                serde_json::from_str(&outcome.body).map_err(Problem::internal)?;
            Ok(ReceiptStatus { id: outcome.id.to_string(), status: OrderState::Done, result })
        }
    }
}

fn waiting(entry: OrderEntry) -> Result<ReceiptStatus, Problem> {
    let orders = entry.orders.iter().map(|body| {
        let order: Value = serde_json::from_str(body).map_err(Problem::internal)?;
        Ok(OrderProgress { order, status: OrderState::Waiting, code: None, fleet: None })
    });
    let orders = orders.collect::<Result<_, Problem>>()?;
    let result = OrderResult {
        universe_id: entry.universe.to_string(),
        tick: None,
        source: entry.source,
        at_ms: entry.at_ms,
        orders,
    };
    Ok(ReceiptStatus { id: entry.id.to_string(), status: OrderState::Waiting, result })
}
