//! Reads entries one by one.

use std::collections::VecDeque;
use std::sync::Arc;

use sector_redis::{Position, StreamId};

use crate::entry::Entry;
use crate::error::Error;
use crate::follower::{Follower, LONG_WAIT};

/// Most entries fetched at once.
const FETCH_COUNT: usize = 64;

/// Yields the entries after a position in order, without gaps or duplicates.
pub struct Subscription {
    follower: Arc<Follower>,
    from: Position,
    fetched: VecDeque<Arc<Entry>>,
}

impl Subscription {
    pub(crate) fn new(follower: Arc<Follower>, from: Position) -> Self {
        Self { follower, from, fetched: VecDeque::new() }
    }

    /// Id of the last entry returned.
    #[must_use]
    pub fn position(&self) -> StreamId {
        self.from.after
    }

    /// Waits for the next entry. Cancel-safe.
    ///
    /// # Errors
    /// [`Error::HistoryTrimmed`] for a reader too far behind, [`Error::Restored`] after a restore
    /// from a backup: take [`Follower::current`] and subscribe again. [`Error::Stopped`] at the
    /// end.
    pub async fn next(&mut self) -> Result<Arc<Entry>, Error> {
        loop {
            if let Some(entry) = self.fetched.pop_front() {
                self.from = Position { incarnation: Some(entry.incarnation), after: entry.id };
                return Ok(entry);
            }
            self.fetched =
                self.follower.read_after(self.from, FETCH_COUNT, LONG_WAIT).await?.into();
        }
    }
}
