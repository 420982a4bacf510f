//! Integers in base 58: digits and letters without those that look alike (0, O, I, l), so that a
//! double click selects the whole text and copying errors are rare.
//!
//! Kept instead of `bs58` because tokens need a fixed width: a number of N bytes always has the
//! same number of characters, padded with zeros, where base 58 libraries encode each leading zero
//! byte as one digit. Each value has exactly one text.

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// Whether the character is a base 58 digit.
pub(crate) fn is_digit(character: u8) -> bool {
    ALPHABET.contains(&character)
}

/// Encodes a big-endian number with `characters` digits, which must be enough.
pub(crate) fn encode(bytes: &[u8], characters: usize) -> String {
    let mut digits = vec![0u8; characters];
    for &byte in bytes {
        let mut carry = u32::from(byte);
        for digit in digits.iter_mut().rev() {
            carry += u32::from(*digit) << 8;
            // Below 58.
            *digit = (carry % 58) as u8;
            carry /= 58;
        }
        debug_assert_eq!(carry, 0, "{characters} characters are too few for {} bytes", bytes.len());
    }
    digits.iter().map(|&digit| char::from(ALPHABET[usize::from(digit)])).collect()
}

/// Decodes a number; `None` for an invalid character or a number of more than `N` bytes.
pub(crate) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0u8; N];
    for character in text.bytes() {
        let mut carry =
            u32::try_from(ALPHABET.iter().position(|&known| known == character)?).ok()?;
        for byte in bytes.iter_mut().rev() {
            carry += u32::from(*byte) * 58;
            *byte = (carry & 0xff) as u8;
            carry >>= 8;
        }
        if carry != 0 {
            return None;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Vectors of draft-msporny-base58-03, section 5, padded with zeros (the digit 1).
    #[test]
    fn vectors_of_the_draft() {
        for (bytes, text) in [
            (&b"Hello World!"[..], "2NEpo7TZRRrLZSi2U"),
            (
                b"The quick brown fox jumps over the lazy dog.",
                "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z",
            ),
            (&[0x28, 0x7f, 0xb4, 0xcd], "233QC4"),
        ] {
            assert_eq!(encode(bytes, text.len()), text);
            assert_eq!(encode(bytes, text.len() + 2), format!("11{text}"));
        }
        assert_eq!(decode::<12>("2NEpo7TZRRrLZSi2U"), Some(*b"Hello World!"));
        assert_eq!(decode::<6>("11233QC4"), Some([0, 0, 0x28, 0x7f, 0xb4, 0xcd]));
    }

    #[test]
    fn invalid_characters_and_large_numbers_are_rejected() {
        for text in ["0", "O", "I", "l", "-", "_", " ", "é", "1\0"] {
            assert_eq!(decode::<8>(text), None, "{text:?}");
        }
        assert_eq!(decode::<1>("5Q"), Some([255]));
        assert_eq!(decode::<1>("5R"), None);
        assert_eq!(decode::<1>("zzzzzzzz"), None);
    }

    proptest! {
        #[test]
        fn numbers_survive_a_round_trip(bytes: [u8; 20]) {
            let text = encode(&bytes, 28);
            prop_assert_eq!(text.len(), 28);
            prop_assert_eq!(decode::<20>(&text), Some(bytes));
        }
    }
}
