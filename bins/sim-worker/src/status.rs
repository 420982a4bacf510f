//! What a worker does for its sectors at present, for whoever asks after its health.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sector_redis::{SectorId, Store};
use tokio::time::Instant;

use crate::share::Share;

/// What a worker does for a sector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Nothing yet: its store is being opened.
    Starting,
    /// Another worker runs it; this one takes over when that one is gone.
    StandingBy,
    /// It runs it, under this epoch.
    Held {
        /// The epoch of its lease.
        epoch: u64,
    },
    /// Nothing: it could not be run, for this reason. It is tried again.
    Failed {
        /// The sentence of the error.
        reason: String,
    },
}

/// The last tick that this worker has committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastTick {
    /// Of which universe.
    pub universe: String,
    /// Which.
    pub tick: u64,
    /// How long ago.
    pub age: Duration,
}

/// A sector's place in a worker: what it is called, and what is done for it.
pub struct Post {
    id: Option<SectorId>,
    pub(crate) share: Arc<Share>,
    now: Mutex<Now>,
}

struct Now {
    duty: Duty,
    store: Option<Arc<dyn Store>>,
    last: Option<(String, u64, Instant)>,
}

impl Post {
    /// The places of all sectors of a worker; `None` is the one without an id.
    #[must_use]
    pub fn all(sectors: &[Option<SectorId>]) -> Vec<Arc<Post>> {
        let share = Arc::new(Share::of(sectors.len()));
        sectors.iter().map(|id| Arc::new(Post::new(id.clone(), share.clone()))).collect()
    }

    /// The place of a worker's only sector, the one without an id.
    #[must_use]
    pub fn alone() -> Arc<Post> {
        Arc::new(Post::new(None, Arc::new(Share::of(1))))
    }

    fn new(id: Option<SectorId>, share: Arc<Share>) -> Post {
        Post { id, share, now: Mutex::new(Now { duty: Duty::Starting, store: None, last: None }) }
    }

    /// What the sector is called.
    #[must_use]
    pub fn name(&self) -> &str {
        SectorId::name(self.id.as_ref())
    }

    /// Its id, if it has one.
    #[must_use]
    pub fn id(&self) -> Option<&SectorId> {
        self.id.as_ref()
    }

    /// What is done for it.
    #[must_use]
    pub fn duty(&self) -> Duty {
        self.now().duty.clone()
    }

    /// The last tick that was committed here, whoever holds the sector now.
    #[must_use]
    pub fn last_tick(&self) -> Option<LastTick> {
        let now = self.now();
        let (universe, tick, at) = now.last.as_ref()?;
        Some(LastTick { universe: universe.clone(), tick: *tick, age: at.elapsed() })
    }

    /// Its store, once it is open.
    pub(crate) fn store(&self) -> Option<Arc<dyn Store>> {
        self.now().store.clone()
    }

    /// Its store is open.
    pub(crate) fn opened(&self, store: &Arc<dyn Store>) {
        self.now().store = Some(store.clone());
    }

    /// From now on this is done for it.
    pub(crate) fn set(&self, duty: Duty) {
        self.now().duty = duty;
    }

    /// A beat has passed; the newest commit is this tick.
    pub(crate) fn ticked(&self, universe: &str, tick: u64) {
        let mut now = self.now();
        // A beat without a tick, as in a pause, says where it was before.
        if now.last.as_ref().is_none_or(|(last, at, _)| (last.as_str(), *at) != (universe, tick)) {
            now.last = Some((universe.to_owned(), tick, Instant::now()));
        }
    }

    // Nobody panics while the lock is held.
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Post {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Post")
            .field("sector", &self.name())
            .field("duty", &self.duty())
            .finish_non_exhaustive()
    }
}
