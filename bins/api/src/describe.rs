//! The OpenAPI document and the reference page.

pub(crate) mod answers;
pub mod document;
pub(crate) mod examples;
pub(crate) mod reference;
