//! Request ids: the client's own if valid, otherwise a new one.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::context::REQUEST_ID_HEADER;

/// Header of the request id, in requests and responses.
pub(crate) const NAME: HeaderName = HeaderName::from_static(REQUEST_ID_HEADER);

/// Longest request id accepted from a client, in characters.
const CHARACTERS_MAX: usize = 64;

/// Digits of a generated id.
const DIGITS: usize = 16;

/// The id of a request; also sets its header. None only if the system has no randomness.
pub(crate) fn settle(headers: &mut HeaderMap) -> Option<HeaderValue> {
    if let Some(id) = headers.get(&NAME).filter(|id| is_fit(id.as_bytes())) {
        return Some(id.clone());
    }
    match new() {
        Some(id) => {
            headers.insert(NAME, id.clone());
            Some(id)
        }
        None => {
            headers.remove(NAME);
            None
        }
    }
}

/// Short, and safe in a log.
fn is_fit(id: &[u8]) -> bool {
    (1..=CHARACTERS_MAX).contains(&id.len())
        && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(byte))
}

/// A generated id: 16 hex digits, unique in this process and probably among others. Not secret:
/// only the start of the sequence is random, so requests don't need system randomness.
pub(crate) fn new() -> Option<HeaderValue> {
    let (number, mut digits) = (next()?, [0; DIGITS]);
    for (place, digit) in digits.iter_mut().rev().enumerate() {
        // Four bits are below sixteen.
        *digit = b"0123456789abcdef"[(number >> (4 * place) & 0xf) as usize];
    }
    HeaderValue::from_bytes(&digits).ok()
}

/// A bijection, started at a random number: the finalizer of SplitMix64.
fn next() -> Option<u64> {
    static BEGIN: OnceLock<Option<u64>> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let begin = (*BEGIN.get_or_init(|| getrandom::u64().ok()))?;
    let mut number = begin
        .wrapping_add(COUNT.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    Some(number ^ (number >> 31))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_valid_id_is_kept_and_others_are_replaced() {
        for (sent, is_kept) in
            [("a-1.b:c_d", true), ("", false), ("a b", false), ("\"", false), ("é", false)]
        {
            let mut headers = HeaderMap::new();
            headers.insert(NAME, HeaderValue::from_bytes(sent.as_bytes()).unwrap());
            let id = settle(&mut headers).unwrap();
            assert_eq!(id == sent, is_kept, "{sent}");
            assert_eq!(headers.get(NAME), Some(&id));
        }
        for (length, is_kept) in [(64, true), (65, false)] {
            assert_eq!(is_fit("a".repeat(length).as_bytes()), is_kept);
        }
    }

    #[test]
    fn generated_ids_have_sixteen_digits_and_differ() {
        let ids: std::collections::HashSet<HeaderValue> =
            (0..1_000).map(|_| new().unwrap()).collect();
        assert_eq!(ids.len(), 1_000);
        assert!(
            ids.iter()
                .all(|id| id.len() == DIGITS && id.as_bytes().iter().all(u8::is_ascii_hexdigit))
        );
    }
}
