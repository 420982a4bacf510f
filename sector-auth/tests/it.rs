//! The promises of the crate, checked from outside.

#[cfg(test)]
#[path = "it/logins.rs"]
mod logins;
#[cfg(test)]
#[path = "it/signatures.rs"]
mod signatures;
#[cfg(test)]
#[path = "it/tokens.rs"]
mod tokens;
