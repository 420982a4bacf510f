//! A bot that plays by rules from a TOML file.

mod rulebook;
mod scripted;

pub use rulebook::{
    FleetRule, FleetThen, FleetWhen, Rulebook, RulebookError, SystemRule, SystemThen, SystemWhen,
};
pub use rulebook::{Limit, OutOfRange, PerMille, Place, Post, Prefer, Send, Take, Whose};
pub use scripted::Scripted;
