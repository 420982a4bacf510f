//! The UI's files, embedded in the binary: each is hashed and compressed at most once per process.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName};
use http::{HeaderMap, HeaderValue};
use http_kit::{Effort, Encoded, Response};
use include_dir::{Dir, include_dir};
use xxhash_rust::xxh3::xxh3_64;

static DIST: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/dist");
static ASSETS: LazyLock<Assets> = LazyLock::new(|| Assets::of(&DIST));

/// The page may load its own scripts and open sockets, nothing else.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
     connect-src 'self'; font-src 'self'; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);
/// Other sites may not hold a handle of the page, and the page needs no device of its reader.
const PAGE_HEADERS: [(HeaderName, HeaderValue); 3] = [
    (CONTENT_SECURITY_POLICY, PAGE_POLICY),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(
            "camera=(), display-capture=(), geolocation=(), microphone=(), midi=(), payment=(), usb=()",
        ),
    ),
];
/// For files whose name contains a hash of their content.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// For files with a fixed name: cached, but revalidated on each use.
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");

/// All UI files, by path with a leading slash.
#[derive(Debug)]
pub(crate) struct Assets {
    files: BTreeMap<String, Asset>,
}

/// One UI file.
#[derive(Debug)]
pub(crate) struct Asset {
    encoded: Encoded,
    caching: HeaderValue,
}

impl Assets {
    /// The embedded files. The first call hashes them all.
    pub(crate) fn embedded() -> &'static Self {
        &ASSETS
    }

    fn of(dist: &'static Dir<'static>) -> Self {
        let mut files = BTreeMap::new();
        let mut directories = vec![dist];
        while let Some(directory) = directories.pop() {
            directories.extend(directory.dirs());
            for file in directory.files() {
                // Dot-files belong to the build.
                if let Some(path) = file.path().to_str()
                    && !path.split('/').any(|part| part.starts_with('.'))
                {
                    files.insert(format!("/{path}"), Asset::new(path, file.contents()));
                }
            }
        }
        Self { files }
    }

    /// The file at `path`; `/` is `index.html`.
    pub(crate) fn get(&self, path: &str) -> Option<&Asset> {
        self.files.get(if path == "/" { "/index.html" } else { path })
    }
}

impl Asset {
    fn new(path: &str, contents: &'static [u8]) -> Self {
        let (content_type, is_text) = content_type(path);
        let tag = format!("{:016x}", xxh3_64(contents));
        let (bytes, content_type) =
            (Bytes::from_static(contents), HeaderValue::from_static(content_type));
        Self {
            encoded: if is_text {
                Encoded::new(bytes, content_type, tag, Effort::Once)
            } else {
                Encoded::unpacked(bytes, content_type, tag)
            },
            caching: if path.starts_with("assets/") { IMMUTABLE } else { REVALIDATE },
        }
    }

    /// Responds with the file, encoded as the request headers allow.
    pub(crate) fn respond(&self, request: &HeaderMap) -> Response {
        let mut response = self.encoded.respond(request);
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, self.caching.clone());
        headers.extend(PAGE_HEADERS);
        response
    }
}

/// The media type of a file, and whether compressing it pays.
fn content_type(path: &str) -> (&'static str, bool) {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => ("text/html; charset=utf-8", true),
        "js" => ("text/javascript; charset=utf-8", true),
        "css" => ("text/css; charset=utf-8", true),
        "svg" => ("image/svg+xml", true),
        "json" | "map" => ("application/json", true),
        "webmanifest" => ("application/manifest+json", true),
        "txt" => ("text/plain; charset=utf-8", true),
        "wasm" => ("application/wasm", true),
        "png" => ("image/png", false),
        "webp" => ("image/webp", false),
        "ico" => ("image/x-icon", false),
        "woff2" => ("font/woff2", false),
        _ => ("application/octet-stream", false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_and_all_files_it_names_are_embedded_and_dot_files_are_not() {
        let assets = Assets::embedded();
        let page = std::str::from_utf8(assets.get("/").unwrap().encoded.identity()).unwrap();
        let named: Vec<&str> = page
            .split('"')
            .filter(|text| text.starts_with("/assets/") || text.starts_with("/favicon"))
            .collect();
        assert!(named.len() >= 3, "{named:?}");
        for path in named {
            assert!(assets.get(path).is_some(), "{path}");
        }
        assert!(DIST.get_file(".source-hash").is_some(), "the build writes a dot-file");
        assert!(assets.files.keys().all(|path| !path.contains("/.")), "{:?}", assets.files.keys());
    }
}
