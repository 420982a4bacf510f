//! Helpers for handlers: the call, shared bodies, problems, and audit.

pub(crate) mod audit;
pub(crate) mod bodies;
pub(crate) mod call;
pub(crate) mod prefix;
pub(crate) mod problems;
