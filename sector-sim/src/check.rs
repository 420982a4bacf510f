//! Whether a run is exact, and where it is not.

mod differences;

pub use differences::{Difference, delta_differences, snapshot_differences};
