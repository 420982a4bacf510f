//! Limits the clients of live streams, in total and per address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use http::StatusCode;
use http::header::RETRY_AFTER;
use parking_lot::Mutex;

use crate::catalogue;
use crate::client_address::network;
use crate::problem::Problem;

/// Seconds until a rejected client may retry.
const RETRY_AFTER_SECONDS: u64 = 5;

/// Default limit of clients in total.
pub const CLIENTS_MAX: usize = 1_000;
/// Default limit of clients per address, which many people may share.
pub const CLIENTS_PER_ADDRESS_MAX: usize = 64;

/// Slots for clients, limited in total and per address (IPv6: per /64).
#[derive(Debug)]
pub struct ClientSlots {
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
struct Used {
    max: usize,
    per_address_max: usize,
    total: usize,
    by_address: HashMap<Option<IpAddr>, usize>,
}

/// A slot, freed on drop.
#[derive(Debug)]
pub struct ClientSlot {
    slots: Arc<ClientSlots>,
    address: Option<IpAddr>,
}

/// Why there is no free slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotsFull {
    /// The total limit is reached.
    Total(usize),
    /// The limit of the client's address is reached.
    Address(usize),
}

impl ClientSlots {
    /// `max` slots, at most `per_address_max` of them for one address.
    #[must_use]
    pub fn new(max: usize, per_address_max: usize) -> Arc<Self> {
        Arc::new(Self { used: Mutex::new(Used { max, per_address_max, ..Used::default() }) })
    }

    /// Changes the limits. Clients above a lower limit keep their slots.
    pub fn resize(&self, max: usize, per_address_max: usize) {
        let mut used = self.used.lock();
        (used.max, used.per_address_max) = (max, per_address_max);
    }

    /// Takes a slot for a client at `address`.
    ///
    /// # Errors
    /// [`SlotsFull`] when a limit is reached.
    pub fn take(self: &Arc<Self>, address: Option<IpAddr>) -> Result<ClientSlot, SlotsFull> {
        let address = address.map(network);
        let mut used = self.used.lock();
        let Used { max, per_address_max, .. } = *used;
        if used.total >= max {
            return Err(SlotsFull::Total(max));
        }
        let of_address = used.by_address.get(&address).copied().unwrap_or_default();
        if of_address >= per_address_max {
            return Err(SlotsFull::Address(per_address_max));
        }
        used.by_address.insert(address, of_address + 1);
        used.total += 1;
        Ok(ClientSlot { slots: Arc::clone(self), address })
    }

    /// Number of slots in use.
    pub fn used(&self) -> usize {
        self.used.lock().total
    }
}

impl SlotsFull {
    /// A problem with these codes: 503 for the total limit, 429 for that of an address, both with `Retry-After`.
    #[must_use]
    pub fn problem(
        self,
        total_code: impl Into<&'static str>,
        address_code: impl Into<&'static str>,
    ) -> Problem {
        match self {
            Self::Total(max) => Problem::unavailable(
                total_code,
                format!("All {max} live streams of this server are in use; try again later."),
                RETRY_AFTER_SECONDS,
            ),
            Self::Address(max) => Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                address_code,
                format!("Your address has {max} live streams open, the most allowed; close one."),
            )
            .with_header(RETRY_AFTER, RETRY_AFTER_SECONDS.into()),
        }
    }
}

/// 503 `too_many_clients` or 429 `too_many_clients_of_address`.
impl From<SlotsFull> for Problem {
    fn from(full: SlotsFull) -> Self {
        full.problem(catalogue::TOO_MANY_CLIENTS, catalogue::TOO_MANY_CLIENTS_OF_ADDRESS)
    }
}

impl Drop for ClientSlot {
    fn drop(&mut self) {
        let mut used = self.slots.used.lock();
        used.total -= 1;
        if let Some(of_address) = used.by_address.get_mut(&self.address) {
            *of_address -= 1;
            if *of_address == 0 {
                used.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_counted_by_address_and_freed() {
        let slots = ClientSlots::new(4, 2);
        let address = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        let refusal = |of: Option<IpAddr>| slots.take(of).unwrap_err();
        let first = slots.take(address("10.0.0.1")).unwrap();
        // The same address, mapped to IPv6.
        let second = slots.take(address("::ffff:10.0.0.1")).unwrap();
        assert_eq!(refusal(address("10.0.0.1")), SlotsFull::Address(2));
        let _third = slots.take(address("2001:db8::1")).unwrap();
        let _fourth = slots.take(address("2001:db8::2")).unwrap();
        assert_eq!((slots.used(), refusal(address("10.0.0.9"))), (4, SlotsFull::Total(4)));
        drop(second);
        assert_eq!(refusal(address("2001:db8::3")), SlotsFull::Address(2));
        let _other_network = slots.take(address("2001:db8:0:1::1")).unwrap();
        drop(first);
        assert_eq!(slots.used(), 3);
        slots.resize(2, 2);
        assert_eq!((slots.used(), refusal(address("10.0.0.9"))), (3, SlotsFull::Total(2)));
        slots.resize(9, 3);
        let _more = slots.take(address("2001:db8::4")).unwrap();
        assert_eq!(slots.used.lock().by_address.len(), 2);
    }

    #[test]
    fn each_limit_is_a_problem_of_its_own() {
        for (full, status, code) in [
            (SlotsFull::Total(1), 503, "too_many_clients"),
            (SlotsFull::Address(1), 429, "too_many_clients_of_address"),
        ] {
            let response = {
                let problem = Problem::from(full);
                assert_eq!((problem.status().as_u16(), problem.code()), (status, code));
                problem.into_response(None)
            };
            assert_eq!(response.headers()[RETRY_AFTER], "5");
        }
    }
}
