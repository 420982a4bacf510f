//! From the order stream to the orders of a tick.

use sector_redis::OrderEntry;
use sector_sim::Order;

/// Most entries of the order stream that one tick takes; the rest waits for the next.
pub(crate) const MAX_ENTRIES: usize = 1_000;

/// The orders in these entries that are for this universe, in stream order. Orders for a universe that has ended are
/// passed over: it has nobody left to obey them.
pub(crate) fn for_universe(entries: &[OrderEntry], universe: &str) -> Vec<Order> {
    let mut orders = Vec::new();
    for entry in entries {
        if entry.universe != universe {
            tracing::info!(id = %entry.id, universe = entry.universe, "orders for an ended universe are passed over");
            continue;
        }
        for body in &entry.orders {
            match serde_json::from_str(body) {
                Ok(order) => orders.push(order),
                // Only checked orders are appended, so this was written by something else.
                Err(error) => tracing::warn!(id = %entry.id, %error, "an order that cannot be read is passed over"),
            }
        }
    }
    orders
}
