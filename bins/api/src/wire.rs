//! The bodies of requests and answers that are not the engine's own.

mod checks;
mod part;
mod places;
mod runs;
mod status;

pub use checks::{BattlePreview, OrderCheck, OrderPreview, OrderVerdict};
pub use part::{SnapshotAnswer, SnapshotPart};
pub use runs::{Leader, Leaderboard, RunDocument, RunPage, RunPlayer};

pub use places::{
    FactionDocument, FactionHistory, FactionSample, Inbound, LaneEnd, SystemDocument,
};
pub use status::{RuleNumber, RulesDocument, SectorCondition, SectorStatus};

use sector_sim::{Delta, FactionId, FactionKind, OrderForm, RunEnd, Snapshot};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How the service is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HealthDocument {
    /// `ok`, or `failing` with a `reason`.
    #[schema(examples("ok"))]
    pub status: String,
    /// Which service this is.
    #[schema(examples("api"))]
    pub service: String,
    /// Its version.
    #[schema(examples("0.1.0"))]
    pub version: String,
    /// Why it is failing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The universe that it sees, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub universe_id: Option<String>,
    /// The tick that it sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tick: Option<u64>,
}

/// Asks for a message to sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NonceRequest {
    /// The address of the wallet that will sign: 0x and 40 hexadecimal digits.
    #[schema(examples("0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"))]
    pub address: String,
}

/// A message to sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NonceAnswer {
    /// The nonce in the message; it works once, and for a short time.
    pub nonce: String,
    /// The text to sign as it stands, with `personal_sign`.
    pub message: String,
}

/// Presents the signed message: with the message itself, as wallets that write their own do, or with the address that
/// asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyRequest {
    /// The address that asked for the message; may be left out when the message is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(examples("0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"))]
    pub address: Option<String>,
    /// The message that was signed: the one that was handed out, or another ERC-4361 message with its nonce.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What `personal_sign` returned: 65 bytes in hexadecimal, after 0x.
    pub signature: String,
}

/// Presents a refresh token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    /// The refresh token of the login, or of the last renewal.
    pub refresh_token: String,
}

/// Presents a one-time code of the operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OperatorRequest {
    /// The code from the terminal.
    pub code: String,
}

/// A login.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenAnswer {
    /// The token, to be sent as `Authorization: Bearer <token>`.
    pub token: String,
    /// For how many seconds it holds.
    #[schema(examples(900))]
    pub expires_in: u64,
    /// Gets a new token at `POST /auth/refresh`, once.
    pub refresh_token: String,
    /// For how many seconds the session lasts unless it is renewed.
    #[schema(examples(2592000))]
    pub refresh_expires_in: u64,
}

/// Sessions that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogoutAnswer {
    /// How many there were.
    pub ended: u64,
}

/// Asks for a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRequest {
    /// What the key is called; others see it beside a seat that is played with it.
    #[schema(examples("night watch"), min_length = 1, max_length = 40)]
    pub label: String,
    /// What it is good for: `read`, `orders` or both.
    #[schema(examples(json!(["read", "orders"])), min_items = 1)]
    pub verbs: Vec<String>,
    /// In how many seconds it ends, 60 to 31536000; without, it lasts until it is revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 60, maximum = 31536000)]
    pub expires_in: Option<u64>,
}

/// A key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListedKey {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub label: String,
    /// What it is good for.
    pub verbs: Vec<String>,
    /// When it was issued (RFC 3339).
    pub issued_at: String,
    /// When it ends, if it does.
    #[schema(required = true)]
    pub expires_at: Option<String>,
    /// When it was last used, to the minute; null if never.
    #[schema(required = true)]
    pub used_at: Option<String>,
}

/// A key that was just issued.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IssuedKey {
    /// The key itself: `Authorization: Bearer sector_key_…`. It cannot be shown again.
    pub key: String,
    /// What is kept of it.
    #[serde(flatten)]
    pub listed: ListedKey,
}

/// Somebody's keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyList {
    /// They, by id.
    pub keys: Vec<ListedKey>,
}

/// A key that was revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyRevoked {
    /// Its id.
    pub revoked: String,
}

/// An entry of the audit log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Its number, from 1, without gaps.
    #[serde(default)]
    pub number: u64,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// Whose action it was.
    pub by: String,
    /// In which sector.
    pub sector: String,
    /// What was asked for.
    #[schema(examples("pause"))]
    pub action: String,
    /// With which parameters.
    pub parameters: serde_json::Value,
    /// The id of the request.
    pub request_id: String,
    /// `asked`, `done`, or the code of the problem.
    #[schema(examples("done"))]
    pub outcome: String,
}

/// Entries of the audit log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditPage {
    /// The entries, oldest first.
    pub entries: Vec<AuditEntry>,
    /// Where to go on: pass it as `after`.
    pub next: u64,
}

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// The address that logged in; all zeros for the local operator.
    pub address: String,
    /// The faction that is claimed, if one is.
    #[schema(required = true)]
    pub faction: Option<String>,
    /// The running universe, if there is one.
    #[schema(required = true)]
    pub universe_id: Option<String>,
    /// `player` or `admin`.
    #[schema(examples("player"))]
    pub role: String,
}

/// Who gives a faction's orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Controller {
    /// The player who claimed it.
    Human,
    /// The computer.
    Bot,
}

