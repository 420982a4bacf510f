//! Support for the tests of all crates: private Redis servers, the model of the store, polling.

mod awards;
mod cluster;
mod eventually;
mod model;
mod server;
mod users;

pub use awards::awards;
pub use cluster::RedisCluster;
pub use eventually::{eventually, eventually_blocking};
pub use model::{Flaw, ModelBackup, ModelStore};
pub use server::RedisServer;
