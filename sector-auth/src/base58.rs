//! Whole numbers in base 58: digits and letters without those that look alike (0, O, I, l), so that
//! a double click selects all of it and nobody copies it wrong.
//!
//! The text of so many bytes always has so many characters, and each value exactly one text.

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// Whether the character is a digit of base 58.
pub(crate) fn is_digit(character: u8) -> bool {
    ALPHABET.contains(&character)
}

/// The bytes as a big-endian number in `characters` digits, which must be enough for it.
pub(crate) fn encode(bytes: &[u8], characters: usize) -> String {
    let mut digits = vec![0u8; characters];
    for &byte in bytes {
        let mut carry = u32::from(byte);
        for digit in digits.iter_mut().rev() {
            carry += u32::from(*digit) << 8;
            // Both are below 58 or cut to it.
            *digit = (carry % 58) as u8;
            carry /= 58;
        }
        debug_assert_eq!(carry, 0, "{characters} characters are too few for {} bytes", bytes.len());
    }
    digits.iter().map(|&digit| char::from(ALPHABET[usize::from(digit)])).collect()
}

/// The number that the text spells, or `None` for a foreign character or a number beyond `N` bytes.
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

    /// The vectors of draft-msporny-base58-03, section 5; ours are filled up with zeros, which are ones.
    #[test]
    fn the_vectors_of_the_draft() {
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
    fn foreign_characters_and_numbers_too_big_are_refused() {
        for text in ["0", "O", "I", "l", "-", "_", " ", "é", "1\0"] {
            assert_eq!(decode::<8>(text), None, "{text:?}");
        }
        assert_eq!(decode::<1>("5Q"), Some([255]));
        assert_eq!(decode::<1>("5R"), None);
        assert_eq!(decode::<1>("zzzzzzzz"), None);
    }

    proptest! {
        #[test]
        fn every_number_survives_its_text(bytes: [u8; 20]) {
            let text = encode(&bytes, 28);
            prop_assert_eq!(text.len(), 28);
            prop_assert_eq!(decode::<20>(&text), Some(bytes));
        }
    }
}
