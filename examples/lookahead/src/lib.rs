//! A bot that tries its plans out before it follows them, with the engine itself as the model of what will come.

mod lookahead;
mod model;

pub use lookahead::Lookahead;
pub use model::Model;
