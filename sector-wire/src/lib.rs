//! The contract between the services of a sector: what one writes and another reads.
//!
//! Each type is here once, a file a resource: bodies of requests and responses, entries of the
//! event stream, outcomes of orders, summaries of runs, problem documents and their codes. The
//! OpenAPI document is made from these types; SDK and UI get theirs through it.

pub mod admin;
pub mod checks;
pub mod code;
pub mod events;
pub mod factions;
pub mod keys;
pub mod login;
pub mod orders;
pub mod problem;
pub mod runs;
pub mod service;
pub mod snapshot;
pub mod systems;

pub use admin::{AuditEntry, AuditPage, BotsOnlyAnswer, PauseAnswer, RestartAnswer};
pub use checks::{BattlePreview, OrderCheck, OrderPreview, OrderVerdict};
pub use code::{Code, Service};
pub use events::{
    EventKind, EventPage, OrdersRefused, RefusedOrder, SectorSnapshot, StreamEntry, StreamedEvent,
};
pub use factions::{
    ClaimRequest, Controller, FactionDocument, FactionHistory, FactionList, FactionSample,
    FactionSeat, KeepAnswer, ReleaseAnswer,
};
pub use keys::{IssuedKey, KeyList, KeyRequest, KeyRevoked, ListedKey};
pub use login::{
    LogoutAnswer, Me, NonceAnswer, NonceRequest, OperatorRequest, RefreshRequest, TokenAnswer,
    VerifyRequest,
};
pub use orders::{
    OrderProgress, OrderReceipt, OrderRequest, OrderResult, OrderSource, OrderState, ReceiptList,
    ReceiptStatus, Untaken,
};
pub use problem::{FieldProblem, ProblemDocument};
pub use runs::{
    Leader, Leaderboard, Mint, Minted, MinterHealth, RunDocument, RunPage, RunPlayer, SeatFault,
    UnratedReason, VICTORY, Victory, began_ms,
};
pub use service::{
    HealthDocument, RuleNumber, RulesDocument, SectorCondition, SectorList, SectorPlace,
    SectorStatus,
};
pub use snapshot::{SnapshotAnswer, SnapshotPart};
pub use systems::{Inbound, LaneEnd, SystemDocument};
