//! A bot without code: it plays by rules from a TOML file, read from the top.

mod rulebook;
mod scripted;

pub use rulebook::{
    FleetRule, FleetThen, FleetWhen, Rulebook, RulebookError, SystemRule, SystemThen, SystemWhen,
};
pub use rulebook::{Limit, PerMille, Place, Post, Prefer, Send, Take, Whose};
pub use scripted::Scripted;
