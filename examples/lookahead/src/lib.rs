//! A bot that simulates its plans with the engine before it follows one.

mod lookahead;
mod model;

pub use lookahead::Lookahead;
pub use model::Model;
