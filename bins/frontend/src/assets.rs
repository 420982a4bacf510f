//! The UI's files, embedded in the program: read, hashed and compressed once a process.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bytes::Bytes;
use flate2::Compression;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};
use include_dir::{Dir, include_dir};
use service::{Response, body};
use xxhash_rust::xxh3::xxh3_64;

use crate::negotiation::{accepts_gzip, gzip};

static DIST: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/dist");
static ASSETS: LazyLock<Assets> = LazyLock::new(|| Assets::of(&DIST));

/// The page's policy: its own scripts and sockets, and nothing else.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
     connect-src 'self' ws: wss:; font-src 'self'; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);
/// For files whose name changes with their content.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// For files that keep their name: to be kept, but asked about each time.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// All files, by path with a leading slash.
#[derive(Debug)]
pub(crate) struct Assets {
    files: BTreeMap<String, Asset>,
}

/// One file.
#[derive(Debug)]
pub(crate) struct Asset {
    plain: Bytes,
    /// Only where it is worth while.
    gzip: Option<Bytes>,
    content_type: HeaderValue,
    etag: HeaderValue,
    caching: HeaderValue,
}

impl Assets {
    /// The embedded ones. The first call takes a moment: it compresses.
    pub(crate) fn embedded() -> &'static Self {
        &ASSETS
    }

    fn of(dist: &'static Dir<'static>) -> Self {
        let mut files = BTreeMap::new();
        let mut directories = vec![dist];
        while let Some(directory) = directories.pop() {
            directories.extend(directory.dirs());
            for file in directory.files() {
                // Dot-files are notes to the build, not to the public.
                if let Some(path) = file.path().to_str()
                    && !path.split('/').any(|part| part.starts_with('.'))
                {
                    files.insert(format!("/{path}"), Asset::new(path, file.contents()));
                }
            }
        }
        Self { files }
    }

    /// The file at `path`; `/` is the page.
    pub(crate) fn get(&self, path: &str) -> Option<&Asset> {
        self.files.get(if path == "/" { "/index.html" } else { path })
    }
}

impl Asset {
    fn new(path: &str, contents: &'static [u8]) -> Self {
        let (content_type, is_text) = content_type(path);
        let packed = is_text.then(|| gzip(contents, Compression::best())).flatten();
        // The number is plain text; there is nothing in it that a header could not hold. It is weak because both
        // encodings share it.
        let etag = HeaderValue::from_str(&format!("W/\"{:016x}\"", xxh3_64(contents)));
        Self {
            plain: Bytes::from_static(contents),
            gzip: packed.filter(|packed| packed.len() < contents.len()),
            content_type: HeaderValue::from_static(content_type),
            etag: etag.unwrap_or(HeaderValue::from_static("W/\"\"")),
            caching: if path.starts_with("assets/") { FOR_EVER } else { ASK_AGAIN },
        }
    }

    /// The file as an answer to a request with these headers.
    pub(crate) fn respond(&self, request: &HeaderMap) -> Response {
        let is_known = request
            .get_all(IF_NONE_MATCH)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .any(|tag| tag == "*" || (tag.starts_with("W/\"") && tag.as_bytes() == self.etag.as_bytes()));
        let packed = self.gzip.as_ref().filter(|_| accepts_gzip(request));
        let mut response = if is_known {
            Response::new(body::empty())
        } else {
            Response::new(body::full(packed.unwrap_or(&self.plain).clone()))
        };
        let headers = response.headers_mut();
        headers.insert(ETAG, self.etag.clone());
        headers.insert(CACHE_CONTROL, self.caching.clone());
        headers.insert(CONTENT_SECURITY_POLICY, PAGE_POLICY);
        if self.gzip.is_some() {
            headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        }
        if is_known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        headers.insert(CONTENT_TYPE, self.content_type.clone());
        if packed.is_some() {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

/// The media type of a file, and whether it is text that is worth compressing.
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
    fn the_page_is_there_with_all_that_it_names_and_no_dot_file() {
        let assets = Assets::embedded();
        let page = std::str::from_utf8(&assets.get("/").unwrap().plain).unwrap();
        let named: Vec<&str> =
            page.split('"').filter(|text| text.starts_with("/assets/") || text.starts_with("/favicon")).collect();
        assert!(named.len() >= 3, "{named:?}");
        for path in named {
            assert!(assets.get(path).is_some(), "{path}");
        }
        assert!(DIST.get_file(".source-hash").is_some(), "this test wants a dot-file to be there");
        assert!(assets.files.keys().all(|path| !path.contains("/.")), "{:?}", assets.files.keys());
    }
}
