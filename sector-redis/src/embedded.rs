//! The store inside the process: redb tables in memory or in a data directory.
//!
//! Both run the same code; only the pages' home differs. All writes go through one thread
//! (`writer`) and are flushed before they are answered; reads are snapshots that never wait for
//! a write. Readers that wait for a stream are woken by the writer after the flush.

mod archive;
mod commit;
mod control;
mod database;
mod directory;
mod lease;
mod nonces;
mod orders;
mod outcomes;
mod reads;
mod seats;
mod shelves;
mod store;
mod tables;
mod writer;

pub(crate) use archive::exists;
pub use store::EmbeddedStore;
