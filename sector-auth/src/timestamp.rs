//! An instant, as Unix milliseconds and as RFC 3339 text.
//!
//! Callers pass instants in; this crate reads no clock. The range is 1970 to the end of 9999, so
//! that every value has a text form.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, UNIX_EPOCH};

use crate::AuthError;
use crate::error::shown;

/// 9999-12-31T23:59:59.999Z.
const LAST_UNIX_MS: u64 = 253_402_300_799_999;

/// An instant in UTC, with millisecond precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    unix_ms: u64,
}

impl Timestamp {
    /// The instant `unix_ms` milliseconds after the Unix epoch, limited to the end of 9999.
    #[must_use]
    pub const fn from_unix_ms(unix_ms: u64) -> Self {
        Self { unix_ms: if unix_ms > LAST_UNIX_MS { LAST_UNIX_MS } else { unix_ms } }
    }

    /// The instant `unix_seconds` seconds after the Unix epoch, limited to the end of 9999.
    #[must_use]
    pub const fn from_unix_seconds(unix_seconds: u64) -> Self {
        Self::from_unix_ms(unix_seconds.saturating_mul(1_000))
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn unix_ms(self) -> u64 {
        self.unix_ms
    }

    /// Whole seconds since the Unix epoch.
    #[must_use]
    pub const fn unix_seconds(self) -> u64 {
        self.unix_ms / 1_000
    }

    /// The instant `seconds` later, limited to the end of 9999.
    #[must_use]
    pub const fn plus_seconds(self, seconds: u64) -> Self {
        Self::from_unix_ms(self.unix_ms.saturating_add(seconds.saturating_mul(1_000)))
    }
}

/// UTC with a `Z`; milliseconds only if they are not zero.
impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = UNIX_EPOCH + Duration::from_millis(self.unix_ms);
        match self.unix_ms % 1_000 {
            0 => humantime::format_rfc3339_seconds(time).fmt(formatter),
            _ => humantime::format_rfc3339_millis(time).fmt(formatter),
        }
    }
}

/// RFC 3339 with `T` and `Z` in upper case, an offset instead of `Z`, and up to nine decimals,
/// truncated to milliseconds. Leap seconds are refused.
impl FromStr for Timestamp {
    type Err = AuthError;

    fn from_str(text: &str) -> Result<Self, AuthError> {
        parse(text).ok_or_else(|| AuthError::TimeMalformed { value: shown(text) })
    }
}

/// `humantime` reads UTC only, and more leniently than RFC 3339.
fn parse(text: &str) -> Option<Timestamp> {
    let (local, offset_ms) = match text.strip_suffix('Z') {
        Some(local) => (local, 0),
        None => {
            let (local, offset) = text.split_at_checked(text.len().checked_sub(6)?)?;
            (local, offset_ms(offset)?)
        }
    };
    let (whole, fraction) = local.split_at_checked(19)?;
    let fraction_is_valid = match fraction.strip_prefix('.') {
        Some(digits) => {
            (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
        }
        None => fraction.is_empty(),
    };
    if !fraction_is_valid || whole.ends_with("60") {
        return None;
    }
    let time = humantime::parse_rfc3339(&format!("{local}Z")).ok()?;
    let local_ms = i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()?;
    let unix_ms = u64::try_from(local_ms - offset_ms).ok()?;
    (unix_ms <= LAST_UNIX_MS).then_some(Timestamp { unix_ms })
}

/// Milliseconds of an offset such as `+02:30`.
fn offset_ms(text: &str) -> Option<i64> {
    let (sign, time) = match text.split_at_checked(1)? {
        ("+", time) => (1, time),
        ("-", time) => (-1, time),
        _ => return None,
    };
    let (hours, minutes) = time.split_once(':')?;
    let number = |text: &str, limit| {
        let is_plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i64>().ok().filter(|number| is_plain && *number < limit)
    };
    Some(sign * (number(hours, 24)? * 3_600_000 + number(minutes, 60)? * 60_000))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_instants() {
        // Computed with `date -u -d ... +%s`.
        for (text, unix_ms) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:00:00Z", 951_825_600_000),
            ("2024-12-31T23:59:59Z", 1_735_689_599_000),
            ("2026-11-22T08:00:00.250Z", 1_795_334_400_250),
            ("2100-03-01T00:00:00Z", 4_107_542_400_000),
            ("9999-12-31T23:59:59.999Z", LAST_UNIX_MS),
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().unix_ms(), unix_ms, "{text}");
            assert_eq!(Timestamp::from_unix_ms(unix_ms).to_string(), text);
        }
    }

    #[test]
    fn offsets_and_decimals() {
        let expected: Timestamp = "2026-11-22T08:00:00.120Z".parse().unwrap();
        for text in [
            "2026-11-22T08:00:00.12Z",
            "2026-11-22T08:00:00.120999999Z",
            "2026-11-22T10:30:00.12+02:30",
            "2026-11-21T20:00:00.12-12:00",
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn invalid_times_are_rejected() {
        for text in [
            "",
            "2026-11-22",
            "2026-11-22T08:00:00",
            "2026-11-22 08:00:00Z",
            "2026-11-22t08:00:00z",
            "2026-02-29T08:00:00Z",
            "2026-13-01T08:00:00Z",
            "2026-00-01T08:00:00Z",
            "2026-11-31T08:00:00Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T08:60:00Z",
            "2026-11-22T08:00:60Z",
            "2026-11-22T08:00:00.Z",
            "2026-11-22T08:00:00.1234567890Z",
            "2026-11-22T08:00:00+0200",
            "2026-11-22T08:00:00Z ",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "+026-11-22T08:00:00Z",
            "2026-11-22T08:00:00.+01:00",
            "2026-11-22T08:00:00x12Z",
            "2026-11-22T08:00:00.12Z+01:00",
            "2026-11-22T08:00:00+24:00",
            "2026-11-22T08:00:00+01:60",
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap_err().code(), "time_malformed", "{text}");
        }
    }

    proptest! {
        #[test]
        fn times_survive_a_round_trip(unix_ms in 0..=LAST_UNIX_MS) {
            let instant = Timestamp::from_unix_ms(unix_ms);
            prop_assert_eq!(instant.to_string().parse::<Timestamp>().unwrap(), instant);
        }

        #[test]
        fn text_never_panics(text in "\\PC{0,40}") {
            let _ = text.parse::<Timestamp>();
        }
    }
}
