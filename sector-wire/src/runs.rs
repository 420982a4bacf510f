//! Runs, past and present, and the leaderboard.

use sector_sim::{Cause, FactionId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A run: the one that goes on, or a finished one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunDocument {
    /// The universe.
    pub universe_id: String,
    /// Whether it still goes on.
    #[serde(default)]
    pub running: bool,
    /// The seed that it grew from.
    pub seed: u64,
    /// How many systems it has.
    pub systems: u32,
    /// How many factions it started with.
    pub factions: u32,
    /// How many ticks it lasted, or has so far.
    pub ticks: u64,
    /// Who won; nobody while it goes on, and when all have perished.
    #[schema(required = true)]
    pub winner: Option<FactionId>,
    /// What the winner is called.
    #[schema(required = true)]
    pub winner_name: Option<String>,
    /// Why it ended.
    #[schema(required = true)]
    pub cause: Option<Cause>,
    /// The digest of its last tick.
    pub digest: String,
    /// When it ended, in milliseconds since 1970.
    #[schema(required = true)]
    pub ended_at_ms: Option<u64>,
    /// The players who held a seat when it ended, or hold one now.
    #[serde(default)]
    pub players: Vec<RunPlayer>,
}

/// A player in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunPlayer {
    /// The faction.
    #[schema(examples("F1"))]
    pub faction: String,
    /// The address of the player.
    pub player: String,
}

/// Finished runs, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunPage {
    /// The runs.
    pub runs: Vec<RunDocument>,
    /// Where to go on: pass it as `before`; null when there are no more.
    #[schema(required = true)]
    pub next: Option<String>,
}

/// Who won how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Leaderboard {
    /// The players, best first: by wins, then by games won, then by address.
    pub players: Vec<Leader>,
    /// How many victories were ever awarded, to players or not.
    pub victories: u64,
    /// How many of them nobody held the seat of: the computer won.
    pub computer_victories: u64,
    /// How many finished runs are kept. `games` and `games_won` are counted over these alone.
    pub runs_kept: u64,
}

/// A player and what they won.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Leader {
    /// The address of the player.
    pub player: String,
    /// Victories ever awarded, which are kept for ever.
    pub wins: u64,
    /// Kept runs at whose end the player held a seat.
    pub games: u64,
    /// How many of these the player won.
    pub games_won: u64,
}

/// What a `victory` award says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Victory {
    /// Name of the winning faction.
    pub name: String,
    /// Why the run ended.
    pub cause: Cause,
    /// Last tick.
    pub tick: u64,
    /// Seed of the universe.
    pub seed: u64,
    /// Digest of the last tick.
    pub digest: String,
    /// Address of the player who held the winning faction at the end, if one did.
    pub player: Option<String>,
}

/// Name of the award for winning a run.
pub const VICTORY: &str = "victory";
