//! A response body for many clients, compressed once per coding, on first use.
//!
//! Home-made because general compression layers compress every response anew.

use std::io::Write;
use std::sync::OnceLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, ETAG, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::body::{self, Response};
use crate::negotiation::{Coding, coding, is_known};

/// Smaller bodies, in bytes, are sent uncompressed: they fit into one packet either way.
const PACKED_BYTES_MIN: usize = 1_024;

/// About the number of headers of such a response; allocating them at once avoids moving them.
const HEADERS: usize = 12;

/// Offered codings, best first: zstd is within 3 % of brotli's size here in a third of its time.
const OFFERED: [Coding; 3] = [Coding::Zstd, Coding::Brotli, Coding::Gzip];

/// Brotli's window, 2^20 bytes: large enough for a snapshot of 3 000 systems.
const BROTLI_WINDOW_BITS: i32 = 20;

/// How hard to compress.
///
/// Measured on snapshots of 30 and of 3 000 systems (12.3 kB and 1.04 MB of JSON):
///
/// | | gzip | brotli | zstd |
/// | --- | --- | --- | --- |
/// | [`Effort::Live`] | 1.8 kB in 0.1 ms, 96 kB in 8 ms | 1.6 kB in 0.1 ms, 89 kB in 4 ms | 1.6 kB in 0.02 ms, 89 kB in 1 ms |
/// | [`Effort::Once`] | 1.6 kB in 0.2 ms, 86 kB in 64 ms | 1.5 kB in 0.1 ms, 80 kB in 35 ms | 1.6 kB in 0.2 ms, 77 kB in 20 ms |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// For content that lives one tick: gzip 3, brotli 3, zstd 1.
    Live,
    /// For content that lives as long as the process: gzip 9, brotli 6, zstd 9.
    Once,
}

impl Effort {
    const fn gzip_level(self) -> u32 {
        match self {
            Self::Live => 3,
            Self::Once => 9,
        }
    }

    const fn brotli_quality(self) -> i32 {
        match self {
            Self::Live => 3,
            Self::Once => 6,
        }
    }

    const fn zstd_level(self) -> i32 {
        match self {
            Self::Live => 1,
            Self::Once => 9,
        }
    }
}

/// A body in all codings, with content type and ETag.
///
/// The uncompressed body has the strong tag `"…"`, compressed ones the weak `W/"…"` with the same
/// text, because their bytes differ. `If-None-Match` compares weakly, so it matches across codings.
#[derive(Debug)]
pub struct Encoded {
    identity: Bytes,
    content_type: HeaderValue,
    tag: String,
    /// The tag as header values, strong and weak; none if it is not a valid header.
    tags: Option<[HeaderValue; 2]>,
    effort: Option<Effort>,
    gzip: OnceLock<Option<Bytes>>,
    brotli: OnceLock<Option<Bytes>>,
    zstd: OnceLock<Option<Bytes>>,
}

impl Encoded {
    /// A body to compress with this effort. `tag` changes with the content; without visible ASCII
    /// or with quotes, no ETag is sent.
    pub fn new(
        identity: impl Into<Bytes>,
        content_type: HeaderValue,
        tag: impl Into<String>,
        effort: Effort,
    ) -> Self {
        Self { effort: Some(effort), ..Self::unpacked(identity, content_type, tag) }
    }

    /// A body that is never compressed, such as pictures.
    pub fn unpacked(
        identity: impl Into<Bytes>,
        content_type: HeaderValue,
        tag: impl Into<String>,
    ) -> Self {
        let tag = tag.into();
        Self {
            identity: identity.into(),
            content_type,
            tags: tags(&tag),
            tag,
            effort: None,
            gzip: OnceLock::new(),
            brotli: OnceLock::new(),
            zstd: OnceLock::new(),
        }
    }

    /// The uncompressed bytes.
    #[must_use]
    pub fn identity(&self) -> &Bytes {
        &self.identity
    }

