//! What a client would like to get: gzip or plain, a page or JSON.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderMap;
use http::header::{ACCEPT, ACCEPT_ENCODING, AsHeaderName};

/// The members of a list header with their weights (`q`), per mille, in the order they were written.
fn weighed(headers: &HeaderMap, name: impl AsHeaderName) -> impl Iterator<Item = (&str, u16)> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|member| {
            let mut parts = member.split(';').map(str::trim);
            let name = parts.next().filter(|name| !name.is_empty())?;
            let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
            // A weight that cannot be read is no wish.
            let weight = weight.map_or(1.0, |weight| weight.parse::<f32>().unwrap_or(0.0)).clamp(0.0, 1.0);
            Some((name, (weight * 1_000.0) as u16))
        })
}

/// Whether gzip may be sent.
pub(crate) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let weight = |wanted: &str| {
        weighed(headers, ACCEPT_ENCODING).find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, weight)| weight)
    };
    weight("gzip").or_else(|| weight("*")).is_some_and(|weight| weight > 0)
}

/// Whether a page is liked better than JSON: as browsers say it when somebody follows a link.
pub(crate) fn prefers_html(headers: &HeaderMap) -> bool {
    let best = |wanted: &str| {
        weighed(headers, ACCEPT)
            .enumerate()
            .find(|(_, (name, _))| name.eq_ignore_ascii_case(wanted))
            // The heavier counts, then the earlier.
            .map(|(place, (_, weight))| (weight, usize::MAX - place))
            .filter(|(weight, _)| *weight > 0)
    };
    best("text/html").is_some_and(|html| best("application/json").is_none_or(|json| html > json))
}

/// `bytes` as gzip; none if that cannot be done, which is no reason to fail.
pub(crate) fn gzip(bytes: &[u8], level: Compression) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 3), level);
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use http::HeaderValue;

    use super::*;

    fn headers(name: http::HeaderName, value: &'static str) -> HeaderMap {
        [(name, HeaderValue::from_static(value))].into_iter().collect()
    }

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        for (value, expected) in [
            ("gzip, deflate, br", true),
            ("br;q=1, GZIP;q=0.5", true),
            ("*", true),
            ("gzip;q=0, *", false),
            ("gzip; q=0.000", false),
            ("gzip;q=nonsense", false),
            ("identity", false),
            ("", false),
        ] {
            assert_eq!(accepts_gzip(&headers(ACCEPT_ENCODING, value)), expected, "{value:?}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }

    #[test]
    fn pages_go_to_browsers_and_json_to_programs() {
        for (value, expected) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("text/html", true),
            ("application/json, text/html", false),
            ("text/html, application/json", true),
            ("text/html;q=0.5, application/json", false),
            ("text/html;q=0", false),
            ("application/json", false),
            ("*/*", false),
        ] {
            assert_eq!(prefers_html(&headers(ACCEPT, value)), expected, "{value:?}");
        }
        assert!(!prefers_html(&HeaderMap::new()));
    }

    #[test]
    fn what_was_compressed_can_be_read() {
        let text = "sector ".repeat(1_000);
        let packed = gzip(text.as_bytes(), Compression::best()).unwrap();
        assert!(packed.len() < text.len() / 10);
        let mut unpacked = String::new();
        flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut unpacked).unwrap();
        assert_eq!(unpacked, text);
    }
}
