//! The frontend on the wire, over a store in memory.

#[path = "it/files.rs"]
mod files;
#[path = "it/harness.rs"]
mod harness;
#[path = "it/preview.rs"]
mod preview;
#[path = "it/proxy.rs"]
mod proxy;
#[path = "it/refusals.rs"]
mod refusals;
#[path = "it/streams.rs"]
mod streams;
#[path = "it/tail.rs"]
mod tail;
