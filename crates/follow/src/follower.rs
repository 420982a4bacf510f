//! What readers hold: the current frame, and the entries after any other.

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

/// How long the store may take to answer whether it is there.
const PING_WAIT: Duration = Duration::from_secs(2);
/// The longest that one read waits.
pub(crate) const LONG_WAIT: Duration = Duration::from_secs(60);

/// Follows one sector for the whole process.
pub struct Follower {
    shared: Arc<Shared>,
    store: Arc<dyn ServiceStore>,
}

impl Follower {
    /// Starts to follow, until `shutdown`. Needs a tokio runtime.
    pub fn spawn(store: Arc<dyn ServiceStore>, shutdown: CancellationToken) -> Arc<Self> {
        // Without randomness there is no jitter, which is no reason to stop.
        Self::spawn_with(store, Arc::new(|| getrandom::u32().unwrap_or(u32::MAX)), shutdown)
    }

    /// Starts to follow, until `shutdown`, with pauses after failures that are spread by `random`. Needs a tokio
    /// runtime.
    pub fn spawn_with(
        store: Arc<dyn ServiceStore>,
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

    /// Looks at how the factions fared; `None` before the first universe was seen. Entries wait meanwhile: take what is
    /// needed and be done.
    pub fn with_history<T>(&self, look: impl FnOnce(&History) -> T) -> Option<T> {
        self.shared.read().history.as_ref().map(look)
    }

    /// The deltas that lead from a tick to this frame, oldest first, if all of them are in memory.
    #[must_use]
    pub fn since(&self, frame: &Frame, tick: u64) -> Option<Vec<Arc<Entry>>> {
        let state = self.shared.read();
        let is_same = state
            .frame
            .as_ref()
            .is_some_and(|current| current.incarnation() == frame.incarnation());
        if is_same { state.backlog.since(tick, frame.tick(), frame.event_id()) } else { None }
    }

    /// How it is doing.
    #[must_use]
    pub fn health(&self) -> Health {
        self.shared.health.borrow().clone()
    }

    /// How it is doing, and every change of that.
    #[must_use]
    pub fn watch_health(&self) -> watch::Receiver<Health> {
        self.shared.health.subscribe()
    }

    /// Whether there is a sector that is followed, in a store that answers.
    ///
    /// # Errors
    /// Why not, in a sentence that may be shown to anybody: hosts are named in the log alone.
    pub async fn check(&self) -> Result<(), &'static str> {
        if !matches!(timeout(PING_WAIT, self.store.ping()).await, Ok(Ok(()))) {
            return Err("the store does not answer");
        }
        match self.health() {
            Health::Starting => Err("the store has not been read yet"),
            Health::NoUniverse => Err("no universe has begun yet"),
            Health::Interrupted { .. } => {
                Err("the sector cannot be followed at present; the log says why")
            }
            Health::Stopped => Err("this service is stopping"),
            Health::Following => Ok(()),
        }
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

    /// Up to `count` entries after `from`, waiting up to `wait` (at most a minute) for the first;
    /// empty if none came. Answered from memory, and from the store beyond that. A bare id is taken
    /// to be of the incarnation that is followed when this is called.
    ///
    /// # Errors
    /// [`Error::HistoryTrimmed`] when one cannot go on from there, [`Error::Restored`] when it is of
    /// another incarnation than the store, [`Error::NotReady`] and [`Error::Stopped`],
    /// [`Error::Store`] when the store fails.
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
                // Older than memory reaches, or this process is behind the reader's last one.
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

    /// The entries after `after`, one by one, for as long as somebody asks.
    #[must_use]
    pub fn subscribe(self: &Arc<Self>, from: impl Into<Position>) -> Subscription {
        let Position { incarnation, after } = from.into();
        let incarnation = incarnation.or_else(|| self.shared.incarnation());
        Subscription::new(Arc::clone(self), Position { incarnation, after })
    }

    /// `from` names an incarnation: there is a frame whenever this is called.
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
                Error::NotReady { reason: "no universe has begun yet".to_owned() }
            }
            Health::Starting | Health::Following => {
                Error::NotReady { reason: "starting".to_owned() }
            }
        }
    }
}
