//! What the tests of this and other crates need and no release contains.

mod model;
mod server;

pub use model::{Flaw, ModelStore};
pub use server::RedisServer;
