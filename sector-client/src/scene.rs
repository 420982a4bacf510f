//! The state of the sector after a tick, to keep while following goes on.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sector_sim::{FactionId, Mirror, Rules, Turn, View};

/// The state of the sector after a tick, from [`crate::Tick::scene`]. Shared with the
/// [`crate::Ticks`] it comes from, which copy it only if they advance before it is dropped.
#[derive(Clone)]
pub struct Scene {
    pub(crate) mirror: Arc<Mirror>,
    pub(crate) rules: Arc<Rules>,
    pub(crate) turn: Turn,
    pub(crate) received: Instant,
}

impl Scene {
    /// A scene of this mirror, received now: for tests, and for programs that follow a sector in
    /// another way.
    #[must_use]
    pub fn new(mirror: Mirror, rules: Rules, turn: Turn) -> Scene {
        Scene { mirror: Arc::new(mirror), rules: Arc::new(rules), turn, received: Instant::now() }
    }

    /// Id of the universe.
    #[must_use]
    pub fn universe_id(&self) -> &str {
        &self.mirror.universe().id
    }

    /// Number of the tick.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.turn.tick
    }

    /// Time between ticks.
    #[must_use]
    pub fn tick_time(&self) -> Duration {
        Duration::from_millis(self.mirror.universe().tick_delay_ms)
    }

    /// Time at which the tick was received.
    #[must_use]
    pub fn received(&self) -> Instant {
        self.received
    }

    /// State of the sector.
    #[must_use]
    pub fn mirror(&self) -> &Mirror {
        &self.mirror
    }

    /// Rules of the universe.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Tick number and missed ticks, for strategies.
    #[must_use]
    pub fn turn(&self) -> Turn {
        self.turn
    }

    /// Sets the number of missed ticks.
    #[must_use]
    pub fn with_missed(self, missed: u64) -> Scene {
        Scene { turn: Turn { missed, ..self.turn }, ..self }
    }

    /// View of a faction, for strategies.
    #[must_use]
    pub fn view(&self, me: FactionId) -> View<'_> {
        self.mirror.view(&self.rules, me)
    }
}

impl fmt::Debug for Scene {
    /// Without the state, which is long.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Scene")
            .field("universe", &self.universe_id())
            .field("turn", &self.turn)
            .finish_non_exhaustive()
    }
}
