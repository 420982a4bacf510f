//! Prefixes of paths: `/v1`, and `/sectors/{sector}` for a sector other than the home sector.

use http::Uri;
use http::uri::PathAndQuery;
use http_kit::Request;
use percent_encoding::percent_decode_str;

/// Version of the API; paths without the prefix mean the same version.
const VERSION_PREFIX: &str = "/v1";
/// Prefix of a sector's name.
const SECTORS: &str = "/sectors/";

/// Name of the sector in the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SectorName(pub(crate) String);

/// Removes the prefixes from the path and stores the sector's name in the request's extensions.
pub(crate) fn strip(mut request: Request) -> Request {
    let path = request.uri().path();
    let (rest, name) = parts(path);
    if rest.len() == path.len() {
        return request;
    }
    let rest = if rest.is_empty() { "/" } else { rest };
    let text = match request.uri().query() {
        Some(query) => format!("{rest}?{query}"),
        None => rest.to_owned(),
    };
    let mut uri = request.uri().clone().into_parts();
    // The rest of a path is a valid path; if it ever were not, leave the request unchanged.
    if let Ok(path_and_query) = text.parse::<PathAndQuery>() {
        uri.path_and_query = Some(path_and_query);
        if let Ok(uri) = Uri::from_parts(uri) {
            *request.uri_mut() = uri;
            if let Some(name) = name {
                request.extensions_mut().insert(name);
            }
        }
    }
    request
}

/// The path without its prefixes, and the name of the sector.
fn parts(path: &str) -> (&str, Option<SectorName>) {
    let path = match path.strip_prefix(VERSION_PREFIX) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
        _ => path,
    };
    let Some(rest) = path.strip_prefix(SECTORS) else { return (path, None) };
    let (name, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let name = percent_decode_str(name).decode_utf8_lossy().into_owned();
    (rest, Some(SectorName(name)))
}

#[cfg(test)]
mod tests {
    use http_kit::body;

    use super::*;

    fn stripped(uri: &str) -> (String, Option<String>) {
        let request = strip(http::Request::builder().uri(uri).body(body::empty()).unwrap());
        let name = request.extensions().get::<SectorName>().map(|name| name.0.clone());
        (request.uri().to_string(), name)
    }

    #[test]
    fn prefixes_are_removed_and_the_rest_stays() {
        let plain = |text: &str| (text.to_owned(), None);
        let of = |text: &str, name: &str| (text.to_owned(), Some(name.to_owned()));
        for (uri, wanted) in [
            ("/", plain("/")),
            ("/snapshot?fields=tick", plain("/snapshot?fields=tick")),
            ("/v1", plain("/")),
            ("/v1?x=1", plain("/?x=1")),
            ("/v1/", plain("/")),
            ("/v1/snapshot", plain("/snapshot")),
            ("/v1/v1/snapshot", plain("/v1/snapshot")),
            ("/v10/snapshot", plain("/v10/snapshot")),
            ("/sectors", plain("/sectors")),
            ("/v1/sectors", plain("/sectors")),
            ("/sectors/north", of("/", "north")),
            ("/sectors/north/", of("/", "north")),
            ("/sectors/north/events?after=1-0", of("/events?after=1-0", "north")),
            ("/v1/sectors/north/snapshot", of("/snapshot", "north")),
            ("/sectors/north/sectors/south", of("/sectors/south", "north")),
            ("/sectors/a%2Fb/snapshot", of("/snapshot", "a/b")),
            ("/sectors//snapshot", of("/snapshot", "")),
            ("/sectors/", of("/", "")),
        ] {
            assert_eq!(stripped(uri), wanted, "{uri}");
        }
    }
}
