//! Version 1 of the format, also the journal of a running sector: lines of JSON.
//!
//! The first line is a [`Header`], followed by one [`Record`] per tick, from 1. Lines can be
//! appended while the run goes on; a truncated file is valid up to its last complete line.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::order::Order;
use crate::replay::error::ReplayError;
use crate::replay::header::{rules_hash, rules_value};
use crate::rules::{RULES_VERSION, Rules};
use crate::world::{Size, World};

/// Format name in the header.
pub const REPLAY_FORMAT: &str = "sector-replay";
/// Format version in the header.
pub const REPLAY_VERSION: u32 = 1;

/// The first version 1 files lack `rules_version`; it was 1 then.
fn first_rules_version() -> u32 {
    1
}

/// First line: everything needed to start the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`REPLAY_FORMAT`].
    pub format: String,
    /// [`REPLAY_VERSION`].
    pub version: u32,
    /// Version of the recording engine.
    pub engine: String,
    /// [`RULES_VERSION`] of the recording engine.
    #[serde(default = "first_rules_version")]
    pub rules_version: u32,
    /// Id of the universe.
    pub universe_id: String,
    /// Seed of the universe.
    pub seed: u64,
    /// Number of systems.
    pub systems: u32,
    /// Number of starters.
    pub factions: u8,
    /// The complete rules.
    pub rules: Rules,
    /// Digest of tick 0.
    pub digest: Digest,
}

impl Header {
    /// Header for a run that starts with this world.
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

    /// Checks that this engine interprets the rules like the recording engine.
    ///
    /// # Errors
    /// [`ReplayError::RulesVersion`] for another rules version.
    pub fn check_rules_version(&self) -> Result<(), ReplayError> {
        if self.rules_version == RULES_VERSION {
            Ok(())
        } else {
            Err(ReplayError::RulesVersion { recorded: self.rules_version })
        }
    }

    /// World at tick 0.
    ///
    /// # Errors
    /// [`ReplayError`] when the rules have another version, or when rules, seed or size are
    /// invalid.
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

/// One line: one tick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Number of the tick.
    pub tick: u64,
    /// Orders of the tick, in execution order, including refused ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<Order>,
    /// Digest after the tick.
    pub digest: Digest,
}

impl Record {
    /// Record of the step that `world` has just taken with these orders.
    #[must_use]
    pub fn of(world: &World, orders: &[Order]) -> Record {
        Record { tick: world.tick(), orders: orders.to_vec(), digest: world.digest() }
    }

    /// Plays this tick on a world at the preceding tick.
    ///
    /// # Errors
    /// [`ReplayError`] when the tick does not follow or gives another digest.
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

/// Parses the first line.
///
/// # Errors
/// [`ReplayError`] when the line is not a header of version 1.
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
