//! What one client is given: a frame to begin with, then the entries, and a frame again if it falls behind.
//!
//! A feed has no queue of its own. It holds at most one batch of entries, which all clients share, and asks for the
//! next when that is out; so a slow client costs a position in the stream.

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

/// How often a client that had fallen behind was given a snapshot.
#[derive(Debug, Default)]
pub struct Resyncs {
    total: AtomicU64,
    tally: Option<Tally>,
}

impl Resyncs {
    /// None yet; the streams that count here are measured by these handles, too.
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

    /// How often.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }
}

/// The stream of one client.
pub struct Feed {
    follower: Arc<Follower>,
    resyncs: Arc<Resyncs>,
    /// The last entry given out; none before the first frame, and after a loss.
    position: Option<Position>,
    /// A client that resumes is owed all that there was when it came, however much that is.
    owed_until: Option<StreamId>,
    health: watch::Receiver<Health>,
    /// What the client was told last: whether the sector is followed.
    is_live: bool,
    /// Whether anything was given out.
    has_begun: bool,
    behind_max: usize,
}

impl fmt::Debug for Feed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Feed").field("position", &self.position).finish_non_exhaustive()
    }
}

/// What comes next.
pub enum Step {
    /// The sector as it is. Not to be held for long.
    Begin(Arc<Frame>),
    /// The entries that follow; at least one.
    Entries(Vec<Arc<Entry>>),
    /// The sector cannot be followed at present, or can again: a message for the client.
    Link(Entry),
}

impl Feed {
    pub(crate) fn counts(&self) -> Arc<Resyncs> {
        Arc::clone(&self.resyncs)
    }

    /// Goes on after `after` if that is still possible, else begins with a frame. A client more than `behind_max`
    /// entries behind is given a frame.
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

    /// Waits for what comes next; none when the follower has stopped. May be dropped while it waits: nothing is lost.
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
                    // A client that does not say means the incarnation that it finds.
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
                    tracing::warn!(%error, "a client waits for the store");
                    tokio::time::sleep(STORE_PAUSE).await;
                }
            }
        }
    }

    /// Goes on with a frame. For a client that has nothing yet that is no loss.
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

    /// What came: where its bytes are, and how many.
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
    async fn every_client_is_handed_the_same_bytes() {
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
        // What there is when it stops is still given out.
        follower.caught_up(Duration::from_secs(10)).await.unwrap();
        shutdown.cancel();
        assert_eq!(bytes(&mut feeds[0]).await.len(), 1);
        assert!(feeds[0].next().await.is_none());
        assert_eq!(resyncs.total(), 0);
    }

    #[tokio::test]
    async fn who_falls_behind_goes_on_with_a_frame_and_is_counted() {
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
