//! Replays: recorded runs that can be played again and verified.
//!
//! Rules, seed and orders determine a run completely. A replay holds these and, to compare with,
//! the outcome of every order, the digest after every tick, periodic keyframes and the result. A
//! hash chain over header and ticks detects alterations without playing.
//!
//! [`Writer`] records a run; [`Reader`] reads frames from a byte stream; [`Replay`] is a whole
//! replay in memory, and its [`Playback`] is a world that follows it; [`verify`] plays and compares
//! everything. This module deals with uncompressed bytes only, not with files or compression.
//! `docs/reference/replay-format.md` describes the format byte by byte.
//!
//! Version 1 of the format, lines of JSON, is still the [`journal`] of a running sector. The same
//! types read it.

mod bytes;
mod error;
mod frame;
mod hash;
mod header;
pub mod journal;
mod playback;
mod reader;
mod recording;
mod tick;
mod writer;

pub use error::{Fault, Position, ReplayError};
pub use frame::{FOOTER_MAX, Footer, Frame, HEADER_MAX, KEYFRAME_MAX, Keyframe, MAGIC, TICK_MAX};
pub use hash::{BadSha256, Sha256};
pub use header::{FORMAT_VERSION, Header, KEYFRAME_TICKS, Seat, rules_hash};
pub use playback::{Playback, Verified, Verifier, verify};
pub use reader::Reader;
pub use recording::{Collector, Replay};
pub use tick::{ORDERS_MAX, OrderOutcome, TEXT_MAX, Tick};
pub use writer::Writer;
