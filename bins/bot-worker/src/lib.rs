//! Plays every faction that no human has claimed.
