//! An instant, as Unix milliseconds and as RFC 3339 text.
//!
//! Passed in wherever time matters: this crate reads no clock. Between 1970 and the end of 9999,
//! so that every value has a text form.

use std::fmt;
use std::str::FromStr;

use crate::AuthError;
use crate::error::shown;

/// 9999-12-31T23:59:59.999Z.
const LAST_UNIX_MS: u64 = 253_402_300_799_999;
const MS_PER_DAY: u64 = 86_400_000;

/// An instant in UTC, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    unix_ms: u64,
}

impl Timestamp {
    /// The instant `unix_ms` milliseconds after 1970 began; the end of 9999 at the latest.
    #[must_use]
    pub const fn from_unix_ms(unix_ms: u64) -> Self {
        Self { unix_ms: if unix_ms > LAST_UNIX_MS { LAST_UNIX_MS } else { unix_ms } }
    }

    /// The instant `unix_seconds` seconds after 1970 began; the end of 9999 at the latest.
    #[must_use]
    pub const fn from_unix_seconds(unix_seconds: u64) -> Self {
        Self::from_unix_ms(unix_seconds.saturating_mul(1_000))
    }

    /// Milliseconds since 1970 began.
    #[must_use]
    pub const fn unix_ms(self) -> u64 {
        self.unix_ms
    }

    /// Whole seconds since 1970 began.
    #[must_use]
    pub const fn unix_seconds(self) -> u64 {
        self.unix_ms / 1_000
    }

    /// The instant so many seconds later.
    #[must_use]
    pub const fn plus_seconds(self, seconds: u64) -> Self {
        Self::from_unix_ms(self.unix_ms.saturating_add(seconds.saturating_mul(1_000)))
    }
}

/// UTC with a `Z`; milliseconds only where they are not zero.
impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date_of_day(self.unix_ms / MS_PER_DAY);
        let in_day = self.unix_ms % MS_PER_DAY;
        let (hour, minute, second) =
            (in_day / 3_600_000, in_day / 60_000 % 60, in_day / 1_000 % 60);
        write!(formatter, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        match in_day % 1_000 {
            0 => formatter.write_str("Z"),
            millisecond => write!(formatter, ".{millisecond:03}Z"),
        }
    }
}

/// RFC 3339: `T` and `Z` in capitals, an offset instead of `Z`, and up to nine decimals (cut to
/// milliseconds) are understood. Leap seconds are not.
impl FromStr for Timestamp {
    type Err = AuthError;

    fn from_str(text: &str) -> Result<Self, AuthError> {
        parse(text).ok_or_else(|| AuthError::TimeMalformed { value: shown(text) })
    }
}

fn parse(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    if bytes.len() < 20 || !text.is_ascii() {
        return None;
    }
    for (index, separator) in [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')] {
        if bytes[index] != separator {
            return None;
        }
    }
    let year = digits(&bytes[0..4])?;
    let (month, day) = (digits(&bytes[5..7])?, digits(&bytes[8..10])?);
    let (hour, minute, second) =
        (digits(&bytes[11..13])?, digits(&bytes[14..16])?, digits(&bytes[17..19])?);
    if year < 1970 || !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }

    let mut rest = &bytes[19..];
    let mut millisecond = 0;
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=9).contains(&length) {
            return None;
        }
        let mut scale = 100;
        for byte in &fraction[..length.min(3)] {
            millisecond += u64::from(byte - b'0') * scale;
            scale /= 10;
        }
        rest = &fraction[length..];
    }

    let days = day_of_date(year, month, day);
    let local_ms =
        days * MS_PER_DAY + hour * 3_600_000 + minute * 60_000 + second * 1_000 + millisecond;
    let unix_ms = match rest {
        b"Z" => local_ms,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (offset_hours, offset_minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
            if offset_hours > 23 || offset_minutes > 59 {
                return None;
            }
            let offset_ms = offset_hours * 3_600_000 + offset_minutes * 60_000;
            if *sign == b'+' { local_ms.checked_sub(offset_ms)? } else { local_ms + offset_ms }
        }
        _ => return None,
    };
    (unix_ms <= LAST_UNIX_MS).then_some(Timestamp { unix_ms })
}

fn digits(bytes: &[u8]) -> Option<u64> {
    bytes.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0'))
    })
}

fn is_leap(year: u64) -> bool {
    (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400)
}

fn days_in_month(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar. Years are counted from March, so that
/// the leap day is the last of its year.
fn day_of_date(year: u64, month: u64, day: u64) -> u64 {
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    // 719_468 days lie between 0000-03-01 and 1970-01-01.
    shifted_year * 365 + shifted_year / 4 - shifted_year / 100 + shifted_year / 400 + day_of_year
        - 719_468
}

/// The inverse of [`day_of_date`].
fn date_of_day(days: u64) -> (u64, u64, u64) {
    let from_march_zero = days + 719_468;
    let era = from_march_zero / 146_097;
    let day_of_era = from_march_zero % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
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
    fn what_is_no_time_is_refused() {
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
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap_err().code(), "time_malformed", "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_instant_survives_its_text(unix_ms in 0..=LAST_UNIX_MS) {
            let instant = Timestamp::from_unix_ms(unix_ms);
            prop_assert_eq!(instant.to_string().parse::<Timestamp>().unwrap(), instant);
        }

        #[test]
        fn text_never_panics(text in "\\PC{0,40}") {
            let _ = text.parse::<Timestamp>();
        }
    }
}
