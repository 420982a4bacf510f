//! Ids of universes, factions and players, and digests: one type each, so that the compiler tells
//! them apart.
//!
//! Each is opaque text to the store and is stored as that text. Text from outside becomes an id
//! through [`str::parse`], which allows 1 to 256 bytes without control characters; `From` is for
//! text that is already known to be an id. Writes check their ids.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;
use std::sync::Arc;

use redis::{RedisWrite, ToRedisArgs, ToSingleRedisArg};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Maximum length of a client id, universe id, player or source, in bytes.
pub const MAX_NAME_BYTES: usize = 256;

/// Refuses empty and overlong names, and control characters, which separate names in stored keys.
pub fn check_name(what: &'static str, name: &str) -> Result<()> {
    let allowed = "1 to 256 bytes without control characters";
    if name.is_empty() || name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control) {
        return Err(Error::invalid(what, format!("{name:?}"), allowed));
    }
    Ok(())
}

macro_rules! ids {
    ($($(#[$doc:meta])* $id:ident, $what:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $id(Arc<str>);

        impl $id {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }

        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self)
            }
        }

        impl FromStr for $id {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                check_name($what, text)?;
                Ok(text.into())
            }
        }

        impl Deref for $id {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $id {
            fn as_ref(&self) -> &str {
                self
            }
        }

        impl Borrow<str> for $id {
            fn borrow(&self) -> &str {
                self
            }
        }

        impl From<&str> for $id {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $id {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl From<$id> for String {
            fn from(id: $id) -> Self {
                id.to_string()
            }
        }

        impl ToRedisArgs for $id {
            fn write_redis_args<W: RedisWrite + ?Sized>(&self, out: &mut W) {
                self.as_str().write_redis_args(out);
            }
        }

        impl ToSingleRedisArg for $id {}

        impl PartialEq<str> for $id {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl PartialEq<&str> for $id {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }

        impl PartialEq<String> for $id {
            fn eq(&self, other: &String) -> bool {
                self.as_str() == other
            }
        }
    )+};
}

ids! {
    /// Id of a universe.
    ///
    /// ```
    /// use sector_redis::UniverseId;
    /// let id: UniverseId = "u-19ab2c3d4e5-0badf00d".parse()?;
    /// assert_eq!(id, "u-19ab2c3d4e5-0badf00d");
    /// assert!("".parse::<UniverseId>().is_err());
    /// # Ok::<_, sector_redis::Error>(())
    /// ```
    UniverseId, "universe";
}
