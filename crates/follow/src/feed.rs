//! The stream of one client: a frame, then entries, and a frame again if the client falls behind.
//!
//! A feed has no queue. It holds at most one batch of entries, shared by all clients, and fetches
//! the next when that is used up, so a slow client costs only a position in the stream.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sector_redis::{Position, StreamId};
use tokio::sync::watch;

use crate::entry::Entry;
use crate::error::{Error, Health};
use crate::follower::Follower;
use crate::frame::Frame;
use crate::tally::Tally;

/// How long one read waits for the next entry.
const READ_WAIT: Duration = Duration::from_secs(60);
/// Pause after the store failed.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Counts clients that fell behind and got a snapshot.
#[derive(Debug, Default)]
pub struct Resyncs {
    total: AtomicU64,
    tally: Option<Tally>,
}

impl Resyncs {
    /// No resyncs yet; streams that use this are recorded in `tally` too.
    #[must_use]
    pub fn measured(tally: Tally) -> Self {
        Self { total: AtomicU64::new(0), tally: Some(tally) }
    }

    pub(crate) fn tally(&self) -> Option<&Tally> {
        self.tally.as_ref()
    }

    fn count(&self) {
        self.total.fetch_add(1, Ordering::Relaxed);
        if let Some(tally) = &self.tally {
            tally.resyncs.inc();
        }
    }

    /// Number of resyncs.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }
}

/// The stream of one client.
pub struct Feed {
    follower: Arc<Follower>,
    resyncs: Arc<Resyncs>,
    /// Last entry sent; none before the first frame, and after falling behind.
    position: Option<Position>,
    /// A resuming client gets everything that existed when it connected, however much.
    owed_until: Option<StreamId>,
    health: watch::Receiver<Health>,
    /// Whether the client was last told that the sector is followed.
    is_live: bool,
    /// Whether anything was sent.
    has_begun: bool,
    behind_max: usize,
}

impl fmt::Debug for Feed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Feed").field("position", &self.position).finish_non_exhaustive()
    }
}

/// The next item of a feed.
pub enum Step {
    /// The current frame. Don't hold it for long.
    Begin(Arc<Frame>),
    /// The following entries, at least one.
    Entries(Vec<Arc<Entry>>),
    /// Notice that the sector cannot be followed at present, or can again.
    Link(Entry),
}

impl Feed {
    pub(crate) fn counts(&self) -> Arc<Resyncs> {
        Arc::clone(&self.resyncs)
    }

    /// Resumes after `after` if possible, otherwise starts with a frame. A client more than
    /// `behind_max` entries behind gets a frame.
    #[must_use]
    pub fn new(
        follower: Arc<Follower>,
        resyncs: Arc<Resyncs>,
        from: Option<Position>,
        behind_max: usize,
    ) -> Self {
        let health = follower.watch_health();
        Self {
            follower,
            resyncs,
            position: from,
            owed_until: None,
            health,
            is_live: true,
            has_begun: false,
            behind_max,
        }
    }

    /// Waits for the next item; none when the follower has stopped. Cancel-safe.
    pub async fn next(&mut self) -> Option<Step> {
        loop {
            let Some(mut position) = self.position else {
                let frame = self.follower.ready().await.ok()?;
                self.position = Some(frame.position());
                self.owed_until = Some(frame.event_id());
                self.has_begun = true;
                return Some(Step::Begin(frame));
            };
            let owed_until = match self.owed_until {
                Some(id) => id,
                None => {
                    let frame = self.follower.ready().await.ok()?;
                    // A client without an incarnation means the current one.
                    position.incarnation = position.incarnation.or(Some(frame.incarnation()));
                    self.position = Some(position);
                    *self.owed_until.insert(frame.event_id())
                }
            };
            let is_live = !matches!(*self.health.borrow_and_update(), Health::Interrupted { .. });
            if is_live != self.is_live {
                self.is_live = is_live;
                return Some(Step::Link(Entry::link(&position, is_live)));
            }
            let read = tokio::select! {
                biased;
                read = self.follower.read_after(position, self.behind_max + 1, READ_WAIT) => read,
                _ = self.health.changed() => continue,
            };
            match read {
                Ok(entries) if entries.len() > self.behind_max && position.after >= owed_until => {
                    self.lose();
                }
                Ok(entries) => {
                    if let Some(last) = entries.last() {
                        self.position =
                            Some(Position { incarnation: Some(last.incarnation), after: last.id });
                        self.has_begun = true;
                        return Some(Step::Entries(entries));
                    }
                }
                Err(error) if error.needs_frame() => self.lose(),
                Err(Error::NotReady { .. }) => drop(self.follower.ready().await.ok()?),
                Err(Error::Stopped) => return None,
                Err(error) => {
                    tracing::warn!(%error, "store unavailable, client waiting");
                    tokio::time::sleep(STORE_PAUSE).await;
                }
            }
        }
    }

