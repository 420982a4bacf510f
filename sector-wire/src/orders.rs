//! Orders, receipts and outcomes.

use sector_sim::OrderForm;
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

/// The proof that orders were accepted. They are carried out, or refused with a reason, by the next
/// tick; its events say which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderReceipt {
    /// The entry of the order stream that holds them.
    #[schema(examples("5-0"))]
    pub id: String,
    /// The `client_id`s of orders that had been accepted before and were left out now.
    pub duplicates: Vec<String>,
}

/// How far an order, or a receipt, has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// No tick has passed it.
    Waiting,
    /// Of a receipt: a tick has passed it, and what became of each order is said with it.
    Done,
    /// Of an order: it was carried out.
    Applied,
    /// Of an order: it was refused; `code` says why.
    Refused,
}

/// An order and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OrderProgress {
    /// The order as it was sent.
    pub order: serde_json::Value,
    /// What became of it.
    pub status: OrderState,
    /// Why it was refused: the engine's reasons, and `run_over`, `faction_claimed` and `unreadable` for one that no
    /// tick could take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(examples("not_owner"))]
    pub code: Option<String>,
    /// The fleet that obeys, if it concerns one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fleet: Option<u32>,
}

/// Orders that were accepted together, and what became of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OrderResult {
    /// The universe they were for.
    pub universe_id: String,
    /// The tick that passed them.
    #[schema(required = true)]
    pub tick: Option<u64>,
    /// How they came in: `human`, `bot_key` or `bot`.
    #[schema(examples("human"))]
    pub source: String,
    /// When they were accepted, in milliseconds since 1970.
    pub at_ms: u64,
    /// Each order, in the order of the batch, duplicates left out.
    pub orders: Vec<OrderProgress>,
}

/// What became of a receipt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReceiptStatus {
    /// The receipt.
    #[schema(examples("5-0"))]
    pub id: String,
    /// `waiting` or `done`.
    pub status: OrderState,
    /// What became of its orders.
    #[serde(flatten)]
    pub result: OrderResult,
}

/// Somebody's receipts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReceiptList {
    /// They, the newest first.
    pub orders: Vec<ReceiptStatus>,
}
