//! Orders on their way to the worker.
//!
//! Appending a batch is one atomic step that checks, in this order: that the universe is running;
//! whether all orders were accepted before, in which case it returns the first receipt without
//! checking further; the batch's [`Right`]; the backlog. A refusal covers the whole batch and
//! writes nothing.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::ids::{MAX_NAME_BYTES, UniverseId, check_name};
use crate::stream::StreamId;

/// Maximum number of orders in a batch.
pub const MAX_BATCH_ORDERS: usize = 1_000;
/// Maximum length of an order's body, in bytes.
pub const MAX_ORDER_BYTES: usize = 64 * 1024;
/// Condition under which the orders are accepted, checked in the same atomic step that appends
/// them. The current time is the batch's `at_ms`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Right {
    /// No condition: the caller has checked.
    #[default]
    Any,
    /// The batch's player must hold this faction, with a claim that has not lapsed. Appending the
    /// orders renews the claim, as [`Claims::touch`](crate::Claims::touch) does.
    Seat {
        /// The faction.
        faction: String,
        /// Time without activity after which a claim lapses, in milliseconds.
        idle_ms: u64,
    },
    /// No player may hold any of these factions.
    Unclaimed {
        /// The factions; at most [`MAX_BATCH_ORDERS`].
        factions: Vec<String>,
        /// Time without activity after which a claim lapses, in milliseconds.
        idle_ms: u64,
    },
}

/// Orders that are accepted together: one entry of the order stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderBatch {
    /// The universe the orders are for; must be the running one.
    pub universe: UniverseId,
    /// The sender: an address, or a bot's name. Client ids are unique per player.
    pub player: String,
    /// Source of the orders, such as `human` or `bot`; recorded only.
    pub source: String,
    /// Time of acceptance, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// The orders; 1 to [`MAX_BATCH_ORDERS`].
    pub orders: Vec<BatchOrder>,
    /// Condition for accepting the batch.
    pub right: Right,
    /// The batch is refused while at least this many entries wait. `None`: no limit.
    pub backlog_max: Option<u64>,
}

/// One order of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchOrder {
    /// The player's id for this order, accepted once per universe.
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
    /// Client ids that had been accepted before and were skipped, in the batch's order.
    pub duplicates: Vec<String>,
}

/// An entry of the order stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderEntry {
    /// Id of the entry; commit it as the cursor once its orders are applied or refused.
    pub id: StreamId,
    /// The universe the orders are for; an earlier one if the universe changed since.
    pub universe: UniverseId,
    /// The sender.
    pub player: String,
    /// Source of the orders.
    pub source: String,
    /// Time of acceptance, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Bodies in the batch's order, without duplicates.
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

/// Refuses a batch if `waiting` has reached its limit.
pub fn check_backlog(waiting: u64, backlog_max: Option<u64>) -> Result<()> {
    match backlog_max {
        Some(most) if waiting >= most => Err(Error::BacklogFull { waiting }),
        _ => Ok(()),
    }
}