/// A faction and whether it can be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FactionSeat {
    /// Its id.
    pub id: FactionId,
    /// Its name.
    pub name: String,
    /// Its colour, `#rrggbb`.
    pub color: String,
    /// Where it comes from.
    pub kind: FactionKind,
    /// Whether it has a system or a fleet.
    pub alive: bool,
    /// How many systems it owns.
    pub systems: i64,
    /// Their value.
    pub value: i64,
    /// The strength of its fleets, in thousandths.
    pub strength: i64,
    /// Whether a player holds it.
    pub claimed: bool,
    /// Whether it could be claimed now.
    pub claimable: bool,
    /// Who gives its orders.
    pub controller: Controller,
    /// The label of the key with which a player's bot gives them, if one does.
    #[schema(required = true)]
    pub bot: Option<String>,
}

/// All factions that ever were in this universe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FactionList {
    /// The universe.
    pub universe_id: String,
    /// The factions, by id.
    pub factions: Vec<FactionSeat>,
}

/// Asks for a faction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimRequest {
    /// The faction's id.
    #[schema(examples("F1"))]
    pub faction: String,
}

/// A claim that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReleaseAnswer {
    /// The faction that was given up, if one was held.
    #[schema(required = true)]
    pub released: Option<String>,
}

/// A whole sector, and which life of its store it is of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SectorSnapshot {
    /// Changes when the sector is restored from a backup: event ids count within an incarnation. Pass it on with
    /// `after`, to be told when that happened.
    #[schema(examples("00c0ffee00c0ffee"), pattern = "^[0-9a-f]{16}$")]
    pub incarnation: String,
    /// The sector.
    #[serde(flatten)]
    pub snapshot: Snapshot,
}

/// An entry of the event stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum StreamEntry {
    /// A new universe begins.
    Snapshot {
        /// The entry's id, to go on from.
        id: String,
        /// The whole sector.
        data: SectorSnapshot,
    },
    /// One tick.
    Delta {
        /// The entry's id, to go on from.
        id: String,
        /// What the tick changed.
        data: Delta,
    },
    /// A run is over.
    RunEnd {
        /// The entry's id, to go on from.
        id: String,
        /// How it ended.
        data: RunEnd,
    },
    /// Accepted orders that no tick could take.
    OrdersRefused {
        /// The entry's id, to go on from.
        id: String,
        /// Which, and why.
        data: OrdersRefused,
    },
}

/// An event of `GET /events/stream`, field by field as Server-Sent Events have them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StreamedEvent {
    /// What to send as `Last-Event-ID`, to go on from here.
    #[schema(examples("17-0.00c0ffee00c0ffee"))]
    pub id: String,
    /// A `StreamEntry`, as JSON.
    pub data: String,
}

/// Accepted orders that were refused without a tick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrdersRefused {
    /// The universe that runs.
    pub universe_id: String,
    /// The tick whose commit passed them.
    pub tick: u64,
    /// They, as they were accepted.
    pub orders: Vec<RefusedOrder>,
}

/// An accepted order that was refused without a tick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefusedOrder {
    /// The receipt's id.
    #[schema(examples("5-0"))]
    pub id: String,
    /// The universe that it was accepted for.
    pub universe_id: String,
    /// Who gave it: the address of a player, or `bot`.
    pub player: String,
    /// Its `client_id`, if it had one.
    #[schema(required = true)]
    pub client_id: Option<String>,
    /// `run_over`: its universe has ended. `faction_claimed`: a player has the faction that a bot ordered. `unreadable`.
    #[schema(examples("run_over"))]
    pub code: String,
}

/// Entries of the event stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventPage {
    /// The entries, oldest first; empty if none came in time.
    pub events: Vec<StreamEntry>,
    /// Where to go on: pass it as `after`.
    #[schema(examples("17-0"))]
    pub next: String,
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

/// A wish for a new universe, noted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RestartAnswer {
    /// Grows with every request.
    pub number: u64,
    /// The seed that was asked for, if one was.
    #[schema(required = true)]
    pub seed: Option<u64>,
}

/// Claims that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BotsOnlyAnswer {
    /// How many there were.
    pub released: u64,
}

/// Whether the sector stands still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PauseAnswer {
    /// Whether it does.
    pub paused: bool,
}

/// Why a request was refused (RFC 9457).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProblemDocument {
    /// The kind of problem, as a URN that ends with the code.
    #[serde(rename = "type")]
    #[schema(examples("urn:sector:problem:not_your_faction"))]
    pub kind: String,
    /// The name of the status.
    #[schema(examples("Forbidden"))]
    pub title: String,
    /// The HTTP status.
    #[schema(examples(403))]
    pub status: u16,
    /// A stable word for programs.
    #[schema(examples("not_your_faction"))]
    pub code: String,
    /// What is wrong, as a sentence for people.
    pub detail: String,
    /// The id of the request, as in the header X-Request-Id and in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The fields at fault, where there are any.
    pub errors: Vec<FieldProblem>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FieldProblem {
    /// Where: a path into the body such as `orders[2].strength`, or a parameter.
    #[schema(examples("orders[2].strength"))]
    pub field: String,
    /// What was there; null if nothing was.
    pub value: serde_json::Value,
    /// What would be allowed there, in words.
    pub allowed: String,
    /// What is wrong, as a sentence.
    pub detail: String,
}

/// The sectors that a service serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SectorList {
    /// They, by name.
    pub sectors: Vec<SectorPlace>,
}

/// A sector and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SectorPlace {
    /// Its name; `default` for the one without an id.
    #[schema(examples("north-2"))]
    pub name: String,
    /// What stands before the paths that are about it.
    #[schema(examples("/sectors/north-2"))]
    pub path: String,
    /// Whether paths without such a beginning mean this one.
    pub home: bool,
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
