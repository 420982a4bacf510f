//! Orders on their way to the worker.
//!
//! What is judged when a batch comes in, in this order, in the same atomic step that appends it:
//! whether its universe runs; whether all its orders were accepted before, which answers the first
//! receipt and writes nothing, whatever became of the right or the backlog meanwhile; its
//! [`Right`]; the room in the backlog. A refusal is of the whole batch, and writes nothing.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::ids::UniverseId;
use crate::stream::StreamId;

/// Most orders in one batch.
pub const MAX_BATCH_ORDERS: usize = 1_000;
/// Longest body of one order, in bytes.
pub const MAX_ORDER_BYTES: usize = 64 * 1024;
/// Longest client id, universe id, player or source, in bytes.
pub const MAX_NAME_BYTES: usize = 256;

/// Whether the sender may give these orders; judged in the same atomic step that appends them.
///
/// Times are those of the batch: `at_ms` is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Right {
    /// Not judged: the caller has.
    #[default]
    Any,
    /// The batch's player must hold this faction's seat and not have been away for `idle_ms`. The
    /// player counts as seen, as by [`Claims::touch`](crate::Claims::touch), when the orders are
    /// appended.
    Seat {
        /// The faction.
        faction: String,
        /// After how long a seat lapses.
        idle_ms: u64,
    },
    /// No player may hold any of these factions.
    Unclaimed {
        /// The factions; at most [`MAX_BATCH_ORDERS`].
        factions: Vec<String>,
        /// After how long a seat lapses.
        idle_ms: u64,
    },
}

/// Orders that are accepted together: one entry of the order stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderBatch {
    /// The universe the orders are for; must be the running one.
    pub universe: UniverseId,
    /// Who gives the orders: an address, or a bot's name. Client ids count per player.
    pub player: String,
    /// Which way they came in, e.g. `human` or `bot`; kept for the record.
    pub source: String,
    /// When they were accepted, milliseconds since 1970; kept for the record.
    pub at_ms: u64,
    /// The orders; 1 to [`MAX_BATCH_ORDERS`].
    pub orders: Vec<BatchOrder>,
    /// Whether the sender may give them.
    pub right: Right,
    /// The batch is refused while so many entries wait; `None`: it never is.
    pub backlog_max: Option<u64>,
}

/// One order of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchOrder {
    /// The player's own name for this order. The same name is accepted once per universe.
    pub client_id: Option<String>,
    /// The order, JSON; at most [`MAX_ORDER_BYTES`].
    pub body: String,
}

/// The proof that a batch was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The entry that holds the orders. When all orders were duplicates, nothing was appended and
    /// this is the entry that holds the first of them.
    pub id: StreamId,
    /// Client ids that had been accepted before and were left out now, in the batch's order.
    pub duplicates: Vec<String>,
}

/// An entry of the order stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderEntry {
    /// Its id; commit it as the cursor once its orders are applied or refused.
    pub id: StreamId,
    /// The universe the orders are for; older than the running one when it changed meanwhile.
    pub universe: UniverseId,
    /// Who gave them.
    pub player: String,
    /// Which way they came in.
    pub source: String,
    /// When they were accepted, milliseconds since 1970.
    pub at_ms: u64,
    /// The bodies, in the batch's order, duplicates left out.
    pub orders: Vec<String>,
}

impl OrderBatch {
    /// Refuses a batch the store would not keep.
    pub fn check(&self) -> Result<()> {
        if self.orders.is_empty() || self.orders.len() > MAX_BATCH_ORDERS {
            let count = self.orders.len().to_string();
            return Err(Error::invalid("number of orders", count, "1 to 1000"));
        }
        check_name("universe", &self.universe)?;
        check_name("player", &self.player)?;
        if self.source.len() > MAX_NAME_BYTES {
            return Err(Error::invalid("source", &self.source, "at most 256 bytes"));
        }
        match &self.right {
            Right::Any => {}
            Right::Seat { faction, .. } => check_name("faction", faction)?,
            Right::Unclaimed { factions, .. } => {
                if factions.len() > MAX_BATCH_ORDERS {
                    let count = factions.len().to_string();
                    return Err(Error::invalid("number of factions", count, "at most 1000"));
                }
                factions.iter().try_for_each(|faction| check_name("faction", faction))?;
            }
        }
        for order in &self.orders {
            if order.body.len() > MAX_ORDER_BYTES {
                let length = format!("{} bytes", order.body.len());
                return Err(Error::invalid("order body", length, "at most 65536 bytes"));
            }
            if let Some(client_id) = &order.client_id {
                check_name("client_id", client_id)?;
            }
        }
        Ok(())
    }
}

/// Refuses a batch for which there is no room among so many that wait.
pub fn check_backlog(waiting: u64, backlog_max: Option<u64>) -> Result<()> {
    match backlog_max {
        Some(most) if waiting >= most => Err(Error::BacklogFull { waiting }),
        _ => Ok(()),
    }
}

/// Refuses an empty or overlong name, and control characters, which separate names in stored keys.
pub fn check_name(what: &'static str, name: &str) -> Result<()> {
    let allowed = "1 to 256 bytes without control characters";
    if name.is_empty() || name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control) {
        return Err(Error::invalid(what, format!("{name:?}"), allowed));
    }
    Ok(())
}
