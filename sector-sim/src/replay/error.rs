//! Why a replay is refused, and where.

use std::fmt;

use crate::digest::Digest;
use crate::replay::hash::Sha256;
use crate::replay::journal::{REPLAY_FORMAT, REPLAY_VERSION};
use crate::rules::RULES_VERSION;
use crate::world::WorldError;

/// Position in a replay: a frame, or a line in version 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Number of frames before it; in version 1, lines.
    pub frame: u64,
    /// The byte that it begins at, in the plain form.
    pub offset: u64,
    /// The last tick that was read before it.
    pub tick: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "frame {} (at byte {}, after tick {})",
            self.frame, self.offset, self.tick
        )
    }
}

/// Why a replay is refused.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// There are no bytes.
    #[error("this is no replay: it is empty")]
    Empty,
    /// The first bytes are not those of a replay.
    #[error(
        "this is no replay: it begins with the bytes {0}; a replay begins with 89 53 45 43 54 4f 52 0a (version 2) or a line of JSON (version 1)"
    )]
    Foreign(String),
    /// It is compressed. Decompress it first.
    #[error("this is compressed with zstd; it has to be decompressed first")]
    Compressed,
    /// The format or version is unknown.
    #[error(
        "this is no replay of a known version: format {format:?}, version {version}; known is {REPLAY_FORMAT:?}, version {REPLAY_VERSION} and 2"
    )]
    Version {
        /// The format that is named.
        format: String,
        /// Its version.
        version: u32,
    },
    /// A line of a version 1 replay, or a header, is not the JSON it should be.
    #[error("line {line} of the replay cannot be read: {source}")]
    Line {
        /// Line, from 1.
        line: u64,
        /// Why.
        source: serde_json::Error,
    },
    /// A frame is not as the format wants it.
    #[error("{position}: {fault}")]
    Frame {
        /// Its offset.
        position: Position,
        /// What is wrong, and what is allowed.
        fault: String,
    },
    /// The frames are not those that were written: the hash chain says so.
    #[error(
        "{position}: the replay was altered before this point: {what} is {recorded}, computed is {found}"
    )]
    Altered {
        /// Position of the recorded value.
        position: Position,
        /// What differs.
        what: &'static str,
        /// The recorded value.
        recorded: Sha256,
        /// The value that the frames give.
        found: Sha256,
    },
    /// It was recorded by an engine with another rules version.
    #[error(
        "it was recorded under rules version {recorded}, and this engine plays version {RULES_VERSION}: it can be read, but not played"
    )]
    RulesVersion {
        /// The version that it names.
        recorded: u32,
    },
    /// The rules cannot be read.
    #[error("the rules in the header cannot be read: {0}")]
    Rules(serde_json::Error),
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
    /// An order fares otherwise when it is given again.
    #[error(
        "order {order} of tick {tick} fares otherwise: recorded is {recorded}, playing it again gives {found}"
    )]
    Outcome {
        /// The tick.
        tick: u64,
        /// Index of the order, from 0.
        order: usize,
        /// The recorded outcome.
        recorded: String,
        /// The outcome of the repeated run.
        found: String,
    },
    /// A recorded state is not that of the repeated run, though its digest is.
    #[error("the state recorded with tick {tick} is not what playing gives: {fault}")]
    State {
        /// The tick.
        tick: u64,
        /// What differs.
        fault: String,
    },
    /// The run ends otherwise when it is played again.
    #[error("the result differs: recorded is {recorded}, playing it again gives {found}")]
    Result {
        /// The recorded result.
        recorded: String,
        /// The result of the repeated run.
        found: String,
    },
    /// There is no such tick to go to.
    #[error(
        "tick {tick} cannot be gone to; recorded are ticks 0 to {last}, and playing goes forward only"
    )]
    Absent {
        /// The tick that was asked for.
        tick: u64,
        /// The last one.
        last: u64,
    },
    /// The recording does not start at tick 0, or exceeds a limit.
    #[error("the replay cannot be written: {0}")]
    Unwritable(String),
}

impl ReplayError {
    pub(crate) fn at(position: Position) -> impl Fn(String) -> ReplayError {
        move |fault| ReplayError::Frame { position, fault }
    }
}
