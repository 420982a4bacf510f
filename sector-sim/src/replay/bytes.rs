//! Encoding of numbers and texts.
//!
//! Numbers are LEB128: seven bits per byte, least significant first, the top bit set on all bytes
//! but the last. Only the shortest form is valid. Signed numbers are zigzag-encoded first.

use crate::digest::Digest;
use crate::replay::error::Fault;
use crate::replay::hash::Sha256;

/// Maximum length of a number, in bytes.
pub(crate) const NUMBER_BYTES: usize = 10;

pub(crate) fn put_number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(crate) fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_number(out, (value << 1 ^ value >> 63) as u64);
}

pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Reads values from the front of a byte slice.
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Cursor<'a> {
        Cursor { rest: bytes }
    }

    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    pub(crate) fn byte(&mut self, what: &'static str) -> Result<u8, Fault> {
        let (&byte, rest) = self.rest.split_first().ok_or(Fault::Truncated(what))?;
        self.rest = rest;
        Ok(byte)
    }

    pub(crate) fn number(&mut self, what: &'static str) -> Result<u64, Fault> {
        match number(self.rest) {
            Number::Whole { value, bytes } => {
                self.rest = self.rest.get(bytes..).unwrap_or_default();
                Ok(value)
            }
            Number::Cut => Err(Fault::Truncated(what)),
            Number::Bad => Err(Fault::Number(what)),
        }
    }

    pub(crate) fn number_u32(&mut self, what: &'static str) -> Result<u32, Fault> {
        let value = self.number(what)?;
        u32::try_from(value).map_err(|_| Fault::range(what, value, 0, u32::MAX.into()))
    }

    pub(crate) fn signed(&mut self, what: &'static str) -> Result<i64, Fault> {
        let folded = self.number(what)?;
        Ok((folded >> 1) as i64 ^ -((folded & 1) as i64))
    }

    pub(crate) fn text(&mut self, what: &'static str, most: usize) -> Result<&'a str, Fault> {
        let length = self.number(what)?;
        if length > most as u64 {
            return Err(Fault::TooLong { what, length, most: most as u64 });
        }
        let (text, rest) =
            self.rest.split_at_checked(length as usize).ok_or(Fault::Truncated(what))?;
        self.rest = rest;
        std::str::from_utf8(text).map_err(|source| Fault::Utf8 { what, source })
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Fault> {
        let (array, rest) = self.rest.split_first_chunk::<N>().ok_or(Fault::Truncated(what))?;
        self.rest = rest;
        Ok(*array)
    }

    pub(crate) fn digest(&mut self, what: &'static str) -> Result<Digest, Fault> {
        Ok(Digest(u64::from_le_bytes(self.array(what)?)))
    }

    pub(crate) fn hash(&mut self, what: &'static str) -> Result<Sha256, Fault> {
        Ok(Sha256(self.array(what)?))
    }

    /// Checks that no bytes are left.
    pub(crate) fn end(&self) -> Result<(), Fault> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(Fault::Trailing(left)),
        }
    }
}

/// The number at the front of a byte slice.
pub(crate) enum Number {
    Whole { value: u64, bytes: usize },
    Cut,
    Bad,
}

pub(crate) fn number(bytes: &[u8]) -> Number {
    let mut value = 0;
    for (index, &byte) in bytes.iter().take(NUMBER_BYTES).enumerate() {
        // The tenth byte only has room for the top bit.
        if index + 1 == NUMBER_BYTES && byte > 1 {
            return Number::Bad;
        }
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            let shortest = byte != 0 || index == 0;
            return if shortest { Number::Whole { value, bytes: index + 1 } } else { Number::Bad };
        }
    }
    Number::Cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_survive_a_round_trip(value: u64, signed: i64, text in ".{0,40}") {
            let mut bytes = Vec::new();
            put_number(&mut bytes, value);
            put_signed(&mut bytes, signed);
            put_text(&mut bytes, &text);
            let mut cursor = Cursor::new(&bytes);
            prop_assert_eq!(cursor.number("a"), Ok(value));
            prop_assert_eq!(cursor.signed("b"), Ok(signed));
            prop_assert_eq!(cursor.text("c", 160), Ok(text.as_str()));
            prop_assert_eq!(cursor.end(), Ok(()));
        }
    }

    #[test]
    fn numbers_have_one_form() {
        for bad in [
            &[0x80, 0x00][..],
            &[0xff; 10],
            &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02],
        ] {
            assert!(matches!(number(bad), Number::Bad), "{bad:?}");
        }
        assert!(matches!(number(&[0x80]), Number::Cut));
        let most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert!(matches!(number(&most), Number::Whole { value: u64::MAX, bytes: 10 }));
    }
}
