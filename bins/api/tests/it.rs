//! The API over the wire, with the store in memory.

#[path = "it/document.rs"]
mod document;
