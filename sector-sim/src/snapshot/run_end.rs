//! Announcement of the end of a run.

use serde::{Deserialize, Serialize};

use crate::event::Cause;
use crate::ids::FactionId;
use crate::world::World;

/// Result of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunEnd {
    /// Id of the universe that ended.
    pub universe_id: String,
    /// Last tick.
    pub tick: u64,
    /// Winner; `None` if all factions were eliminated.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub winner: Option<FactionId>,
    /// Cause of the end.
    pub cause: Cause,
    /// Time until the next universe starts, in milliseconds; `null` if none follows, such as after
    /// a recorded run.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub next_universe_in_ms: Option<u64>,
}

impl RunEnd {
    /// End of the run of this world; `None` while it is running.
    #[must_use]
    pub fn of(universe_id: &str, world: &World, next_universe_in_ms: Option<u64>) -> Option<Self> {
        let outcome = world.board().result()?;
        Some(Self {
            universe_id: universe_id.to_owned(),
            tick: outcome.tick,
            winner: outcome.winner,
            cause: outcome.cause,
            next_universe_in_ms,
        })
    }
}