    /// Continues with a frame. Not counted as a resync if the client has nothing yet.
    fn lose(&mut self) {
        self.position = None;
        if self.has_begun {
            self.resyncs.count();
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::testkit::{Sector, store};

    /// Address and number of the entries.
    async fn bytes(feed: &mut Feed) -> Vec<(*const u8, usize)> {
        match feed.next().await.unwrap() {
            Step::Begin(frame) => {
                let json = frame.snapshot_entry().json;
                vec![(json.as_ptr(), json.len())]
            }
            Step::Entries(entries) => {
                entries.iter().map(|entry| (entry.json.as_ptr(), entry.json.len())).collect()
            }
            Step::Link(entry) => panic!("{entry:?}"),
        }
    }

    #[tokio::test]
    async fn all_clients_share_the_same_bytes() {
        let mut sector = Sector::begin(store().await, "u-1", 7).await;
        let shutdown = CancellationToken::new();
        let follower = Follower::spawn(sector.store.clone(), shutdown.clone());
        let resyncs = Arc::new(Resyncs::default());
        let feed = |_| Feed::new(Arc::clone(&follower), Arc::clone(&resyncs), None, 4);
        let mut feeds: Vec<Feed> = (0..500).map(feed).collect();
        for round in 0..4 {
            let first = bytes(&mut feeds[0]).await;
            assert_eq!(first.len(), 1, "round {round}");
            for feed in &mut feeds[1..] {
                assert_eq!(bytes(feed).await, first, "round {round}");
            }
            sector.tick().await;
        }
        // Remaining entries are still sent at shutdown.
        follower.caught_up(Duration::from_secs(10)).await.unwrap();
        shutdown.cancel();
        assert_eq!(bytes(&mut feeds[0]).await.len(), 1);
        assert!(feeds[0].next().await.is_none());
        assert_eq!(resyncs.total(), 0);
    }

    #[tokio::test]
    async fn a_client_that_falls_behind_gets_a_frame_and_is_counted() {
        let mut sector = Sector::begin(store().await, "u-1", 7).await;
        let shutdown = CancellationToken::new();
        let follower = Follower::spawn(sector.store.clone(), shutdown.clone());
        let resyncs = Arc::new(Resyncs::default());
        let mut slow = Feed::new(Arc::clone(&follower), Arc::clone(&resyncs), None, 4);
        assert!(matches!(slow.next().await, Some(Step::Begin(_))));
        for (ticks, jumps) in [(4, 0), (5, 1), (4, 1), (9, 2)] {
            for _ in 0..ticks {
                sector.tick().await;
            }
            let head = sector.store.head().await.unwrap().unwrap();
            follower.caught_up(Duration::from_secs(10)).await.unwrap();
            match slow.next().await.unwrap() {
                Step::Begin(frame) => {
                    assert_eq!((ticks > 4, frame.event_id()), (true, head.event_id));
                }
                Step::Entries(entries) => assert_eq!((ticks > 4, entries.len()), (false, ticks)),
                Step::Link(entry) => panic!("{entry:?}"),
            }
            let position = Position { incarnation: Some(head.incarnation), after: head.event_id };
            assert_eq!((resyncs.total(), slow.position), (jumps, Some(position)));
        }
        shutdown.cancel();
    }
}
