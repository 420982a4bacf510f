//! Seats: which player holds which faction of the running universe.
//!
//! A claim lapses when its player was not seen for `idle_ms`; a lapsed claim counts for nothing
//! and is overwritten by the next claim. Times are the caller's, in milliseconds since 1970.

use serde::{Deserialize, Serialize};

/// The longest that a sighting may be left unwritten because the last one was just before, in
/// milliseconds. Seats of a shorter `idle_ms` use a tenth of it.
pub const TOUCH_RESOLUTION_MS: u64 = 1_000;

/// A faction held by a player.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The faction.
    pub faction: String,
    /// Who holds it.
    pub player: String,
    /// Since when.
    pub since_ms: u64,
    /// When the player was last seen, exact to [`TOUCH_RESOLUTION_MS`].
    pub seen_ms: u64,
}

/// What a claim came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimOutcome {
    /// The player holds the faction, since now or since before.
    Claimed,
    /// Another player holds the faction.
    TakenByOther,
    /// The player holds this other faction.
    AlreadyHolds(String),
    /// The universe named is not the running one.
    WrongUniverse,
}

/// Whether a player last seen at `seen_ms` has been away for `idle_ms`.
pub fn lapsed(seen_ms: u64, now_ms: u64, idle_ms: u64) -> bool {
    now_ms.saturating_sub(seen_ms) >= idle_ms
}

/// How much later than the last sighting one must be to be worth writing down.
pub fn touch_resolution_ms(idle_ms: u64) -> u64 {
    TOUCH_RESOLUTION_MS.min(idle_ms / 10).max(1)
}
