//! What the tests of this and other crates need and no release contains.

mod server;

pub use server::RedisServer;
