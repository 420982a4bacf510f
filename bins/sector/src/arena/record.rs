//! The result of a game: one line of JSON.

use sector_sim::FactionId;
use sector_sim::event::Cause;
use serde::{Deserialize, Serialize};

use crate::exec::Fault;

/// A finished game. The lists are by seat, F1 first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    /// Index in the arena.
    pub(crate) game: u64,
    /// Seed of the map.
    pub(crate) seed: u64,
    /// Rotation of the lineup, in seats.
    pub(crate) rotation: usize,
    /// Players.
    pub(crate) players: Vec<String>,
    /// Winner: a seat, the League or a splinter; `None` if all perished.
    pub(crate) winner: Option<FactionId>,
    /// Winning player, if a seat won.
    pub(crate) winner_player: Option<String>,
    /// Reason for the end.
    pub(crate) cause: Cause,
    /// Length, in ticks.
    pub(crate) ticks: u64,
    /// Digest of the last tick, 16 hex digits.
    pub(crate) digest: String,
    /// Places of the seats: the winner is first, the others follow by value held over time; equals
    /// share a place.
    pub(crate) places: Vec<u32>,
    /// Ticks in which seats were eliminated.
    pub(crate) eliminated: Vec<Option<u64>>,
    /// Orders given by the seats.
    pub(crate) orders: u64,
    /// Refused orders of the seats.
    pub(crate) refused: u64,
    /// Systems that rebelled or seceded.
    pub(crate) rebellions: u32,
    /// Number of times that another faction took the lead and kept it for five ticks.
    pub(crate) leader_changes: u32,
    /// Whether a faction reached 60 % of the systems without losing any.
    pub(crate) snowball: bool,
    /// Ticks between two samples of `value_per_mille`.
    pub(crate) value_every: u64,
    /// Share of the sector's value per seat, in per mille: at tick 0, every `value_every` ticks,
    /// and at the end.
    pub(crate) value_per_mille: Vec<Vec<u16>>,
    /// Faults of programs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) faults: Vec<Fault>,
}
