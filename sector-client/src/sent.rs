//! Recently sent orders, to recognize their outcomes.

use std::collections::{BTreeMap, VecDeque};

use parking_lot::Mutex;
use sector_sim::{FactionId, Order};

/// Largest number of orders stored: about 100 ticks of a busy bot.
const SENT_MAX: usize = 10_000;

/// Faction of each of the newest orders, by `client_id`.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    orders: Mutex<Newest>,
}

#[derive(Debug, Default)]
struct Newest {
    factions: BTreeMap<Box<str>, FactionId>,
    in_order: VecDeque<Box<str>>,
}

impl Sent {
    /// Stores orders that are about to be sent.
    pub(crate) fn remember(&self, orders: &[Order]) {
        let mut newest = self.orders.lock();
        for order in orders {
            let Some(id) = &order.client_id else { continue };
            if newest.factions.insert(id.clone(), order.faction).is_none() {
                newest.in_order.push_back(id.clone());
            }
            if newest.in_order.len() > SENT_MAX
                && let Some(oldest) = newest.in_order.pop_front()
            {
                newest.factions.remove(&oldest);
            }
        }
    }

    /// Faction of the order sent with this `client_id`, if any.
    pub(crate) fn faction(&self, client_id: &str) -> Option<FactionId> {
        self.orders.lock().factions.get(client_id).copied()
    }
}

#[cfg(test)]
mod tests {
    use sector_sim::{Command, FleetId};

    use super::*;

    #[test]
    fn the_newest_orders_are_stored() {
        let (sent, faction) = (Sent::default(), FactionId::starter(0).unwrap());
        for number in 0..=SENT_MAX {
            let mut order = Order::new(faction, Command::Cancel { fleet: FleetId(1) });
            order.client_id = Some(format!("o-{number}").into());
            // Sent twice, stored once.
            sent.remember(&[order.clone(), order]);
        }
        assert_eq!(sent.faction("o-0"), None);
        assert_eq!(sent.faction("o-1"), Some(faction));
        assert_eq!(sent.faction(&format!("o-{SENT_MAX}")), Some(faction));
    }
}
