//! How many streams there are, in all and to each client.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most streams in all: each is an open connection and costs each tick a copy of its delta.
pub(crate) const STREAMS_MAX: usize = 1_000;
/// Most streams to one address: a few people behind one router, each with a few pages.
pub(crate) const STREAMS_OF_ONE_MAX: usize = 20;

/// Why there cannot be another stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// There are as many as there may be.
    InAll,
    /// This client has as many as one may have.
    ForOne,
}

/// The streams that are open.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    open: Mutex<HashMap<Option<IpAddr>, usize>>,
}

/// A stream; its place is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    streams: Arc<Streams>,
    client: Option<IpAddr>,
}

impl Streams {
    /// A place for another stream.
    pub(crate) fn open(self: &Arc<Self>, client: Option<IpAddr>) -> Result<Slot, Full> {
        let mut open = self.lock();
        if open.values().sum::<usize>() >= STREAMS_MAX {
            return Err(Full::InAll);
        }
        let own = open.entry(client).or_default();
        if *own >= STREAMS_OF_ONE_MAX {
            return Err(Full::ForOne);
        }
        *own += 1;
        Ok(Slot { streams: Arc::clone(self), client })
    }

    // Nobody panics while the lock is held.
    fn lock(&self) -> MutexGuard<'_, HashMap<Option<IpAddr>, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.streams.lock();
        if let Some(own) = open.get_mut(&self.client) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_for_each_and_in_all_and_given_back() {
        let streams = Arc::new(Streams::default());
        let client = |number: u8| Some(IpAddr::from([192, 0, 2, number]));
        let mut slots: Vec<Slot> =
            (0..STREAMS_OF_ONE_MAX).map(|_| streams.open(client(1)).unwrap()).collect();
        assert_eq!(streams.open(client(1)).unwrap_err(), Full::ForOne);
        slots.pop();
        slots.push(streams.open(client(1)).unwrap());
        let others =
            (2..=u8::MAX).flat_map(|number| std::iter::repeat_n(number, STREAMS_OF_ONE_MAX));
        slots.extend(
            others
                .take(STREAMS_MAX - STREAMS_OF_ONE_MAX)
                .map(|number| streams.open(client(number)).unwrap()),
        );
        assert_eq!(streams.open(client(255)).unwrap_err(), Full::InAll);
        slots.clear();
        assert!(streams.lock().is_empty());
    }
}
