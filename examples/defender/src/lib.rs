//! A bot that looks at what could come before it looks at what could be had.

mod defender;
mod threat;

pub use defender::Defender;
pub use threat::ThreatMap;
