//! State of a worker's sectors, for its health.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use sector_redis::{SectorId, Store, UniverseId};
use tokio::time::Instant;

use crate::share::Share;

/// State of a sector in a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Its store is being opened.
    Starting,
    /// On standby: another worker runs it.
    StandingBy,
    /// The worker holds the lease and runs the sector.
    Held {
        /// Epoch of the lease.
        epoch: u64,
    },
    /// It failed and will be retried.
    Failed {
        /// The error.
        reason: String,
    },
}

/// The last tick committed by this worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastTick {
    /// Id of the universe.
    pub universe: UniverseId,
    /// The tick.
    pub tick: u64,
    /// Time since the commit.
    pub age: Duration,
}

/// A sector of a worker, with its state.
pub struct Post {
    id: Option<SectorId>,
    pub(crate) share: Arc<Share>,
    now: Mutex<Now>,
}

struct Now {
    duty: Duty,
    store: Option<Arc<dyn Store>>,
    last: Option<(UniverseId, u64, Instant)>,
}

impl Post {
    /// All sectors of a worker; `None` is the one without an id.
    #[must_use]
    pub fn all(sectors: &[Option<SectorId>]) -> Vec<Arc<Post>> {
        let share = Arc::new(Share::of(sectors.len()));
        sectors.iter().map(|id| Arc::new(Post::new(id.clone(), share.clone()))).collect()
    }

    /// The only sector of a worker, without an id.
    #[must_use]
    pub fn alone() -> Arc<Post> {
        Arc::new(Post::new(None, Arc::new(Share::of(1))))
    }

    fn new(id: Option<SectorId>, share: Arc<Share>) -> Post {
        Post { id, share, now: Mutex::new(Now { duty: Duty::Starting, store: None, last: None }) }
    }

    /// Name of the sector.
    #[must_use]
    pub fn name(&self) -> &str {
        SectorId::name(self.id.as_ref())
    }

    /// Id of the sector, if any.
    #[must_use]
    pub fn id(&self) -> Option<&SectorId> {
        self.id.as_ref()
    }

    /// State of the sector.
    #[must_use]
    pub fn duty(&self) -> Duty {
        self.now().duty.clone()
    }

    /// The last tick that this worker committed, even if another worker holds the sector now.
    #[must_use]
    pub fn last_tick(&self) -> Option<LastTick> {
        let now = self.now();
        let (universe, tick, at) = now.last.as_ref()?;
        Some(LastTick { universe: universe.clone(), tick: *tick, age: at.elapsed() })
    }

    /// The store, once open.
    pub(crate) fn store(&self) -> Option<Arc<dyn Store>> {
        self.now().store.clone()
    }

    /// The store has been opened.
    pub(crate) fn opened(&self, store: &Arc<dyn Store>) {
        self.now().store = Some(store.clone());
    }

    /// Sets the state.
    pub(crate) fn set(&self, duty: Duty) {
        self.now().duty = duty;
    }

    /// A beat is done; `tick` is the newest committed tick.
    pub(crate) fn ticked(&self, universe: &UniverseId, tick: u64) {
        let mut now = self.now();
        // A beat without a tick, as during a pause, repeats the previous tick.
        if now.last.as_ref().is_none_or(|(last, at, _)| (last, *at) != (universe, tick)) {
            now.last = Some((universe.clone(), tick, Instant::now()));
        }
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock()
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
