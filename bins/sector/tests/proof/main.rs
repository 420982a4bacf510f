//! The whole sector as processes of its own, on a real Redis: chaos and soak. See
//! `docs/explanation/proof.md`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod books;
mod chaos;
mod load;
mod rolling;
mod services;
mod soak;
