//! SHA-256 values of replays.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Digest as _;

/// A SHA-256 value; 64 hexadecimal digits in text.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256(pub [u8; 32]);

impl Sha256 {
    /// Hash of the concatenated parts.
    #[must_use]
    pub fn of(parts: &[&[u8]]) -> Sha256 {
        let mut hasher = sha2::Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        Sha256(hasher.finalize().into())
    }

    /// Next link of a hash chain: the hash of this value followed by the payload.
    #[must_use]
    pub fn link(self, payload: &[u8]) -> Sha256 {
        // Ticks are short and frequent, so they are padded in place instead of copied through the
        // buffer of a hasher.
        let length = self.0.len() + payload.len();
        let mut blocks = [[0; 64]; SHORT_BLOCKS];
        let used = (length + PADDING).div_ceil(64);
        let Some(message) = blocks.get_mut(..used) else { return Sha256::of(&[&self.0, payload]) };
        let bytes = message.as_flattened_mut();
        let (begin, rest) = bytes.split_at_mut(self.0.len());
        begin.copy_from_slice(&self.0);
        let (middle, rest) = rest.split_at_mut(payload.len());
        middle.copy_from_slice(payload);
        if let Some(first) = rest.first_mut() {
            *first = 0x80;
        }
        if let Some(last) = rest.last_chunk_mut::<8>() {
            *last = (8 * length as u64).to_be_bytes();
        }
        let mut state = INITIAL;
        sha2::block_api::compress256(&mut state, message);
        let mut hash = [0; 32];
        for (bytes, word) in hash.as_chunks_mut::<4>().0.iter_mut().zip(state) {
            *bytes = word.to_be_bytes();
        }
        Sha256(hash)
    }
}

/// Maximum number of 64-byte blocks that are hashed in place.
const SHORT_BLOCKS: usize = 4;
/// Minimum SHA-256 padding: a one bit and the 64-bit length.
const PADDING: usize = 9;
/// Initial state of SHA-256 (FIPS 180-4, 5.3.3).
const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

impl fmt::Display for Sha256 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Not a SHA-256 value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a SHA-256 value must be 64 hexadecimal digits, 0 to 9 and a to f")]
pub struct BadSha256;

impl FromStr for Sha256 {
    type Err = BadSha256;

    fn from_str(text: &str) -> Result<Sha256, BadSha256> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(BadSha256),
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != 32 || !rest.is_empty() {
            return Err(BadSha256);
        }
        let mut value = [0; 32];
        for (byte, [high, low]) in value.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Ok(Sha256(value))
    }
}

impl Serialize for Sha256 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sha256 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<str>::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_plain_hashes_at_every_length() {
        let (payload, before) = ([0xa5; 400], Sha256::of(&[b"x"]));
        for length in 0..payload.len() {
            assert_eq!(
                before.link(&payload[..length]),
                Sha256::of(&[&before.0, &payload[..length]]),
                "{length}"
            );
        }
    }

    #[test]
    fn values_print_and_parse_back() {
        let hash = Sha256::of(&[b"ab", b"c"]);
        assert_eq!(
            hash.to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(hash.to_string().parse(), Ok(hash));
        for bad in ["", "ba78", &"g".repeat(64), &"A".repeat(64), &"0".repeat(65)] {
            assert_eq!(bad.parse::<Sha256>(), Err(BadSha256));
        }
    }
}
