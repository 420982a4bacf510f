//! Seats: which player holds which faction of the running universe.
//!
//! A claim lapses after `idle_ms` without activity of its player. A lapsed claim is ignored, and
//! the next claim overwrites it. Times come from the caller, in milliseconds since the Unix epoch.

use serde::{Deserialize, Serialize};

/// Minimum time between two writes of a player's activity, in milliseconds; a tenth of `idle_ms`
/// if that is shorter.
pub const TOUCH_RESOLUTION_MS: u64 = 1_000;

/// A faction held by a player.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The faction.
    pub faction: String,
    /// The player who holds it.
    pub player: String,
    /// Time of the claim.
    pub since_ms: u64,
    /// Time of the player's last activity, to within [`TOUCH_RESOLUTION_MS`].
    pub seen_ms: u64,
}

/// Result of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimOutcome {
    /// The player holds the faction, newly or already.
    Claimed,
    /// Another player holds the faction.
    TakenByOther,
    /// The player holds this other faction.
    AlreadyHolds(String),
    /// The universe named is not the running one.
    WrongUniverse,
}

/// Whether the claim of a player last active at `seen_ms` has lapsed.
pub fn lapsed(seen_ms: u64, now_ms: u64, idle_ms: u64) -> bool {
    now_ms.saturating_sub(seen_ms) >= idle_ms
}

/// Minimum time between two writes of a player's activity, in milliseconds.
pub fn touch_resolution_ms(idle_ms: u64) -> u64 {
    TOUCH_RESOLUTION_MS.min(idle_ms / 10).max(1)
}
