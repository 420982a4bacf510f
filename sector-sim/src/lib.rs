//! The rules of a sector as a pure, deterministic simulation.

mod draw;
mod ids;
mod rules;

pub use draw::{Draw, Purpose, next_seed};
pub use ids::{FACTION_IDS, FactionId, FactionKind, FleetId, MAX_SPLINTERS, MAX_STARTERS, SystemId, UnknownFactionId};
pub use rules::*;

/// The greatest seed: 2^53 − 1, the greatest integer that every JSON reader holds exactly.
pub const MAX_SEED: u64 = (1 << 53) - 1;
