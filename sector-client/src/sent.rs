//! The orders that were sent of late, so that their outcomes are known for one's own.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use sector_sim::{FactionId, Order};

/// Most orders that are remembered: those of some hundred ticks of a busy bot.
const SENT_MAX: usize = 10_000;

/// Which faction each of the newest orders was for, by `client_id`.
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
    /// Takes note of orders that are about to be sent.
    pub(crate) fn remember(&self, orders: &[Order]) {
        let mut newest = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
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

    /// For which faction the order with this `client_id` was sent, if it was.
    pub(crate) fn faction(&self, client_id: &str) -> Option<FactionId> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).factions.get(client_id).copied()
    }
}

#[cfg(test)]
mod tests {
    use sector_sim::{Command, FleetId};

    use super::*;

    #[test]
    fn the_newest_are_remembered() {
        let (sent, faction) = (Sent::default(), FactionId::starter(0).unwrap());
        for number in 0..=SENT_MAX {
            let mut order = Order::new(faction, Command::Cancel { fleet: FleetId(1) });
            order.client_id = Some(format!("o-{number}").into());
            // Sent twice, it is one.
            sent.remember(&[order.clone(), order]);
        }
        assert_eq!(sent.faction("o-0"), None);
        assert_eq!(sent.faction("o-1"), Some(faction));
        assert_eq!(sent.faction(&format!("o-{SENT_MAX}")), Some(faction));
    }
}
