//! Rate limits: named token buckets, and their state in every response.
//!
//! A [`Quota`] allows `burst` units at once, refilled evenly over `window_s`. Its [`Scope`] says
//! what is counted together: an IP (IPv6 by /64), a player's address, or a key. A [`Gate`] holds
//! the quotas of all request classes. Home-made because the response headers, several quotas per
//! request taken together, and reloading need it.
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
//! State is per process and in bounded memory, see [`Quotas`]. Several processes behind one address
//! count separately.

mod bucket;
mod gate;
mod headers;

pub use bucket::{BURST_MAX, Decision, KEYS_MAX, Quotas, WINDOW_S_MAX};
pub use gate::{Gate, Key, Quota, Scope};
pub use headers::{RATE_LIMIT, RATE_LIMIT_POLICY, Standing};
