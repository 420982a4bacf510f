//! Content negotiation by `Accept…` headers, and `If-None-Match`.

use http::HeaderMap;
use http::header::{ACCEPT, ACCEPT_ENCODING, AsHeaderName, IF_NONE_MATCH};

/// Content coding of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Uncompressed.
    Identity,
    /// Supported by every client.
    Gzip,
    /// Supported by browsers; best size for its time.
    Brotli,
    /// Supported by newer browsers; nearly as small, and the fastest.
    Zstd,
}

impl Coding {
    /// Name in `Content-Encoding`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    /// Whether `name` in a request means this coding.
    fn is_named(self, name: &str) -> bool {
        // RFC 9110 (8.4.1.3) keeps the old name.
        name.eq_ignore_ascii_case(self.name())
            || (self == Self::Gzip && name.eq_ignore_ascii_case("x-gzip"))
    }
}

/// Which of the `offered` codings, best first, to send.
///
/// The highest weight (`q`) wins, then the order of the offer. Identity is implied with the lowest
/// weight. It is also sent if nothing offered is acceptable, even with `identity;q=0`: RFC 9110
/// (12.5.3) leaves the choice, and a readable body serves better than 406.
#[must_use]
pub fn coding(headers: &HeaderMap, offered: &[Coding]) -> Coding {
    if !headers.contains_key(ACCEPT_ENCODING) {
        return Coding::Identity;
    }
    let weight = |coding: Coding| {
        let of = |is_meant: &dyn Fn(&str) -> bool| {
            weighed(headers, ACCEPT_ENCODING)
                .find(|(name, _)| is_meant(name))
                .map(|(_, weight)| weight)
        };
        of(&|name| coding.is_named(name)).or_else(|| of(&|name| name == "*")).unwrap_or(0)
    };
    let identity = weighed(headers, ACCEPT_ENCODING)
        .find(|(name, _)| Coding::Identity.is_named(name))
        .map_or(0, |(_, weight)| weight);
    let mut best = (Coding::Identity, identity);
    for candidate in offered.iter().copied().filter(|candidate| *candidate != Coding::Identity) {
        let weight = weight(candidate);
        // At equal weight, prefer compression.
        let is_first = best.0 == Coding::Identity && weight > 0 && weight >= best.1;
        if is_first || weight > best.1 {
            best = (candidate, weight);
        }
    }
    best.0
}

/// Whether the client prefers a page to JSON, as browsers do for links.
#[must_use]
pub fn prefers_html(headers: &HeaderMap) -> bool {
    let best = |wanted: &str| {
        weighed(headers, ACCEPT)
            .enumerate()
            .find(|(_, (name, _))| name.eq_ignore_ascii_case(wanted))
            // Higher weight, then first.
            .map(|(place, (_, weight))| (weight, usize::MAX - place))
            .filter(|(weight, _)| *weight > 0)
    };
    best("text/html").is_some_and(|html| best("application/json").is_none_or(|json| html > json))
}

/// Whether `If-None-Match` lists this tag (without `W/` and quotes) or `*`, so that a GET is
/// answered with 304. Compares weakly (RFC 9110, 13.1.2).
#[must_use]
pub fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(|line| {
        if line.trim() == "*" {
            return true;
        }
        // Tags may contain commas, so parse by quotes.
        let mut rest = line;
        while let Some((_, after)) = rest.split_once('"') {
            let Some((known, after)) = after.split_once('"') else {
                return false;
            };
            if known == tag && !tag.is_empty() {
                return true;
            }
            rest = after;
        }
        false
    })
}

/// The members of a list header with their weights (`q`), in thousandths, in order.
fn weighed(headers: &HeaderMap, name: impl AsHeaderName) -> impl Iterator<Item = (&str, u16)> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|member| {
            let mut parts = member.split(';').map(str::trim);
            let name = parts.next().filter(|name| !name.is_empty())?;
            let weight =
                parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
            // Ignore a member with an invalid weight.
            let weight =
                weight.map_or(1.0, |weight| weight.parse::<f32>().unwrap_or(0.0)).clamp(0.0, 1.0);
            Some((name, (weight * 1_000.0) as u16))
        })
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        [(name, HeaderValue::from_static(value))].into_iter().collect()
    }

    #[test]
    fn every_client_gets_an_accepted_coding() {
        use Coding::{Brotli, Gzip, Identity, Zstd};
        let all = [Zstd, Brotli, Gzip];
        for (value, expected) in [
            ("gzip, deflate, br, zstd", Zstd),
            ("gzip, deflate, br", Brotli),
            ("gzip;q=1, br;q=0.5", Gzip),
            ("br;q=0.5, GZIP;q=0.8", Gzip),
            ("X-Gzip", Gzip),
            ("*", Zstd),
            ("*;q=0.1", Zstd),
            ("zstd;q=0, *", Brotli),
            ("gzip;q=0, br;q=0, zstd;q=0, *", Identity),
            ("gzip; q=0.000", Identity),
            ("gzip;q=nonsense", Identity),
            ("gzip;q=7", Gzip),
            ("identity", Identity),
            ("identity, gzip;q=0.5", Identity),
            ("identity;q=0.5, gzip;q=0.5", Gzip),
            ("identity;q=0.5, gzip;q=0.4, br;q=0.6", Brotli),
            ("deflate", Identity),
            ("", Identity),
            // Nothing acceptable is offered: uncompressed.
            ("identity;q=0", Identity),
            ("*;q=0", Identity),
            ("deflate, identity;q=0", Identity),
        ] {
            assert_eq!(coding(&headers(ACCEPT_ENCODING, value), &all), expected, "{value:?}");
        }
        assert_eq!(coding(&HeaderMap::new(), &all), Identity);
        assert_eq!(coding(&headers(ACCEPT_ENCODING, "zstd, gzip;q=0.5"), &[Gzip]), Gzip);
        assert_eq!(coding(&headers(ACCEPT_ENCODING, "gzip"), &[]), Identity);
        let mut two = headers(ACCEPT_ENCODING, "deflate");
        two.append(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        assert_eq!(coding(&two, &all), Gzip);
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
    fn a_tag_matches_in_every_form() {
        for (value, expected) in [
            ("\"17-0.c0\"", true),
            ("W/\"17-0.c0\"", true),
            ("\"other\", W/\"17-0.c0\"", true),
            ("\"a,b\",\"17-0.c0\"", true),
            ("*", true),
            (" * ", true),
            ("\"*\"", false),
            ("17-0.c0", false),
            ("\"17-0.c0", false),
            ("\"a\" 17-0.c0 \"b\"", false),
            ("\"17-0.c\"", false),
            ("", false),
        ] {
            assert_eq!(is_known(&headers(IF_NONE_MATCH, value), "17-0.c0"), expected, "{value:?}");
        }
        let mut two = headers(IF_NONE_MATCH, "\"other\"");
        two.append(IF_NONE_MATCH, HeaderValue::from_static("\"17-0.c0\""));
        assert!(is_known(&two, "17-0.c0"));
        assert!(!is_known(&HeaderMap::new(), "17-0.c0"));
        assert!(!is_known(&headers(IF_NONE_MATCH, "\"\""), ""));
    }
}
