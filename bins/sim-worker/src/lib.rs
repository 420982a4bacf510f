//! Runs the sector: leases it, consumes orders, ticks, publishes.
