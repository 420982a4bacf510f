//! A reader that goes through the entries one by one.

use std::collections::VecDeque;
use std::sync::Arc;

use sector_redis::{Position, StreamId};

use crate::entry::Entry;
use crate::error::Error;
use crate::follower::{Follower, LONG_WAIT};

/// Most entries fetched at once.
const FETCH_COUNT: usize = 64;

/// Goes through the entries from one on, in order, without a gap or a repetition.
pub struct Subscription {
    follower: Arc<Follower>,
    from: Position,
    fetched: VecDeque<Arc<Entry>>,
}

impl Subscription {
    pub(crate) fn new(follower: Arc<Follower>, from: Position) -> Self {
        Self { follower, from, fetched: VecDeque::new() }
    }

    /// The last entry that was given out.
    #[must_use]
    pub fn position(&self) -> StreamId {
        self.from.after
    }

    /// Waits for the next entry. May be dropped while it waits: nothing is lost.
    ///
    /// # Errors
    /// [`Error::HistoryTrimmed`] for a reader that fell too far behind, [`Error::Restored`] after the
    /// store was restored from a backup: it takes [`Follower::current`] and subscribes anew. [`Error::Stopped`] at the end.
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
