//! What the tests of this and other crates need and no release contains.

mod cluster;
mod model;
mod server;
mod users;

pub use cluster::RedisCluster;
pub use model::{Flaw, ModelBackup, ModelStore};
pub use server::RedisServer;
