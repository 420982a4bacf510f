//! The frontend on the wire, over a store in memory.

#[cfg(test)]
#[path = "it/files.rs"]
mod files;
#[cfg(test)]
#[path = "it/harness.rs"]
mod harness;
#[cfg(test)]
#[path = "it/preview.rs"]
mod preview;
#[cfg(test)]
#[path = "it/proxy.rs"]
mod proxy;
#[cfg(test)]
#[path = "it/refusals.rs"]
mod refusals;
#[cfg(test)]
#[path = "it/streams.rs"]
mod streams;
#[cfg(test)]
#[path = "it/tail.rs"]
mod tail;
#[cfg(test)]
#[path = "../../../crates/follow/src/testkit.rs"]
mod testkit;
