//! What readers hold: the current frame, and the entries after any other.

use std::sync::Arc;
use std::time::Duration;

use sector_redis::{Store, StreamId};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::entry::Entry;
use crate::error::{Error, Health};
use crate::frame::Frame;
use crate::state::Shared;
use crate::subscription::Subscription;
use crate::task;

/// The longest that one read waits.
pub(crate) const LONG_WAIT: Duration = Duration::from_secs(60);

/// Follows one sector for the whole process.
pub struct Follower {
    shared: Arc<Shared>,
    store: Arc<dyn Store>,
}

impl Follower {
    /// Starts to follow, until `shutdown`. Needs a tokio runtime.
    pub fn spawn(store: Arc<dyn Store>, shutdown: CancellationToken) -> Arc<Self> {
        // Without randomness there is no jitter, which is no reason to stop.
        Self::spawn_with(store, Arc::new(|| getrandom::u32().unwrap_or(u32::MAX)), shutdown)
    }

    /// Starts to follow, until `shutdown`, with pauses after failures that are spread by `random`. Needs a tokio
    /// runtime.
    pub fn spawn_with(
        store: Arc<dyn Store>,
        random: Arc<dyn Fn() -> u32 + Send + Sync>,
        shutdown: CancellationToken,
    ) -> Arc<Self> {
        let shared = Arc::new(Shared::new());
        tokio::spawn(task::run(Arc::clone(&shared), Arc::clone(&store), random, shutdown));
        Arc::new(Self { shared, store })
    }

    /// The sector as it is; `None` before the first universe was seen. It stays, and grows old, while
    /// the store is away.
    #[must_use]
    pub fn current(&self) -> Option<Arc<Frame>> {
        self.shared.read().frame.clone()
    }

    /// How it is doing.
    #[must_use]
    pub fn health(&self) -> Health {
        self.shared.health.borrow().clone()
    }

    /// The sector as it is, or why there is none.
    ///
    /// # Errors
    /// [`Error::NotReady`], [`Error::Stopped`].
    pub fn frame(&self) -> Result<Arc<Frame>, Error> {
        self.current().ok_or_else(|| self.why_not())
    }

    /// The sector as it is, as soon as there is one.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub async fn ready(&self) -> Result<Arc<Frame>, Error> {
        let mut health = self.shared.health.subscribe();
        let mut changes = self.shared.changes.subscribe();
        loop {
            changes.borrow_and_update();
            if let Some(frame) = self.current() {
                return Ok(frame);
            }
            if *health.borrow_and_update() == Health::Stopped {
                return Err(Error::Stopped);
            }
            tokio::select! {
                biased;
                _ = changes.changed() => {}
                _ = health.changed() => {}
            }
        }
    }

    /// The frame once it includes everything that was committed when this was called; the newest there
    /// is after `wait`.
    ///
    /// # Errors
    /// [`Error::Store`] when the store does not say what is committed, [`Error::NotReady`],
    /// [`Error::Stopped`].
    pub async fn caught_up(&self, wait: Duration) -> Result<Arc<Frame>, Error> {
        let deadline = Instant::now() + wait;
        let mut changes = self.shared.changes.subscribe();
        let Some(head) = self.store.head().await? else {
            return self.frame();
        };
        loop {
            changes.borrow_and_update();
            let frame = self.frame();
            if frame.as_ref().is_ok_and(|frame| frame.event_id() >= head.event_id) {
                return frame;
            }
            drop(frame);
            if !matches!(timeout_at(deadline, changes.changed()).await, Ok(Ok(()))) {
                return self.frame();
            }
        }
    }

    /// Up to `count` entries after `after`, waiting up to `wait` (at most a minute) for the first;
    /// empty if none came. Answered from memory, and from the store beyond that.
    ///
    /// # Errors
    /// [`Error::HistoryTrimmed`] when one cannot go on from `after`, [`Error::NotReady`] and
    /// [`Error::Stopped`], [`Error::Store`] when the store fails.
    pub async fn read_after(&self, after: StreamId, count: usize, wait: Duration) -> Result<Vec<Arc<Entry>>, Error> {
        let deadline = Instant::now() + wait.min(LONG_WAIT);
        let mut changes = self.shared.changes.subscribe();
        let mut health = self.shared.health.subscribe();
        loop {
            changes.borrow_and_update();
            let stopped = *health.borrow_and_update() == Health::Stopped;
            let (is_ready, kept) = {
                let state = self.shared.read();
                (state.frame.is_some(), state.backlog.after(after, count))
            };
            match kept {
                Some(entries) if !entries.is_empty() => return Ok(entries),
                _ if stopped => return Err(Error::Stopped),
                _ if !is_ready => return Err(self.why_not()),
                Some(_) => {}
                // Older than memory reaches, or this process is behind the reader's last one.
                None => {
                    let entries = self.read_store(after, count).await?;
                    if !entries.is_empty() {
                        return Ok(entries);
                    }
                }
            }
            let changed = async {
                tokio::select! {
                    biased;
                    _ = changes.changed() => {}
                    _ = health.changed() => {}
                }
            };
            if timeout_at(deadline, changed).await.is_err() {
                return Ok(Vec::new());
            }
        }
    }

    /// The entries after `after`, one by one, for as long as somebody asks.
    #[must_use]
    pub fn subscribe(self: &Arc<Self>, after: StreamId) -> Subscription {
        Subscription::new(Arc::clone(self), after)
    }

    async fn read_store(&self, after: StreamId, count: usize) -> Result<Vec<Arc<Entry>>, Error> {
        match self.store.events_after(after, count, Duration::ZERO).await {
            Ok(events) => Ok(events.iter().map(Entry::of).map(Arc::new).collect()),
            Err(sector_redis::Error::HistoryTrimmed { .. }) => Err(Error::HistoryTrimmed { after }),
            Err(error) => Err(error.into()),
        }
    }

    fn why_not(&self) -> Error {
        match self.health() {
            Health::Stopped => Error::Stopped,
            Health::Interrupted { reason } => Error::NotReady { reason },
            Health::NoUniverse => Error::NotReady { reason: "no universe has begun yet".to_owned() },
            Health::Starting | Health::Following => Error::NotReady { reason: "starting".to_owned() },
        }
    }
}