    /// The tag without quotes.
    #[must_use]
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// 200 with the client's preferred coding, or 304 if it has the content; for GET and HEAD. The
    /// caller adds `Cache-Control`.
    #[must_use]
    pub fn respond(&self, request: &HeaderMap) -> Response {
        let effort = self.effort.filter(|_| self.identity.len() >= PACKED_BYTES_MIN);
        let wanted = if effort.is_some() { coding(request, &OFFERED) } else { Coding::Identity };
        let is_known = is_known(request, &self.tag);
        // Don't compress for a 304.
        let packed =
            if is_known { None } else { effort.and_then(|effort| self.packed(wanted, effort)) };
        let is_weak = packed.is_some() || (is_known && wanted != Coding::Identity);

        let mut response = match &packed {
            _ if is_known => Response::new(body::empty()),
            Some(packed) => Response::new(body::full(packed.clone())),
            None => Response::new(body::full(self.identity.clone())),
        };
        let headers = response.headers_mut();
        headers.reserve(HEADERS);
        if let Some([strong, weak]) = &self.tags {
            headers.insert(ETAG, if is_weak { weak.clone() } else { strong.clone() });
        }
        if effort.is_some() {
            headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        }
        if is_known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        headers.insert(CONTENT_TYPE, self.content_type.clone());
        if packed.is_some() {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(wanted.name()));
        }
        response
    }

    /// The compressed body, made by the first caller while others wait; none for identity and where
    /// compression gains nothing.
    fn packed(&self, coding: Coding, effort: Effort) -> Option<Bytes> {
        let cell = match coding {
            Coding::Identity => return None,
            Coding::Gzip => &self.gzip,
            Coding::Brotli => &self.brotli,
            Coding::Zstd => &self.zstd,
        };
        let make = || {
            let packed = match coding {
                Coding::Identity => None,
                Coding::Gzip => gzip(&self.identity, effort),
                Coding::Brotli => brotli(&self.identity, effort),
                Coding::Zstd => zstd(&self.identity, effort),
            };
            packed.filter(|packed| packed.len() < self.identity.len())
        };
        cell.get_or_init(make).clone()
    }
}

/// A tag as header values, strong and weak.
fn tags(tag: &str) -> Option<[HeaderValue; 2]> {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"';
    if tag.is_empty() || !tag.bytes().all(is_plain) {
        return None;
    }
    let strong = HeaderValue::try_from(format!("\"{tag}\"")).ok()?;
    let weak = HeaderValue::try_from(format!("W/\"{tag}\"")).ok()?;
    Some([strong, weak])
}

/// None on failure: the uncompressed body still works.
fn gzip(bytes: &[u8], effort: Effort) -> Option<Bytes> {
    let mut encoder =
        GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::new(effort.gzip_level()));
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

fn brotli(mut bytes: &[u8], effort: Effort) -> Option<Bytes> {
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: effort.brotli_quality(),
        lgwin: BROTLI_WINDOW_BITS,
        size_hint: bytes.len(),
        ..brotli::enc::BrotliEncoderParams::default()
    };
    let mut packed = Vec::with_capacity(bytes.len() / 4);
    brotli::BrotliCompress(&mut bytes, &mut packed, &parameters).ok()?;
    Some(packed.into())
}

