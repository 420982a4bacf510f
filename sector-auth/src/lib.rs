//! Authentication: login messages, wallet signatures, tokens and roles.
//!
//! Every function is pure: no clock, no randomness, no I/O. Callers pass in the time and random
//! bytes. Everything that must be checked is a required argument.
//!
//! A complete login:
//!
//! ```
//! use sector_auth::{
//!     Expected, Grant, Key, LoginFields, LoginMessage, Role, Timestamp, TokenId, TokenKey, TokenKeys, verify,
//! };
//!
//! # fn main() -> Result<(), sector_auth::AuthError> {
//! let now = Timestamp::from_unix_seconds(1_795_334_400);
//! // The wallet's key.
//! let key = Key::from_random_bytes([7; 32])?;
//!
//! // The server writes the message with a new nonce, and stores the nonce.
//! let message = LoginMessage::new(LoginFields {
//!     statement: Some("Sign in to Sector.".to_owned()),
//!     expiration_time: Some(now.plus_seconds(300)),
//!     ..LoginFields::new("localhost:9000", key.address(), "http://localhost:9000", 1, "a1b2c3d4e5f6", now)
//! })?;
//! let text = message.to_string();
//!
//! // The wallet signs the text unchanged (`personal_sign`).
//! let signature = key.sign_message(&text);
//!
//! // The server checks format, domain, URI, nonce, chain, address, times and signature.
//! let expected = Expected {
//!     domain: "localhost:9000",
//!     uri: "http://localhost:9000",
//!     nonce: "a1b2c3d4e5f6",
//!     chain_id: 1,
//!     address: key.address(),
//!     age_seconds_max: 300,
//! };
//! verify(&text, &signature, &expected, now)?;
//!
//! // From now on, a token identifies the player.
//! let tokens = TokenKeys::new("sector", "sector-api", TokenKey::new(&[9; 32])?, Vec::new())?;
//! let grant = Grant {
//!     subject: key.address(),
//!     role: Role::Player,
//!     session_id: TokenId::from_random_bytes([1; 16]),
//!     token_id: TokenId::from_random_bytes([2; 16]),
//!     ttl_seconds: 900,
//! };
//! let token = tokens.issue(&grant, now)?;
//! assert_eq!(tokens.verify(&token, now)?.sub, key.address());
//! # Ok(())
//! # }
//! ```

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub mod address;
mod base58;
pub mod derived;
pub mod error;
pub mod key;
pub mod message;
pub mod opaque;
pub mod roles;
pub mod scopes;
pub mod secret;
mod text;
pub mod timestamp;
pub mod token;
pub mod token_id;
pub mod verify;

pub use address::Address;
pub use derived::{DerivedKeys, Purpose};
pub use error::AuthError;
pub use key::Key;
pub use message::{LoginFields, LoginMessage};
pub use opaque::{OpaqueKind, OpaqueToken};
pub use roles::Role;
pub use scopes::{Scopes, Verb};
pub use secret::{Secret, SecretHash, SharedToken, SharedTokens};
pub use timestamp::Timestamp;
pub use token::{Claims, Grant, TokenKey, TokenKeys};
pub use token_id::TokenId;
pub use verify::{Expected, recover, verify};
