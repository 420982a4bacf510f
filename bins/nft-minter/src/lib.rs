//! Keeps the awards of finished runs.
