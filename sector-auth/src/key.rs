//! A private key that signs login messages, for clients, tools and tests.

use std::fmt;

use k256::ecdsa::{SigningKey, VerifyingKey};
use sha3::{Digest, Keccak256};

use crate::{Address, AuthError};

/// A secp256k1 private key. `Debug` shows only the address; the key is erased on drop.
#[derive(Clone)]
pub struct Key {
    signing: SigningKey,
    address: Address,
}

impl Key {
    /// A key from 32 bytes of a cryptographic random source.
    ///
    /// # Errors
    /// [`AuthError::KeyMalformed`] for zero and for numbers not below the order of the curve. For
    /// random bytes the chance is about 1 in 2¹²⁸.
    pub fn from_random_bytes(bytes: [u8; 32]) -> Result<Self, AuthError> {
        let signing = SigningKey::from_slice(&bytes).map_err(|_| AuthError::KeyMalformed)?;
        let address = address_of(signing.verifying_key());
        Ok(Self { signing, address })
    }

    /// A key from 64 hexadecimal digits, with or without `0x`.
    ///
    /// # Errors
    /// [`AuthError::KeyMalformed`]; the error does not contain the text.
    pub fn from_hex(text: &str) -> Result<Self, AuthError> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), &mut bytes)
            .map_err(|_| AuthError::KeyMalformed)?;
        Self::from_random_bytes(bytes)
    }

    /// The secret key as `0x` and 64 digits, for storing it.
    #[must_use]
    pub fn expose_hex(&self) -> String {
        format!("0x{}", hex::encode(self.signing.to_bytes()))
    }

    /// Address of the key.
    #[must_use]
    pub fn address(&self) -> Address {
        self.address
    }

    /// Signs `text` like `personal_sign` of a wallet (EIP-191), deterministically (RFC 6979).
    ///
    /// Returns `0x` and 130 digits: r, s (lower half) and v (27 or 28).
    #[must_use]
    pub fn sign_message(&self, text: &str) -> String {
        let (signature, recovery) = self.signing.sign_prehash_recoverable(&personal_digest(text));
        let v = if recovery.is_y_odd() { 28 } else { 27 };
        format!("0x{}{}", hex::encode(signature.to_bytes()), hex::encode([v]))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Key(of {}, redacted)", self.address)
    }
}

/// The digest that `personal_sign` signs: Keccak-256 over the EIP-191 prefix, the length in bytes
/// and the text.
pub(crate) fn personal_digest(text: &str) -> [u8; 32] {
    let mut hasher = Keccak256::new();
    hasher.update(b"\x19Ethereum Signed Message:\n");
    hasher.update(text.len().to_string().as_bytes());
    hasher.update(text.as_bytes());
    hasher.finalize().into()
}

/// The last 20 bytes of the Keccak-256 digest of the public point.
pub(crate) fn address_of(key: &VerifyingKey) -> Address {
    let point = key.to_sec1_point(false);
    // The first byte marks an uncompressed point.
    let digest = Keccak256::digest(&point.as_bytes()[1..]);
    let mut bytes = [0; 20];
    bytes.copy_from_slice(&digest[12..]);
    Address::new(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_address_but_not_the_key() {
        let key = Key::from_random_bytes([1; 32]).unwrap();
        let shown = format!("{key:?}");
        assert!(shown.contains(&key.address().to_string()));
        assert!(!shown.contains(&"01".repeat(4)), "{shown}");
    }

    #[test]
    fn hex_round_trip_with_and_without_prefix() {
        let key = Key::from_random_bytes([0xab; 32]).unwrap();
        let text = key.expose_hex();
        assert_eq!(Key::from_hex(&text).unwrap().address(), key.address());
        assert_eq!(Key::from_hex(&text[2..].to_uppercase()).unwrap().address(), key.address());
    }

    #[test]
    fn invalid_keys_are_rejected() {
        let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
        for text in [
            "",
            "0x",
            "12",
            &"0".repeat(64),
            order,
            &"f".repeat(64),
            &"1".repeat(63),
            &"z".repeat(64),
        ] {
            let error = Key::from_hex(text).unwrap_err();
            assert_eq!(error, AuthError::KeyMalformed, "{text}");
        }
    }
}
