//! Callers: sessions, bot keys, bot tokens, operators, and the access of each.

pub(crate) mod access;
pub(crate) mod bot_keys;
pub(crate) mod bot_tokens;
pub mod caller;
pub(crate) mod names;
pub(crate) mod sessions;
pub mod tickets;
