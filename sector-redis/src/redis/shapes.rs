//! Numbers for a script, as MessagePack, which it reads at once.

/// The largest number that a script counts exactly; what is larger counts as that.
const LARGEST: u64 = 1 << 53;

/// An array of these numbers.
pub(super) fn packed(numbers: impl ExactSizeIterator<Item = u64>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(5 + numbers.len());
    bytes.push(0xdd);
    bytes.extend_from_slice(&u32::try_from(numbers.len()).unwrap_or(u32::MAX).to_be_bytes());
    for number in numbers {
        match number.min(LARGEST) {
            small @ 0..=0x7f => bytes.extend_from_slice(&small.to_be_bytes()[7..]),
            large => {
                bytes.push(0xcf);
                bytes.extend_from_slice(&large.to_be_bytes());
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_packed_as_the_format_says() {
        assert_eq!(packed([].into_iter()), [0xdd, 0, 0, 0, 0]);
        assert_eq!(
            packed([0, 127, 128, u64::MAX].into_iter()),
            [
                [0xdd, 0, 0, 0, 4].as_slice(),
                &[0, 0x7f],
                &[0xcf, 0, 0, 0, 0, 0, 0, 0, 0x80],
                &[0xcf, 0, 0x20, 0, 0, 0, 0, 0, 0],
            ]
            .concat()
        );
    }
}
