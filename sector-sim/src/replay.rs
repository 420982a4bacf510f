//! A run as a text: a header, and for each tick its orders and the digest it led to.
//!
//! Rules, seed and orders are the whole truth of a run, so that everybody can play it again and compare. A replay is
//! a sequence of lines of JSON: first a [`Header`], then a [`Record`] for each tick from 1 on. Lines can be written
//! as the run goes on; a text that was cut is good up to its last whole line.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::board::Outcome;
use crate::digest::Digest;
use crate::order::Order;
use crate::rules::Rules;
use crate::world::{Size, World, WorldError};

/// The name that a header begins with.
pub const REPLAY_FORMAT: &str = "sector-replay";
/// The version of the format.
pub const REPLAY_VERSION: u32 = 1;

/// The first line of a replay: everything that a run grows from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`REPLAY_FORMAT`].
    pub format: String,
    /// [`REPLAY_VERSION`].
    pub version: u32,
    /// The version of the engine that made the run.
    pub engine: String,
    /// Which universe it was.
    pub universe_id: String,
    /// The seed.
    pub seed: u64,
    /// How many systems.
    pub systems: u32,
    /// How many starters.
    pub factions: u8,
    /// The rules, whole.
    pub rules: Rules,
    /// The digest of tick 0.
    pub digest: Digest,
}

impl Header {
    /// The header for a run that begins with this world.
    #[must_use]
    pub fn of(universe_id: &str, world: &World) -> Header {
        Header {
            format: REPLAY_FORMAT.to_owned(),
            version: REPLAY_VERSION,
            engine: env!("CARGO_PKG_VERSION").to_owned(),
            universe_id: universe_id.to_owned(),
            seed: world.board().seed(),
            systems: world.map().len() as u32,
            factions: world.map().homes().len() as u8,
            rules: Rules::clone(world.rules()),
            digest: world.digest(),
        }
    }

    /// The world at tick 0.
    ///
    /// # Errors
    /// [`WorldError`] when rules, seed or size are impossible.
    pub fn world(&self) -> Result<World, WorldError> {
        let size = Size { systems: self.systems, factions: self.factions };
        World::with_size(Arc::new(self.rules.clone()), self.seed, size)
    }
}

/// A line of a replay: one tick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The tick.
    pub tick: u64,
    /// The orders that were carried out or refused in it, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<Order>,
    /// The digest after it.
    pub digest: Digest,
}

impl Record {
    /// The record of the tick that a world has just passed with these orders.
    #[must_use]
    pub fn of(world: &World, orders: &[Order]) -> Record {
        Record { tick: world.tick(), orders: orders.to_vec(), digest: world.digest() }
    }

    /// Plays this tick on a world that stands at the tick before.
    ///
    /// # Errors
    /// [`ReplayError`] when the tick does not follow, or leads to another digest.
    pub fn play(&self, world: &mut World) -> Result<(), ReplayError> {
        if self.tick != world.tick() + 1 {
            return Err(ReplayError::Tick { expected: world.tick() + 1, found: self.tick });
        }
        let found = world.step(&self.orders).digest;
        if world.tick() != self.tick {
            return Err(ReplayError::AfterTheEnd { tick: self.tick });
        }
        if found != self.digest {
            return Err(ReplayError::Diverged { tick: self.tick, recorded: self.digest, found });
        }
        Ok(())
    }
}

/// Why a replay is refused.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// There is no header.
    #[error("this is no replay: it is empty")]
    Empty,
    /// A line cannot be read.
    #[error("line {line} of the replay cannot be read: {source}")]
    Line {
        /// Which line, from 1.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
    /// The header is that of another format or version.
    #[error(
        "this is no replay of a known version: format {format:?}, version {version}; known is {REPLAY_FORMAT:?}, version {REPLAY_VERSION}"
    )]
    Version {
        /// The format that the header names.
        format: String,
        /// Its version.
        version: u32,
    },
    /// The header describes an impossible world.
    #[error("the header of the replay describes no world: {0}")]
    World(#[from] WorldError),
    /// A tick is missing or doubled.
    #[error("tick {expected} should follow, but tick {found} does")]
    Tick {
        /// The tick that would follow.
        expected: u64,
        /// The tick that is there.
        found: u64,
    },
    /// There are ticks after the end of the run.
    #[error("tick {tick} is recorded, but the run had ended before")]
    AfterTheEnd {
        /// The tick.
        tick: u64,
    },
    /// Playing it again leads to something else.
    #[error(
        "the history differs from tick {tick} on: recorded is the digest {recorded}, playing it again gives {found}"
    )]
    Diverged {
        /// The first tick that differs.
        tick: u64,
        /// The recorded digest.
        recorded: Digest,
        /// The digest of the repeated run.
        found: Digest,
    },
}

/// What a replay was found to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many ticks it has.
    pub ticks: u64,
    /// How many orders.
    pub orders: u64,
    /// The last digest.
    pub digest: Digest,
    /// How the run ended, if the replay reaches that far.
    pub result: Option<Outcome>,
}

/// Reads the header of a replay.
///
/// # Errors
/// [`ReplayError`] says why it is none.
pub fn read_header(line: &str) -> Result<Header, ReplayError> {
    #[derive(Deserialize)]
    struct Head {
        format: String,
        version: u32,
    }
    let unreadable = |source| ReplayError::Line { line: 1, source };
    let head: Head = serde_json::from_str(line).map_err(unreadable)?;
    if head.format != REPLAY_FORMAT || head.version != REPLAY_VERSION {
        return Err(ReplayError::Version { format: head.format.chars().take(64).collect(), version: head.version });
    }
    serde_json::from_str(line).map_err(unreadable)
}

/// Plays a replay again and compares every digest.
///
/// # Errors
/// [`ReplayError`] names the first line or tick that is wrong.
pub fn verify<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<Verified, ReplayError> {
    let mut lines = lines.into_iter();
    let header = read_header(lines.next().ok_or(ReplayError::Empty)?)?;
    let mut world = header.world()?;
    if world.digest() != header.digest {
        return Err(ReplayError::Diverged { tick: 0, recorded: header.digest, found: world.digest() });
    }
    let mut orders = 0;
    for (index, line) in lines.enumerate() {
        let record: Record =
            serde_json::from_str(line).map_err(|source| ReplayError::Line { line: index + 2, source })?;
        record.play(&mut world)?;
        orders += record.orders.len() as u64;
    }
    Ok(Verified { ticks: world.tick(), orders, digest: world.digest(), result: world.board().result() })
}
