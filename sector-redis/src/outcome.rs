//! Outcomes of orders, for their senders.
//!
//! An entry of the order stream *waits* until a commit's cursor passes it, and is *done* from then
//! on. The commit that passes it records its outcome, which is kept for a while.

use serde::{Deserialize, Serialize};

use crate::order::OrderEntry;
use crate::stream::StreamId;

/// Outcomes of how many entries are kept unless the commit says otherwise.
pub const OUTCOMES_KEPT: u64 = 10_000;
/// Most outcomes that can be kept: what one sector may need of a Redis without being noticed.
pub const MAX_OUTCOMES_KEPT: u64 = 1_000_000;
/// Most entries of one player that can be listed.
pub const PLAYER_ORDERS: usize = 100;
/// In how many waiting entries, the newest, a player's are looked for.
pub const WAITING_LOOKED_AT: usize = 10_000;

/// Outcome of an accepted entry, written by the commit that passes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The entry.
    pub id: StreamId,
    /// Who gave its orders.
    pub player: String,
    /// Outcome of each order, JSON.
    pub body: String,
}

/// Where an accepted entry is on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderStatus {
    /// No commit has passed it.
    Waiting(OrderEntry),
    /// A commit has passed it, and this came of it.
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

/// How many of a player's entries are listed when `count` are asked for.
pub fn listed(count: usize) -> usize {
    count.clamp(1, PLAYER_ORDERS)
}

/// Both lists as one, the newest first. They may have been read one after the other, what waits
/// first: what is in both is done.
pub fn newest(waiting: Vec<OrderEntry>, done: Vec<Outcome>, count: usize) -> Vec<OrderStatus> {
    let newest_done = done.first().map_or(StreamId::START, |outcome| outcome.id);
    let waiting =
        waiting.into_iter().filter(|entry| entry.id > newest_done).map(OrderStatus::Waiting);
    waiting.chain(done.into_iter().map(OrderStatus::Done)).take(count).collect()
}
