//! A bot that scores every move by gain, cost and time.

mod bid;
mod greedy;

pub use bid::Bid;
pub use greedy::Greedy;
