//! Ids of sessions, tokens and keys.

use std::fmt;
use std::str::FromStr;

use crate::AuthError;
use crate::error::shown;
use crate::secret::lower_hex;
use crate::text::serialize_as_text;

/// Id of a session, token or key: 128 random bits.
///
/// Not a secret: may be listed and logged. Printed, parsed and serialized as 32 lower-case
/// hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId([u8; 16]);

impl TokenId {
    /// An id from 16 bytes of a cryptographic random source.
    #[must_use]
    pub const fn from_random_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&hex::encode(self.0))
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "TokenId({})", hex::encode(self.0))
    }
}

impl FromStr for TokenId {
    type Err = AuthError;

    fn from_str(text: &str) -> Result<Self, AuthError> {
        lower_hex(text).map(Self).ok_or_else(|| AuthError::TokenIdMalformed { value: shown(text) })
    }
}

serialize_as_text!(TokenId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_one_spelling() {
        let text = "00112233445566778899aabbccddeeff";
        let id: TokenId = text.parse().unwrap();
        assert_eq!((id.to_string(), id.as_bytes()[15]), (text.to_owned(), 0xff));
        assert_eq!(
            serde_json::from_value::<TokenId>(serde_json::to_value(id).unwrap()).unwrap(),
            id
        );
        for wrong in [
            "",
            "0x",
            &text[2..],
            &text.to_uppercase(),
            &format!("{text}00"),
            &text.replace('f', "g"),
        ] {
            assert_eq!(
                wrong.parse::<TokenId>().unwrap_err().code(),
                "token_id_malformed",
                "{wrong}"
            );
        }
        assert!(serde_json::from_str::<TokenId>("7").is_err());
    }
}
