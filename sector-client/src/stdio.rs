//! Playing over standard input and output: the protocol by which a program of any language takes a seat.
//!
//! The host of the game (the arena, a match against a live sector) writes one JSON object per line to the bot, the bot
//! answers with one line a turn. [`Message`] and [`Reply`] are these lines, [`serve()`] is the bot's side of it for a
//! [`sector_sim::Strategy`]. `docs/reference/bots-protocol.md` describes it for other languages.

mod message;
mod serve;

pub use message::{Begin, End, Message, PROTOCOL, Reply, Turn};
pub use serve::{MESSAGE_BYTES_MAX, Seat, Served, serve};
