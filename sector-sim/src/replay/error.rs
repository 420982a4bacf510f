//! Errors of replays, with their position.

use std::fmt;
use std::str::Utf8Error;

use crate::digest::Digest;
use crate::replay::hash::Sha256;
use crate::replay::journal::{REPLAY_FORMAT, REPLAY_VERSION};
use crate::rules::RULES_VERSION;
use crate::world::WorldError;

/// Position in a replay: a frame, or a line in version 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Number of preceding frames; in version 1, lines.
    pub frame: u64,
    /// Offset of the first byte of the frame, uncompressed.
    pub offset: u64,
    /// Last tick read before the frame.
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

/// Fault in the payload of a frame, or in what is to be written as one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The payload ends within this value.
    #[error("payload ends within {0}")]
    Truncated(&'static str),
    /// This value is not a number.
    #[error("{0} is not a number in its shortest form, of at most 64 bits")]
    Number(&'static str),
    /// A value is out of range.
    #[error("{what} = {value} is not allowed; allowed are {least} to {most}")]
    OutOfRange {
        /// Name of the value.
        what: &'static str,
        /// Given value.
        value: u64,
        /// Minimum.
        least: u64,
        /// Maximum.
        most: u64,
    },
    /// A text or frame is too long.
    #[error("{what} has {length} bytes; allowed are 0 to {most}")]
    TooLong {
        /// Name of the text or frame.
        what: &'static str,
        /// Given length, in bytes.
        length: u64,
        /// Maximum length, in bytes.
        most: u64,
    },
    /// A text is not UTF-8.
    #[error("{what} is not UTF-8: {source}")]
    Utf8 {
        /// Name of the text.
        what: &'static str,
        /// Cause.
        source: Utf8Error,
    },
    /// Number of bytes after the end of the payload.
    #[error("{0} unexpected bytes at the end")]
    Trailing(usize),
    /// Fault in an order.
    #[error("order {index}: {fault}")]
    Order {
        /// Index of the order, from 0.
        index: usize,
        /// Fault in the order.
        fault: Box<Fault>,
    },
    /// Values contradict each other or the rest of the replay.
    #[error("{0}")]
    Contradiction(String),
}

impl Fault {
    pub(crate) fn range(what: &'static str, value: u64, least: u64, most: u64) -> Fault {
        Fault::OutOfRange { what, value, least, most }
    }

    pub(crate) fn order(index: usize) -> impl Fn(Fault) -> Fault {
        move |fault| Fault::Order { index, fault: Box::new(fault) }
    }
}

/// Reason for rejecting a replay.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The replay is empty.
    #[error("not a replay: no data")]
    Empty,
    /// The first bytes are not those of a replay.
    #[error(
        "not a replay: the first bytes are {0}; a replay begins with 89 53 45 43 54 4f 52 0a (version 2) or a line of JSON (version 1)"
    )]
    Foreign(String),
    /// The replay is compressed and must be decompressed first.
    #[error("the replay is compressed with zstd; decompress it first")]
    Compressed,
    /// Unknown format or version.
    #[error(
        "unknown replay format {format:?}, version {version}; supported is {REPLAY_FORMAT:?}, versions {REPLAY_VERSION} and 2"
    )]
    Version {
        /// Named format.
        format: String,
        /// Named version.
        version: u32,
    },
    /// A line of a version 1 replay, or a header, is not valid JSON.
    #[error("line {line} of the replay is invalid: {source}")]
    Line {
        /// Line number, from 1.
        line: u64,
        /// Cause.
        source: serde_json::Error,
    },
    /// A frame is malformed.
    #[error("{position}: {fault}")]
    Frame {
        /// Position of the frame.
        position: Position,
        /// What is wrong, and what is allowed.
        fault: Fault,
    },
    /// The hash chain does not match: the frames were altered after recording.
    #[error(
        "{position}: the replay was altered before this point: {what} is {recorded}, but the frames give {found}"
    )]
    Altered {
        /// Position of the recorded value.
        position: Position,
        /// Name of the value that differs.
        what: &'static str,
        /// Recorded value.
        recorded: Sha256,
        /// Value computed from the frames.
        found: Sha256,
    },
    /// The replay was recorded under another rules version.
    #[error(
        "the replay was recorded under rules version {recorded}; this engine supports version {RULES_VERSION}, so it can be read but not played"
    )]
    RulesVersion {
        /// Rules version of the replay.
        recorded: u32,
    },
    /// The rules in the header are invalid.
    #[error("the rules in the header are invalid: {0}")]
    Rules(serde_json::Error),
    /// The world described by the header cannot be created.
    #[error("cannot create the world described by the header: {0}")]
    World(#[from] WorldError),
    /// A tick is missing or duplicated.
    #[error("expected tick {expected}, found tick {found}")]
    Tick {
        /// Expected tick.
        expected: u64,
        /// Tick found instead.
        found: u64,
    },
    /// A tick follows after the end of the run.
    #[error("tick {tick} is recorded after the end of the run")]
    AfterTheEnd {
        /// Tick after the end.
        tick: u64,
    },
    /// Playing the replay gives a different state.
    #[error("the run diverges at tick {tick}: recorded digest {recorded}, played digest {found}")]
    Diverged {
        /// First tick that differs.
        tick: u64,
        /// Recorded digest.
        recorded: Digest,
        /// Digest when played.
        found: Digest,
    },
    /// Playing the replay gives a different outcome of an order.
    #[error(
        "the outcome of order {order} in tick {tick} differs: recorded {recorded}, played {found}"
    )]
    Outcome {
        /// Tick of the order.
        tick: u64,
        /// Index of the order, from 0.
        order: usize,
        /// Recorded outcome.
        recorded: String,
        /// Outcome when played.
        found: String,
    },
    /// A recorded state differs from the played one, although their digests are equal.
    #[error("the state recorded at tick {tick} differs from the played one: {fault}")]
    State {
        /// Tick of the state.
        tick: u64,
        /// First difference.
        fault: String,
    },
    /// Playing the replay gives a different result.
    #[error("the result differs: recorded {recorded}, played {found}")]
    Result {
        /// Recorded result.
        recorded: String,
        /// Result when played.
        found: String,
    },
    /// The requested tick is not in the replay or lies behind the current one.
    #[error("cannot play to tick {tick}; the replay has ticks 0 to {last} and plays forward only")]
    Absent {
        /// Requested tick.
        tick: u64,
        /// Last tick of the replay.
        last: u64,
    },
    /// The recording does not start at tick 0, or exceeds a limit of the format.
    #[error("cannot write the replay: {0}")]
    Unwritable(String),
}

impl ReplayError {
    pub(crate) fn unwritable(error: impl fmt::Display) -> ReplayError {
        ReplayError::Unwritable(error.to_string())
    }

    pub(crate) fn at(position: Position) -> impl Fn(Fault) -> ReplayError {
        move |fault| ReplayError::Frame { position, fault }
    }
}
