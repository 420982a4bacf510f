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
    /// Whether the leaderboard counts it among rated games; null while running, and for runs of
    /// earlier versions.
    #[serde(default)]
    pub rated: Option<bool>,
    /// Why it is not rated.
    #[serde(default)]
    pub unrated_reason: Option<UnratedReason>,
}

/// Why a game is not rated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnratedReason {
    /// Fewer than two players held a seat that counts.
    TooFewPlayers,
}

/// Why a player's seat does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeatFault {
    /// The player was away for so long that the claim lapsed.
    Lapsed,
    /// The player held the seat for too small a share of the run.
    HeldTooBriefly,
    /// The player was away at the end of the run.
    AwayAtTheEnd,
}

impl RunDocument {
    /// What the award of the winner says; `None` if nobody won.
    #[must_use]
    pub fn victory(&self) -> Option<Victory> {
        let (winner, cause) = (self.winner?.to_string(), self.cause?);
        let holder = self.players.iter().find(|seat| seat.counts && seat.faction == winner);
        Some(Victory {
            name: self.winner_name.clone().unwrap_or_default(),
            cause,
            tick: self.ticks,
            seed: self.seed,
            digest: self.digest.clone(),
            player: holder.map(|seat| seat.player.clone()),
            rated: self.rated,
        })
    }
}

/// A player in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunPlayer {
    /// Faction id.
    #[schema(examples("F1"))]
    pub faction: String,
    /// Address of the player.
    pub player: String,
    /// When the player took the seat, in milliseconds since the Unix epoch.
    #[serde(default)]
    pub since_ms: Option<u64>,
    /// When the player was last seen, in milliseconds since the Unix epoch.
    #[serde(default)]
    pub seen_ms: Option<u64>,
    /// Share of the run's time for which the player held the seat, per mille; null while running.
    #[serde(default)]
    pub share: Option<u32>,
    /// Whether the seat counts: its player wins if the faction does.
    #[serde(default = "counts")]
    pub counts: bool,
    /// Why the seat does not count.
    #[serde(default)]
    pub reason: Option<SeatFault>,
}

/// Seats in runs of earlier versions count.
fn counts() -> bool {
    true
}

/// When a universe began, in milliseconds since the Unix epoch; its id says so.
#[must_use]
pub fn began_ms(universe_id: &str) -> Option<u64> {
    let (time, _) = universe_id.strip_prefix("u-")?.split_once('-')?;
    u64::from_str_radix(time, 16).ok()
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
    /// Victories ever awarded in rated games, or before games were rated.
    pub wins: u64,
    /// Victories ever awarded in games that are not rated, such as those against computer players
    /// only.
    #[serde(default)]
    pub unrated_wins: u64,
    /// Kept runs in which the player held a seat that counts.
    pub games: u64,
    /// Kept runs that the player won.
    pub games_won: u64,
}

/// What a `victory` award says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
    /// Address of the player who held the winning faction, if one did whose seat counts.
    pub player: Option<String>,
    /// Whether the game is rated; absent in awards of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rated: Option<bool>,
}

/// Name of the award for winning a run.
pub const VICTORY: &str = "victory";

/// An award to record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Mint {
    /// Universe of a finished run.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = "^[A-Za-z0-9._:-]+$",
        examples("u-19ab2c3d4e5-0badf00d")
    )]
    pub universe_id: String,
    /// Faction that won it.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._:-]+$", examples("F1"))]
    pub faction: String,
    /// Name of the award: `victory`.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._:-]+$", examples("victory"))]
    pub award: String,
    /// What the award says; if given, it must match the run's record. Left out, the record fills it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Victory>,
}

/// A recorded award.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Minted {
    /// Universe of the run.
    pub universe_id: String,
    /// Faction that won it.
    pub faction: String,
    /// Name of the award.
    pub award: String,
    /// Always `accepted`.
    pub state: String,
    /// Whether the same award had been recorded before.
    pub duplicate: bool,
}

/// Health of the minter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MinterHealth {
    /// `ok`, or `failing` with a `reason`.
    #[schema(examples("ok"))]
    pub status: String,
    /// Name of the service.
    #[schema(examples("nft-minter"))]
    pub service: String,
    /// Version of the service.
    #[schema(examples("0.1.0"))]
    pub version: String,
    /// Why it is failing, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Number of recorded awards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awards: Option<u64>,
}
