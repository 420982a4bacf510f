//! Follows one sector and serves readers from memory.

use std::sync::Arc;
use std::time::Duration;

use sector_redis::{Position, ServiceStore};
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::entry::Entry;
use crate::error::{Error, Health};
use crate::frame::Frame;
use crate::history::History;
use crate::state::Shared;
use crate::subscription::Subscription;
use crate::task;

/// Timeout of the store for readiness checks.
const PING_WAIT: Duration = Duration::from_secs(2);
/// Longest wait of one read.
pub(crate) const LONG_WAIT: Duration = Duration::from_secs(60);

/// Follows one sector for the whole process.
pub struct Follower {
    shared: Arc<Shared>,
    store: Arc<dyn ServiceStore>,
}

impl Follower {
    /// Starts to follow until `shutdown`. Needs a tokio runtime.
    pub fn spawn(store: Arc<dyn ServiceStore>, shutdown: CancellationToken) -> Arc<Self> {
        // Without randomness there is no jitter.
        Self::spawn_with(store, Arc::new(|| getrandom::u64().unwrap_or(u64::MAX)), shutdown)
    }

    /// Starts to follow until `shutdown`, with `random` as the source of jitter. Needs a tokio
    /// runtime.
    pub fn spawn_with(
        store: Arc<dyn ServiceStore>,
        random: Arc<dyn Fn() -> u64 + Send + Sync>,
        shutdown: CancellationToken,
    ) -> Arc<Self> {
        let shared = Arc::new(Shared::new());
        tokio::spawn(task::run(Arc::clone(&shared), Arc::clone(&store), random, shutdown));
        Arc::new(Self { shared, store })
    }

    /// The current frame; `None` before the first universe. Gets stale while the store is
    /// unavailable.
    #[must_use]
    pub fn current(&self) -> Option<Arc<Frame>> {
        self.shared.read().frame.clone()
    }

    /// Reads the history; `None` before the first universe. New entries wait meanwhile, so be
    /// quick.
    pub fn with_history<T>(&self, look: impl FnOnce(&History) -> T) -> Option<T> {
        self.shared.read().history.as_ref().map(look)
    }

    /// The deltas from a tick to this frame, oldest first, if all are in memory.
    #[must_use]
    pub fn since(&self, frame: &Frame, tick: u64) -> Option<Vec<Arc<Entry>>> {
        let state = self.shared.read();
        let is_same = state
            .frame
            .as_ref()
            .is_some_and(|current| current.incarnation() == frame.incarnation());
        if is_same { state.backlog.since(tick, frame.tick(), frame.event_id()) } else { None }
    }

    /// Current state of the follower.
    #[must_use]
    pub fn health(&self) -> Health {
        self.shared.health.borrow().clone()
    }

    /// Current state of the follower, and its changes.
    #[must_use]
    pub fn watch_health(&self) -> watch::Receiver<Health> {
        self.shared.health.subscribe()
    }

