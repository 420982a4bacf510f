//! Checksums of stored payloads: a byte that changed on its way through a disk or a memory is found
//! when the payload is read, at the latest when a worker recovers.
//!
//! A sum is the XXH3 of the payload, 16 hex digits. Where a payload stands alone it is stored
//! *sealed*: `#`, the sum, a space, the payload. What begins otherwise was written by format 1,
//! which had no sums; every payload of ours is JSON, which does not begin with `#`.

use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

use crate::error::{Error, Result};

/// `#`, 16 digits, a space.
const SEAL_BYTES: usize = 18;

/// The sum of a payload.
pub(crate) fn sum(payload: &str) -> String {
    format!("{:016x}", xxh3_64(payload.as_bytes()))
}

/// The sum of several texts, none of which holds the separator but the last.
pub(crate) fn sum_of(parts: &[&str]) -> String {
    let mut hasher = Xxh3Default::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            hasher.update(b"\x1f");
        }
        hasher.update(part.as_bytes());
    }
    format!("{:016x}", hasher.digest())
}

/// The payload with its sum in front.
pub(crate) fn seal(payload: &str) -> String {
    format!("#{:016x} {payload}", xxh3_64(payload.as_bytes()))
}

/// The payload of a sealed text, if it is whole.
pub(crate) fn unseal(what: impl FnOnce() -> String, mut stored: String) -> Result<String> {
    if !stored.starts_with('#') {
        return Ok(stored);
    }
    let parts = stored.split_at_checked(SEAL_BYTES);
    let whole = parts.is_some_and(|(seal, payload)| seal[1..].trim_end() == sum(payload));
    if !whole {
        return Err(damaged(what()));
    }
    stored.drain(..SEAL_BYTES);
    Ok(stored)
}

/// Refuses a payload that is not what was summed.
pub(crate) fn check(what: impl FnOnce() -> String, payload: &str, stored_sum: &str) -> Result<()> {
    if sum(payload) == stored_sum { Ok(()) } else { Err(damaged(what())) }
}

/// The refusal of what is not as it was written.
pub(crate) fn damaged(what: impl Into<String>) -> Error {
    Error::corrupt(what, "its checksum does not fit; nothing was overwritten: restore a backup")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_is_found() {
        let sealed = seal("{\"tick\":7,\"é\":0}");
        assert_eq!(unseal(String::new, sealed.clone()).unwrap(), "{\"tick\":7,\"é\":0}");
        for index in 1..sealed.len() {
            for bit in 0..8 {
                let mut bytes = sealed.clone().into_bytes();
                bytes[index] ^= 1 << bit;
                // What is no text any more is refused before it comes here.
                let Ok(text) = String::from_utf8(bytes) else { continue };
                assert!(unseal(String::new, text).is_err(), "bit {bit} of byte {index}");
            }
        }
    }

    #[test]
    fn what_format_1_wrote_is_taken_as_it_is() {
        for old in ["{}", "", "[1]", "record 7"] {
            assert_eq!(unseal(String::new, old.into()).unwrap(), old);
        }
    }
}
