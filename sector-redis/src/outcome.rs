//! Outcomes of orders, for their senders.
//!
//! An entry of the order stream *waits* until a commit's cursor passes it, and is *done* from then
//! on. The commit that passes it records its outcome, which is kept for a while.

use serde::{Deserialize, Serialize};

use crate::order::OrderEntry;
use crate::stream::StreamId;

/// Default number of outcomes to keep.
pub const OUTCOMES_KEPT: u64 = 10_000;
/// Maximum number of outcomes to keep, which bounds a sector's memory in Redis.
pub const MAX_OUTCOMES_KEPT: u64 = 1_000_000;
/// Maximum number of entries listed for a player.
pub const PLAYER_ORDERS: usize = 100;
/// Number of newest waiting entries searched for those of a player.
pub const WAITING_LOOKED_AT: usize = 10_000;

/// Outcome of an accepted entry, written by the commit that passes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The entry.
    pub id: StreamId,
    /// The sender of the orders.
    pub player: String,
    /// Outcome of each order, JSON.
    pub body: String,
}

/// Status of an accepted entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderStatus {
    /// Not yet passed by a commit.
    Waiting(OrderEntry),
    /// Passed by a commit, with this outcome.
    Done(Outcome),
}

impl OrderStatus {
    /// The entry's id.
    #[must_use]
    pub fn id(&self) -> StreamId {
        match self {
            Self::Waiting(entry) => entry.id,
            Self::Done(outcome) => outcome.id,
        }
    }
}

/// Number of entries to list when `count` are requested.
pub fn listed(count: usize) -> usize {
    count.clamp(1, PLAYER_ORDERS)
}

/// Merges both lists, newest first. Waiting entries were read first, so an entry in both is done.
pub fn newest(waiting: Vec<OrderEntry>, done: Vec<Outcome>, count: usize) -> Vec<OrderStatus> {
    let newest_done = done.first().map_or(StreamId::START, |outcome| outcome.id);
    let waiting =
        waiting.into_iter().filter(|entry| entry.id > newest_done).map(OrderStatus::Waiting);
    waiting.chain(done.into_iter().map(OrderStatus::Done)).take(count).collect()
}
