//! The sector as it is after a tick, to keep while it goes on.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sector_sim::{FactionId, Mirror, Rules, Turn, View};

/// The sector as it is after a tick. Made by [`crate::Tick::scene`]. It is shared with the [`crate::Ticks`] that it comes
/// from, and copied only when these go on before it is dropped.
#[derive(Clone)]
pub struct Scene {
    pub(crate) mirror: Arc<Mirror>,
    pub(crate) rules: Arc<Rules>,
    pub(crate) turn: Turn,
    pub(crate) received: Instant,
}

impl Scene {
    /// What this mirror shows, received now: for tests, and for those who follow a sector in their own way.
    #[must_use]
    pub fn new(mirror: Mirror, rules: Rules, turn: Turn) -> Scene {
        Scene { mirror: Arc::new(mirror), rules: Arc::new(rules), turn, received: Instant::now() }
    }

    /// The universe.
    #[must_use]
    pub fn universe_id(&self) -> &str {
        &self.mirror.universe().id
    }

    /// The tick.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.turn.tick
    }

    /// From tick to tick.
    #[must_use]
    pub fn tick_time(&self) -> Duration {
        Duration::from_millis(self.mirror.universe().tick_delay_ms)
    }

    /// When it was received.
    #[must_use]
    pub fn received(&self) -> Instant {
        self.received
    }

    /// The sector.
    #[must_use]
    pub fn mirror(&self) -> &Mirror {
        &self.mirror
    }

    /// The rules it lives by.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// What strategies are told besides.
    #[must_use]
    pub fn turn(&self) -> Turn {
        self.turn
    }

    /// The same, told to somebody who has missed so many ticks.
    #[must_use]
    pub fn with_missed(self, missed: u64) -> Scene {
        Scene { turn: Turn { missed, ..self.turn }, ..self }
    }

    /// The sector from the seat of a faction, as strategies see it.
    #[must_use]
    pub fn view(&self, me: FactionId) -> View<'_> {
        self.mirror.view(&self.rules, me)
    }
}

impl fmt::Debug for Scene {
    /// Without the sector, which is long.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Scene")
            .field("universe", &self.universe_id())
            .field("turn", &self.turn)
            .finish_non_exhaustive()
    }
}
