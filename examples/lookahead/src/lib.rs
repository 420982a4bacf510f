//! A bot that tries its orders out before it gives them, with the engine itself as the model of what will come.

mod lookahead;
mod model;

pub use lookahead::Lookahead;
pub use model::Model;
