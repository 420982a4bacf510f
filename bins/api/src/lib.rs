//! The HTTP API of a sector.
