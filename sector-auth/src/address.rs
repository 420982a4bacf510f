//! Address of an account on an Ethereum-like chain: the identity of a player.
//!
//! Stored as 20 bytes, so that all spellings of an address are equal; printed with the EIP-55
//! checksum. The order is that of the lower-case hexadecimal spelling.

use std::fmt;
use std::str::FromStr;

use sha3::{Digest, Keccak256};

use crate::AuthError;
use crate::error::shown;
use crate::text::serialize_as_text;

/// A 20-byte account address.
///
/// Parses lower case, upper case (after `0x`) and checksummed spellings; mixed case with a wrong
/// checksum is an error of its own. Serialized with its checksum.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address([u8; 20]);

impl Address {
    /// The zero address. It has no known key, so no wallet can log in with it: tokens use it for
    /// the local operator, who logs in with a one-time code.
    pub const ZERO: Self = Self([0; 20]);

    /// An address from its bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// The 20 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// `0x` and 40 lower-case hexadecimal digits, for use as a key in a store.
    #[must_use]
    pub fn to_lower_hex(&self) -> String {
        format!("0x{}", hex::encode(self.0))
    }

    /// Spelling with the EIP-55 checksum.
    #[must_use]
    pub fn to_checksum(&self) -> String {
        let lower = hex::encode(self.0);
        let digest = Keccak256::digest(lower.as_bytes());
        let mut text = String::with_capacity(42);
        text.push_str("0x");
        for (index, digit) in lower.chars().enumerate() {
            let byte = digest[index / 2];
            let nibble = if index % 2 == 0 { byte >> 4 } else { byte & 0x0f };
            text.push(if nibble >= 8 { digit.to_ascii_uppercase() } else { digit });
        }
        text
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.to_checksum())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Address({})", self.to_checksum())
    }
}

impl FromStr for Address {
    type Err = AuthError;

    fn from_str(text: &str) -> Result<Self, AuthError> {
        let malformed = || AuthError::AddressMalformed { value: shown(text) };
        let digits = text.strip_prefix("0x").ok_or_else(malformed)?;
        let mut bytes = [0; 20];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| malformed())?;
        let address = Self(bytes);
        let has_lower = digits.bytes().any(|byte| byte.is_ascii_lowercase());
        let has_upper = digits.bytes().any(|byte| byte.is_ascii_uppercase());
        if has_lower && has_upper && address.to_checksum() != text {
            return Err(AuthError::AddressChecksum { value: shown(text), expected: address });
        }
        Ok(address)
    }
}

serialize_as_text!(Address);

#[cfg(test)]
mod tests {
    use super::*;

    // Examples of EIP-55.
    const CHECKSUMMED: [&str; 8] = [
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x27b1fdb04752bbc536007a920d24acb045561c26",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ];

    #[test]
    fn eip_55_examples_in_every_accepted_spelling() {
        for text in CHECKSUMMED {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
            assert_eq!(text.to_lowercase().parse::<Address>().unwrap(), address);
            let upper = format!("0x{}", text[2..].to_uppercase());
            assert_eq!(upper.parse::<Address>().unwrap(), address);
            assert_eq!(address.to_lower_hex(), text.to_lowercase());
        }
    }

    #[test]
    fn a_wrong_checksum_has_its_own_error() {
        let error = "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed".parse::<Address>().unwrap_err();
        assert_eq!(error.code(), "address_checksum");
        assert!(
            error.to_string().contains("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
            "{error}"
        );
    }

    #[test]
    fn invalid_addresses_are_rejected() {
        let long = "0x".to_owned() + &"a".repeat(41);
        let short = "0x".to_owned() + &"a".repeat(39);
        let bare = "a".repeat(40);
        let capital_x = "0X".to_owned() + &"a".repeat(40);
        let letter = "0x".to_owned() + &"g".repeat(40);
        let wide = "0x".to_owned() + &"é".repeat(20);
        for text in ["", "0x", &long, &short, &bare, &capital_x, &letter, &wide, " 0x"] {
            assert_eq!(
                text.parse::<Address>().unwrap_err().code(),
                "address_malformed",
                "{text:?}"
            );
        }
    }

    #[test]
    fn json_is_the_checksummed_string() {
        let address: Address = CHECKSUMMED[4].to_lowercase().parse().unwrap();
        let json = serde_json::to_string(&address).unwrap();
        assert_eq!(json, format!("{:?}", CHECKSUMMED[4]));
        assert_eq!(serde_json::from_str::<Address>(&json).unwrap(), address);
        assert!(serde_json::from_str::<Address>("7").is_err());
    }

    #[test]
    fn addresses_are_ordered_by_their_lower_case_spelling() {
        let mut addresses: Vec<Address> =
            CHECKSUMMED.iter().map(|text| text.parse().unwrap()).collect();
        addresses.sort();
        assert!(addresses.windows(2).all(|pair| pair[0].to_lower_hex() < pair[1].to_lower_hex()));
    }
}
