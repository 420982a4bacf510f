//! A run as bytes, to be played again and compared.
//!
//! Rules, seed and orders are the whole truth of a run, so that everybody can play it again. A replay holds that truth,
//! and beside it what playing has to give: for each tick the outcome of its orders and the digest that they led to,
//! now and then a keyframe, at the end the result. A hash chain runs through header and ticks, so that what was
//! altered is found without playing.
//!
//! [`Writer`] records a run as it goes on; [`Reader`] gives the frames of bytes that come in pieces; [`Replay`] is a
//! whole replay in memory, whose [`Playback`] is a world that follows it; [`verify`] plays and compares everything.
//! Nothing here knows files or compression: this is the plain form, bytes in and bytes out. `docs/reference/replay-format.md`
//! describes it byte by byte.
//!
//! Version 1 of the format is lines of JSON, still in use as the [`journal`] of a running sector; it is read by the
//! same names.

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

pub use error::{Position, ReplayError};
pub use frame::{FOOTER_MAX, Footer, Frame, HEADER_MAX, KEYFRAME_MAX, Keyframe, MAGIC, TICK_MAX};
pub use hash::{BadSha256, Sha256};
pub use header::{FORMAT_VERSION, Header, KEYFRAME_TICKS, Seat, rules_hash};
pub use playback::{Playback, Verified, Verifier, verify};
pub use reader::Reader;
pub use recording::{Collector, Replay};
pub use tick::{ORDERS_MAX, OrderOutcome, TEXT_MAX, Tick};
pub use writer::Writer;
