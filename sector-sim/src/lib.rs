//! The rules of a sector as a pure, deterministic simulation.