    /// Checks that a sector is followed and the store answers.
    ///
    /// # Errors
    /// The reason, in a sentence that is safe to publish: host names are in the log only.
    pub async fn check(&self) -> Result<(), &'static str> {
        if !matches!(timeout(PING_WAIT, self.store.ping()).await, Ok(Ok(()))) {
            return Err("the store does not answer");
        }
        match self.health() {
            Health::Starting => Err("the store has not been read yet"),
            Health::NoUniverse => Err("no universe has started yet"),
            Health::Interrupted { .. } => {
                Err("the sector cannot be followed at present; see the log")
            }
            Health::Stopped => Err("the service is stopping"),
            Health::Following => Ok(()),
        }
    }

    /// The current frame.
    ///
    /// # Errors
    /// [`Error::NotReady`], [`Error::Stopped`].
    pub fn frame(&self) -> Result<Arc<Frame>, Error> {
        self.current().ok_or_else(|| self.why_not())
    }

    /// Waits for the first frame.
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

    /// Waits for a frame that includes everything committed before this call, at most `wait`; then
    /// returns the current one.
    ///
    /// # Errors
    /// [`Error::Store`] if the store does not answer, [`Error::NotReady`], [`Error::Stopped`].
    pub async fn caught_up(&self, wait: Duration) -> Result<Arc<Frame>, Error> {
        let deadline = Instant::now() + wait;
        let mut changes = self.shared.changes.subscribe();
        let Some(head) = self.store.head().await? else {
            return self.frame();
        };
        loop {
            changes.borrow_and_update();
            let frame = self.frame();
            if frame.as_ref().is_ok_and(|frame| {
                frame.incarnation() == head.incarnation && frame.event_id() >= head.event_id
            }) {
                return frame;
            }
            drop(frame);
            if !matches!(timeout_at(deadline, changes.changed()).await, Ok(Ok(()))) {
                return self.frame();
            }
        }
    }

    /// Up to `count` entries after `from`. Waits up to `wait` (at most a minute) for the first;
    /// empty if none came. Reads from memory, older entries from the store. A bare id counts within
    /// the current incarnation.
    ///
    /// # Errors
    /// [`Error::HistoryTrimmed`] if the position is not kept, [`Error::Restored`] for another
    /// incarnation, [`Error::NotReady`], [`Error::Stopped`], [`Error::Store`] if the store fails.
    pub async fn read_after(
        &self,
        from: impl Into<Position>,
        count: usize,
        wait: Duration,
    ) -> Result<Vec<Arc<Entry>>, Error> {
        let Position { mut incarnation, after } = from.into();
        let deadline = Instant::now() + wait.min(LONG_WAIT);
        let mut changes = self.shared.changes.subscribe();
        let mut health = self.shared.health.subscribe();
        loop {
            changes.borrow_and_update();
            let stopped = *health.borrow_and_update() == Health::Stopped;
            let (is_ready, kept) = {
                let state = self.shared.read();
                let followed = state.frame.as_ref().map(|frame| frame.incarnation());
                incarnation = incarnation.or(followed);
                let kept =
                    if incarnation == followed { state.backlog.after(after, count) } else { None };
                (followed.is_some(), kept)
            };
            match kept {
                Some(entries) if !entries.is_empty() => return Ok(entries),
                _ if stopped => return Err(Error::Stopped),
                _ if !is_ready => return Err(self.why_not()),
                Some(_) => {}
                // Older than memory, or newer than this process has read.
                None => {
                    let entries = self.read_store(Position { incarnation, after }, count).await?;
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

    /// A subscription to the entries after `after`.
    #[must_use]
    pub fn subscribe(self: &Arc<Self>, from: impl Into<Position>) -> Subscription {
        let Position { incarnation, after } = from.into();
        let incarnation = incarnation.or_else(|| self.shared.incarnation());
        Subscription::new(Arc::clone(self), Position { incarnation, after })
    }

    /// `from` has an incarnation, so a frame exists.
    async fn read_store(&self, from: Position, count: usize) -> Result<Vec<Arc<Entry>>, Error> {
        let Position { incarnation: Some(incarnation), after } = from else {
            return Err(self.why_not());
        };
        match self.store.events_from(from, count, Duration::ZERO).await {
            Ok(events) => {
                Ok(events.iter().map(|event| Arc::new(Entry::of(incarnation, event))).collect())
            }
            Err(sector_redis::Error::HistoryTrimmed { .. }) => Err(Error::HistoryTrimmed { after }),
            Err(sector_redis::Error::Restored { known, .. }) => Err(Error::Restored { known }),
            Err(error) => Err(error.into()),
        }
    }

    fn why_not(&self) -> Error {
        match self.health() {
            Health::Stopped => Error::Stopped,
            Health::Interrupted { reason } => Error::NotReady { reason },
            Health::NoUniverse => {
                Error::NotReady { reason: "no universe has started yet".to_owned() }
            }
            Health::Starting | Health::Following => {
                Error::NotReady { reason: "starting".to_owned() }
            }
        }
    }
}
