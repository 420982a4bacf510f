//! The protocol over standard input and output, with which programs in any language can play.
//!
//! The host (the arena, or a match against a live sector) writes one JSON object per line, the bot
//! answers each turn with one line. [`Message`] and [`Reply`] are these lines, [`serve()`] is the
//! bot's side for a [`sector_sim::Strategy`]. `docs/reference/bots-protocol.md` describes the
//! protocol for other languages.

mod message;
mod serve;

pub use message::{Begin, End, Message, PROTOCOL, ParseError, Reply, Turn};
pub use serve::{MESSAGE_BYTES_MAX, Seat, Served, serve};
