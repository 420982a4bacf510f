//! The store as a model: plain maps behind one lock, no thread, no disk, no chance.
//!
//! It keeps the promises of every store and passes the same contract suite, but the same calls in
//! the same order always come to the same, so that a simulation can be played again from its seed.
//! Time is a passed-in clock, waiting is tokio's, which a test may pause.
//!
//! A [`Flaw`] breaks one promise on purpose: a checker that does not notice is no checker.

mod backup;
mod commit;
mod flaw;
mod seats;
mod services;
mod state;
mod store;

pub use backup::ModelBackup;
pub use flaw::Flaw;
pub use store::ModelStore;
