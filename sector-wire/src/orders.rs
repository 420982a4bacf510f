//! Orders, receipts and outcomes.

use sector_sim::order::OrderForm;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How an order came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderSource {
    /// From a player's session.
    Human,
    /// From a program with a player's key.
    BotKey,
    /// From the service's computer players.
    Bot,
}

impl OrderSource {
    /// Name in the order stream.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::BotKey => "bot_key",
            Self::Bot => "bot",
        }
    }
}

/// Why an accepted order reached no tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Untaken {
    /// Its universe has ended.
    RunOver,
    /// A player holds the faction that a computer player ordered.
    FactionClaimed,
    /// It cannot be read.
    Unreadable,
}

impl Untaken {
    /// Name in events and outcomes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RunOver => "run_over",
            Self::FactionClaimed => "faction_claimed",
            Self::Unreadable => "unreadable",
        }
    }
}

/// Orders to be accepted together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderRequest {
    /// 1 to 100 orders.
    #[schema(min_items = 1, max_items = 100)]
    pub orders: Vec<OrderForm>,
}

/// Receipt for accepted orders. The next tick applies each order or refuses it with a reason; its
/// events say which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderReceipt {
    /// Id of the entry in the order stream.
    #[schema(examples("5-0"))]
    pub id: String,
    /// `client_id`s of orders that had already been accepted and were skipped.
    pub duplicates: Vec<String>,
}

/// State of an order or a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// No tick has handled it yet.
    Waiting,
    /// Receipts only: a tick has handled it; see each order for its outcome.
    Done,
    /// Orders only: applied.
    Applied,
    /// Orders only: refused; `code` says why.
    Refused,
}

/// An order and its outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OrderProgress {
    /// The order as sent.
    pub order: serde_json::Value,
    /// State of the order.
    pub status: OrderState,
    /// Reason of the refusal: a code of the engine, or `run_over`, `faction_claimed` or
    /// `unreadable` if no tick could apply it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(examples("not_owner"))]
    pub code: Option<String>,
    /// Fleet that acts on the order, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fleet: Option<u32>,
}

/// Orders that were accepted together, with their outcomes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OrderResult {
    /// Id of the universe they were for.
    pub universe_id: String,
    /// Tick that handled them; null while they wait.
    #[schema(required = true)]
    pub tick: Option<u64>,
    /// Source: `human`, `bot_key` or `bot`.
    #[schema(examples("human"))]
    pub source: String,
    /// Time of acceptance, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Orders of the batch, in order, without duplicates.
    pub orders: Vec<OrderProgress>,
}

/// State of a receipt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReceiptStatus {
    /// Id of the receipt.
    #[schema(examples("5-0"))]
    pub id: String,
    /// `waiting` or `done`.
    pub status: OrderState,
    /// Its orders and their outcomes.
    #[serde(flatten)]
    pub result: OrderResult,
}

/// The caller's receipts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReceiptList {
    /// Receipts, newest first.
    pub orders: Vec<ReceiptStatus>,
}
