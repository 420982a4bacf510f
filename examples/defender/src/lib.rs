//! A bot that guards against threats before it attacks.

mod defender;
mod threat;

pub use defender::Defender;
pub use threat::ThreatMap;
