//! Rate limits and request metrics.

pub(crate) mod meter;
pub(crate) mod quotas;
