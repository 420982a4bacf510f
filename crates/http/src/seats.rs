//! How many clients live streams have, in all and by address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::client_address::network;
use crate::problem::Problem;
use http::StatusCode;
use http::header::RETRY_AFTER;

/// After how many seconds a client that was sent away may come back.
const RETRY_AFTER_SECONDS: u64 = 5;

/// Most clients of live streams together, unless configured otherwise.
pub const CLIENTS_MAX: usize = 1_000;
/// Most clients of live streams from one address, unless configured otherwise: many may share one.
pub const CLIENTS_PER_ADDRESS_MAX: usize = 64;

/// The places that live streams have.
#[derive(Debug)]
pub struct Seats {
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    max: usize,
    per_address_max: usize,
    total: usize,
    by_address: HashMap<Option<IpAddr>, usize>,
}

/// A place that is taken until this is dropped.
#[derive(Debug)]
pub struct Seat {
    seats: Arc<Seats>,
    address: Option<IpAddr>,
}

impl Seats {
    /// So many places, and so many of them for one address (IPv6: one /64).
    #[must_use]
    pub fn new(max: usize, per_address_max: usize) -> Arc<Self> {
        Arc::new(Self { taken: Mutex::new(Taken { max, per_address_max, ..Taken::default() }) })
    }

    /// From now on there are so many. Whoever has one keeps it, also when there are fewer than that.
    pub fn resize(&self, max: usize, per_address_max: usize) {
        let mut taken = self.lock();
        (taken.max, taken.per_address_max) = (max, per_address_max);
    }

    /// Takes a place for a client at `address`.
    ///
    /// # Errors
    /// 503 `too_many_clients` when all are taken, 429 `too_many_clients_of_address` when this address
    /// has its share.
    pub fn take(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Seat, Problem> {
        let address = address.map(network);
        let mut taken = self.lock();
        let Taken { max, per_address_max, .. } = *taken;
        if taken.total >= max {
            return Err(Problem::unavailable(
                "too_many_clients",
                format!("All {max} places are taken; try again later."),
                RETRY_AFTER_SECONDS,
            ));
        }
        let of_address = taken.by_address.entry(address).or_default();
        if *of_address >= per_address_max {
            return Err(Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_clients_of_address",
                format!("Your address has {of_address} open streams already; it may have {per_address_max}."),
            )
            .with_header(RETRY_AFTER, RETRY_AFTER_SECONDS.into()));
        }
        *of_address += 1;
        taken.total += 1;
        drop(taken);
        Ok(Seat { seats: Arc::clone(self), address })
    }

    /// How many are taken.
    pub fn taken(&self) -> usize {
        self.lock().total
    }

    // Nobody panics while holding the lock; a count is a count in any case.
    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.lock();
        taken.total = taken.total.saturating_sub(1);
        if let Some(of_address) = taken.by_address.get_mut(&self.address) {
            *of_address = of_address.saturating_sub(1);
            if *of_address == 0 {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_by_address_and_given_back() {
        let seats = Seats::new(4, 2);
        let address = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        let refusal = |of: Option<IpAddr>| seats.take(of).unwrap_err().code();
        let first = seats.take(address("10.0.0.1")).unwrap();
        // The same address in other clothes.
        let second = seats.take(address("::ffff:10.0.0.1")).unwrap();
        assert_eq!(refusal(address("10.0.0.1")), "too_many_clients_of_address");
        let _third = seats.take(address("2001:db8::1")).unwrap();
        let _fourth = seats.take(address("2001:db8::2")).unwrap();
        assert_eq!((seats.taken(), refusal(address("10.0.0.9"))), (4, "too_many_clients"));
        drop(second);
        assert_eq!(refusal(address("2001:db8::3")), "too_many_clients_of_address");
        let _other_network = seats.take(address("2001:db8:0:1::1")).unwrap();
        drop(first);
        assert_eq!(seats.taken(), 3);
        seats.resize(2, 2);
        assert_eq!((seats.taken(), refusal(address("10.0.0.9"))), (3, "too_many_clients"));
        seats.resize(9, 3);
        let _more = seats.take(address("2001:db8::4")).unwrap();
        assert_eq!(seats.lock().by_address.len(), 2);
    }
}
