//! The state of a sector: event and order streams, checkpoints, leases and claims, on Redis or embedded.
