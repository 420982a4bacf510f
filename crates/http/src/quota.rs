//! How much of the service one client may use: named token buckets, and what is said about them on
//! every answer.
//!
//! A [`Quota`] allows `burst` units at once and as many again over `window_s`, evenly. What is
//! counted together is its [`Scope`]: an IP (IPv6 by its /64, which is what one customer gets), a
//! player's address, or a key. A [`Gate`] holds the quotas of all classes of requests:
//!
//! ```
//! use http_kit::quota::{Gate, Key, Quota, Scope};
//!
//! #[derive(Debug, Clone, Copy, PartialEq, Eq)]
//! enum Class {
//!     Read,
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! const READS: Quota = Quota { name: "reads", scope: Scope::Ip, burst: 600, window_s: 60 };
//! let gate = Gate::new(&[(Class::Read, &[READS])])?;
//! let client = Key::Ip([192, 0, 2, 7].into());
//! let standing = gate.take(Class::Read, &[client], 1).map_err(|problem| problem.to_string())?;
//! let mut headers = http::HeaderMap::new();
//! standing.write(&mut headers);
//! assert_eq!(headers["ratelimit-policy"], "\"reads\";q=600;w=60");
//! assert_eq!(headers["ratelimit"], "\"reads\";r=599;t=1");
//! # Ok(())
//! # }
//! ```
//!
//! Everything is in this process and in bounded memory, see [`Quotas`]. Several processes behind one
//! address each count for themselves.

mod bucket;
mod gate;
mod headers;

pub use bucket::{BURST_MAX, Decision, KEYS_MAX, Quotas, WINDOW_S_MAX};
pub use gate::{Gate, Key, Quota, Scope};
pub use headers::{RATE_LIMIT, RATE_LIMIT_POLICY, Standing};