fn zstd(bytes: &[u8], effort: Effort) -> Option<Bytes> {
    zstd::bulk::compress(bytes, effort.zstd_level()).ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use http::HeaderName;
    use http::header::{ACCEPT_ENCODING, IF_NONE_MATCH};
    use http_body_util::BodyExt;

    use super::*;

    fn text() -> String {
        (0..2_000).map(|number| format!("{{\"system\":{number}}},")).collect()
    }

    fn encoded(effort: Effort) -> Encoded {
        Encoded::new(text(), HeaderValue::from_static("application/json"), "17-0.c0", effort)
    }

    fn wanting(headers: &[(HeaderName, &'static str)]) -> HeaderMap {
        headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect()
    }

    async fn body_of(response: Response) -> Bytes {
        response.into_body().collect().await.unwrap().to_bytes()
    }

    fn unpacked(coding: &str, packed: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        match coding {
            "gzip" => drop(flate2::read::GzDecoder::new(packed).read_to_end(&mut plain).unwrap()),
            "br" => brotli::BrotliDecompress(&mut &packed[..], &mut plain).unwrap(),
            "zstd" => plain = zstd::stream::decode_all(packed).unwrap(),
            other => panic!("{other}"),
        }
        plain
    }

    #[tokio::test]
    async fn each_client_gets_a_coding_it_can_read() {
        for effort in [Effort::Live, Effort::Once] {
            let encoded = encoded(effort);
            for coding in ["gzip", "br", "zstd"] {
                let response = encoded.respond(&wanting(&[(ACCEPT_ENCODING, coding)]));
                let headers = response.headers();
                assert_eq!(headers["content-encoding"], coding);
                assert_eq!(headers["vary"], "accept-encoding");
                assert_eq!(headers["etag"], "W/\"17-0.c0\"");
                assert_eq!(headers["content-type"], "application/json");
                let packed = body_of(response).await;
                assert!(packed.len() < text().len() / 4, "{coding}: {}", packed.len());
                assert_eq!(unpacked(coding, &packed), text().as_bytes());
                // The second client gets the same allocation.
                let again = body_of(encoded.respond(&wanting(&[(ACCEPT_ENCODING, coding)]))).await;
                assert_eq!(again.as_ptr(), packed.as_ptr());
            }
            let plain = encoded.respond(&HeaderMap::new());
            assert!(!plain.headers().contains_key("content-encoding"));
            assert_eq!(
                (&plain.headers()["vary"], &plain.headers()["etag"]),
                (
                    &HeaderValue::from_static("accept-encoding"),
                    &HeaderValue::from_static("\"17-0.c0\"")
                )
            );
            assert_eq!(body_of(plain).await, text().as_bytes());
        }
    }

    #[tokio::test]
    async fn a_known_tag_is_304_without_compression() {
        let encoded = encoded(Effort::Live);
        for known in ["\"17-0.c0\"", "W/\"17-0.c0\"", "\"16-0.c0\", W/\"17-0.c0\"", "*"] {
            for (coding, tag) in [("gzip", "W/\"17-0.c0\""), ("identity", "\"17-0.c0\"")] {
                let response =
                    encoded.respond(&wanting(&[(ACCEPT_ENCODING, coding), (IF_NONE_MATCH, known)]));
                assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
                assert_eq!(response.headers()["etag"], tag);
                assert_eq!(response.headers()["vary"], "accept-encoding");
                assert!(!response.headers().contains_key("content-encoding"));
                assert!(body_of(response).await.is_empty());
            }
        }
        assert!(encoded.gzip.get().is_none());
        let changed = encoded.respond(&wanting(&[(IF_NONE_MATCH, "\"16-0.c0\"")]));
        assert_eq!(changed.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn incompressible_bodies_are_sent_uncompressed() {
        let all = wanting(&[(ACCEPT_ENCODING, "gzip, br, zstd")]);
        let json = HeaderValue::from_static("application/json");
        let small = Encoded::new("{}", json.clone(), "1", Effort::Live).respond(&all);
        assert!(
            !small.headers().contains_key("vary")
                && !small.headers().contains_key("content-encoding")
        );
        // Random bytes grow when compressed.
        let mut state = 1_u64;
        let noise: Vec<u8> = (0..4_096)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (state >> 56) as u8
            })
            .collect();
        let response = Encoded::new(noise.clone(), json, "1", Effort::Live).respond(&all);
        assert!(!response.headers().contains_key("content-encoding"));
        assert_eq!(
            (&response.headers()["vary"], &response.headers()["etag"]),
            (&HeaderValue::from_static("accept-encoding"), &HeaderValue::from_static("\"1\""))
        );
        assert_eq!(body_of(response).await, noise);
        let picture =
            Encoded::unpacked(text(), HeaderValue::from_static("image/png"), "1").respond(&all);
        assert!(
            !picture.headers().contains_key("vary")
                && !picture.headers().contains_key("content-encoding")
        );
    }

    #[test]
    fn an_invalid_tag_is_not_sent() {
        for tag in ["", "a\"b", "a b", "ä"] {
            let encoded =
                Encoded::unpacked("{}", HeaderValue::from_static("application/json"), tag);
            assert!(!encoded.respond(&HeaderMap::new()).headers().contains_key("etag"), "{tag:?}");
        }
    }
}
