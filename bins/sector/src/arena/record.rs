//! What is kept of a game: one line of JSON.

use sector_sim::{Cause, FactionId};
use serde::{Deserialize, Serialize};

use crate::exec::Fault;

/// A finished game. The lists are by seat, F1 first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    /// Its index in the arena.
    pub(crate) game: u64,
    /// The seed of its map.
    pub(crate) seed: u64,
    /// By how many seats the lineup of the map was turned.
    pub(crate) rotation: usize,
    /// Who played.
    pub(crate) players: Vec<String>,
    /// The faction that won: a seat, the League or a splinter; nobody when all perished.
    pub(crate) winner: Option<FactionId>,
    /// The player that won, if a seat did.
    pub(crate) winner_player: Option<String>,
    /// Why the game ended.
    pub(crate) cause: Cause,
    /// How long it lasted.
    pub(crate) ticks: u64,
    /// The digest of the last tick, 16 hex digits.
    pub(crate) digest: String,
    /// Places among the seats: the winner is first, then who held more value for longer; equals share one.
    pub(crate) places: Vec<u32>,
    /// The ticks in which seats were eliminated.
    pub(crate) eliminated: Vec<Option<u64>>,
    /// Orders given by the seats.
    pub(crate) orders: u64,
    /// Orders of theirs that were refused.
    pub(crate) refused: u64,
    /// Systems that rose against their owner.
    pub(crate) rebellions: u32,
    /// How often another faction took the lead and kept it for five ticks.
    pub(crate) leader_changes: u32,
    /// Whether one faction came to 60 % of the systems without having lost any.
    pub(crate) snowball: bool,
    /// Ticks between two samples of `value_per_mille`.
    pub(crate) value_every: u64,
    /// For each seat its part of the sector's value in per mille: at tick 0, every `value_every` ticks, and at the end.
    pub(crate) value_per_mille: Vec<Vec<u16>>,
    /// What programs did wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) faults: Vec<Fault>,
}
