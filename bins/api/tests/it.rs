//! The API over the wire, with the store in memory.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a broken promise ends the test"
)]

#[path = "it/admin.rs"]
mod admin;
#[path = "it/batches.rs"]
mod batches;
#[path = "it/checks.rs"]
mod checks;
#[path = "it/claims.rs"]
mod claims;
#[path = "it/conformance.rs"]
mod conformance;
#[path = "it/document.rs"]
mod document;
#[path = "it/examples.rs"]
mod examples;
#[path = "it/fast.rs"]
mod fast;
#[path = "it/harness.rs"]
mod harness;
#[path = "it/hostile.rs"]
mod hostile;
#[path = "it/limits.rs"]
mod limits;
#[path = "it/login.rs"]
mod login;
#[path = "it/orders.rs"]
mod orders;
#[path = "it/places.rs"]
mod places;
#[path = "it/process.rs"]
mod process;
#[path = "it/receipts.rs"]
mod receipts;
#[path = "it/refusals.rs"]
mod refusals;
#[path = "it/reply.rs"]
mod reply;
#[path = "it/roles.rs"]
mod roles;
#[path = "it/runs.rs"]
mod runs;
#[path = "it/schema.rs"]
mod schema;
#[path = "it/schemathesis.rs"]
mod schemathesis;
#[path = "it/sector.rs"]
mod sector;
#[path = "it/sectors.rs"]
mod sectors;
#[path = "it/sessions.rs"]
mod sessions;
#[path = "it/socket.rs"]
mod socket;
#[path = "it/status.rs"]
mod status;
#[path = "it/stream.rs"]
mod stream;
