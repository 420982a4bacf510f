//! Version 1 of the format, and the journal of a running sector: a run as lines of JSON.
//!
//! The first line is a [`Header`], then comes a [`Record`] for each tick from 1 on. Lines can be stored one by one as
//! the run goes on; a text that was cut is good up to its last whole line.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::order::Order;
use crate::replay::error::ReplayError;
use crate::replay::header::{rules_hash, rules_value};
use crate::rules::{RULES_VERSION, Rules};
use crate::world::{Size, World};

/// The name that a header begins with.
pub const REPLAY_FORMAT: &str = "sector-replay";
/// The version of these lines.
pub const REPLAY_VERSION: u32 = 1;

/// Files of this version did not name the version of their rules at first; it was this one.
fn first_rules_version() -> u32 {
    1
}

/// The first line: everything that a run grows from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`REPLAY_FORMAT`].
    pub format: String,
    /// [`REPLAY_VERSION`].
    pub version: u32,
    /// The version of the engine that made the run.
    pub engine: String,
    /// [`RULES_VERSION`] of the recording engine.
    #[serde(default = "first_rules_version")]
    pub rules_version: u32,
    /// Id of the universe.
    pub universe_id: String,
    /// The seed.
    pub seed: u64,
    /// Number of systems.
    pub systems: u32,
    /// Number of starting factions.
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
            rules_version: RULES_VERSION,
            universe_id: universe_id.to_owned(),
            seed: world.board().seed(),
            systems: world.map().len() as u32,
            factions: world.map().homes().len() as u8,
            rules: Rules::clone(world.rules()),
            digest: world.digest(),
        }
    }

    /// Whether this engine plays these rules like the recorder.
    ///
    /// # Errors
    /// [`ReplayError::RulesVersion`] when they meant something else then.
    pub fn check_rules_version(&self) -> Result<(), ReplayError> {
        if self.rules_version == RULES_VERSION {
            Ok(())
        } else {
            Err(ReplayError::RulesVersion { recorded: self.rules_version })
        }
    }

    /// The world at tick 0.
    ///
    /// # Errors
    /// [`ReplayError`] when the rules are of another version, or when rules, seed or size are impossible.
    pub fn world(&self) -> Result<World, ReplayError> {
        self.check_rules_version()?;
        let size = Size { systems: self.systems, factions: self.factions };
        Ok(World::with_size(Arc::new(self.rules.clone()), self.seed, size)?)
    }
}

impl From<Header> for crate::replay::Header {
    fn from(header: Header) -> crate::replay::Header {
        let rules = rules_value(&header.rules);
        crate::replay::Header {
            format: header.format,
            version: header.version,
            engine: header.engine,
            commit: None,
            rules_version: header.rules_version,
            rules_hash: rules_hash(&rules),
            universe_id: header.universe_id,
            seed: header.seed,
            systems: header.systems,
            factions: header.factions,
            seats: Vec::new(),
            started_ms: None,
            keyframe_ticks: 0,
            digest: header.digest,
            rules,
        }
    }
}

/// A line: one tick.
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

/// Reads the first line.
///
/// # Errors
/// [`ReplayError`] says why it is none.
pub fn read_header(line: &str) -> Result<Header, ReplayError> {
    header(line.as_bytes())
}

pub(crate) fn header(line: &[u8]) -> Result<Header, ReplayError> {
    #[derive(Deserialize)]
    struct Head {
        format: String,
        version: u32,
    }
    let unreadable = |source| ReplayError::Line { line: 1, source };
    let head: Head = serde_json::from_slice(line).map_err(unreadable)?;
    if head.format != REPLAY_FORMAT || head.version != REPLAY_VERSION {
        return Err(ReplayError::Version {
            format: head.format.chars().take(64).collect(),
            version: head.version,
        });
    }
    serde_json::from_slice(line).map_err(unreadable)
}
