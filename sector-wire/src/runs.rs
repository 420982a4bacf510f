//! Runs, past and present, and the leaderboard.

use sector_sim::FactionId;
use sector_sim::event::Cause;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A run, current or finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunDocument {
    /// Id of the universe.
    pub universe_id: String,
    /// Whether it is still running.
    #[serde(default)]
    pub running: bool,
    /// Seed of the universe.
    pub seed: u64,
    /// Number of systems.
    pub systems: u32,
    /// Number of starting factions.
    pub factions: u32,
    /// Number of ticks so far.
    pub ticks: u64,
    /// Winner; null while running, or if all factions were eliminated.
    #[schema(required = true)]
    pub winner: Option<FactionId>,
    /// Name of the winner.
    #[schema(required = true)]
    pub winner_name: Option<String>,
    /// Why it ended; null while running.
    #[schema(required = true)]
    pub cause: Option<Cause>,
    /// Digest of the last tick.
    pub digest: String,
    /// When it ended, in milliseconds since the Unix epoch; null while running.
    #[schema(required = true)]
    pub ended_at_ms: Option<u64>,
    /// Players who hold a faction, or held one when it ended.
    #[serde(default)]
    pub players: Vec<RunPlayer>,
}

/// A player in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunPlayer {
    /// Faction id.
    #[schema(examples("F1"))]
    pub faction: String,
    /// Address of the player.
    pub player: String,
}

/// Finished runs, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunPage {
    /// Runs, newest first.
    pub runs: Vec<RunDocument>,
    /// Cursor of the next page: pass it as `before`; null on the last page.
    #[schema(required = true)]
    pub next: Option<String>,
}

/// Players ranked by victories.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Leaderboard {
    /// Players, best first: by wins, then games won, then address.
    pub players: Vec<Leader>,
    /// Number of victories ever awarded.
    pub victories: u64,
    /// Number of victories by computer players.
    pub computer_victories: u64,
    /// Number of finished runs kept; `games` and `games_won` count only these.
    pub runs_kept: u64,
}

/// A player on the leaderboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Leader {
    /// Address of the player.
    pub player: String,
    /// Victories ever awarded.
    pub wins: u64,
    /// Kept runs in which the player held a faction at the end.
    pub games: u64,
    /// Kept runs that the player won.
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
