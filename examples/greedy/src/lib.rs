//! A bot that counts: what a system would bring, what it would cost, and how long it would take.

mod bid;
mod greedy;

pub use bid::Bid;
pub use greedy::Greedy;
