//! Hostile requests for the parsers of the kit, from the fuzzer and its corpus.
//!
//! The first line is the query, then come header lines (`name: value`), an empty line, and the JSON body.

use std::net::{IpAddr, Ipv4Addr};

use http::{HeaderMap, HeaderName, HeaderValue};
use http_kit::{Origins, Problem, Query, TrustedProxies, json, sse};
use serde::Deserialize;
use serde_json::Value;

/// Query parameters that are known.
const ALLOWED: [&str; 3] = ["after", "limit", "paused"];
const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 9));

/// A body with every kind of field.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only parsed")]
struct Body {
    name: String,
    #[serde(default)]
    count: Option<u32>,
    #[serde(default)]
    share: f64,
    #[serde(default)]
    kind: Option<Kind>,
    #[serde(default)]
    items: Vec<Item>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only parsed")]
enum Kind {
    Plain,
    Sized(i8),
    Named { name: String },
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(dead_code, reason = "only parsed")]
enum Item {
    Point { x: i64, y: (u8, bool) },
    Text { text: Box<str> },
}

/// Parses a request and panics if a promise is broken.
pub(crate) fn check(request: &[u8]) {
    let mut lines = request.splitn(2, |byte| *byte == b'\n');
    let query = String::from_utf8_lossy(lines.next().unwrap_or_default());
    check_query(&query);
    let mut rest = lines.next().unwrap_or_default();
    let mut headers = HeaderMap::new();
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let (line, after) = (&rest[..end], &rest[end + 1..]);
        rest = after;
        if line.is_empty() {
            break;
        }
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (name, value) = (&line[..colon], line.get(colon + 1..).unwrap_or_default());
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name), HeaderValue::from_bytes(value.trim_ascii()))
            && headers.len() < 50
        {
            headers.append(name, value);
        }
    }
    check_headers(&headers);
    check_body(rest);
}

fn check_query(query: &str) {
    match Query::parse(Some(query), &ALLOWED) {
        Ok(query) => {
            for problem in [
                query.integer::<u32>("limit", 1..=100).err(),
                query.boolean("paused").err(),
                query.parsed::<IpAddr>("after", "an address").err(),
            ] {
                problem.into_iter().for_each(|problem| check_problem(problem, &["invalid_query"]));
            }
            assert!(!query.integer("limit", 1..=100).is_ok_and(|limit| limit > Some(100)));
        }
        Err(problem) => check_problem(problem, &["invalid_query"]),
    }
}

fn check_headers(headers: &HeaderMap) {
    let trusted: TrustedProxies = "10.0.0.0/8,2001:db8::/32".parse().unwrap();
    // Only a trusted proxy may name another client.
    assert_eq!(trusted.client(STRANGER, headers), STRANGER);
    let client = trusted.client(PROXY, headers);
    let is_named = ["x-forwarded-for", "forwarded"].iter().any(|name| headers.contains_key(*name));
    assert!(client == PROXY || is_named, "{client} {headers:?}");
    assert_eq!(client, client.to_canonical());
    if let Some(id) = sse::last_event_id(headers) {
        assert!(!id.is_empty() && !id.contains(['\r', '\n', '\0']), "{id:?}");
    }
    let origin = headers.get("origin").and_then(|origin| origin.to_str().ok());
    let host = headers.get("host").and_then(|host| host.to_str().ok());
    let listed: Origins = "https://sector.example".parse().unwrap();
    if listed.allow(origin, host)
        && let Some(origin) = origin
    {
        assert!(origin.starts_with("http"), "{origin}");
    }
}

fn check_body(body: &[u8]) {
    let is_json = serde_json::from_slice::<Value>(body).is_ok();
    match json::parse::<Body>(body) {
        Ok(_) => assert!(is_json),
        Err(problem) if is_json => {
            assert_eq!(problem.errors().len(), 1, "{problem}");
            check_problem(problem, &["invalid_body"]);
        }
        Err(problem) => check_problem(problem, &["malformed_json"]),
    }
}

/// Problems are 400, have a known code, name what is allowed, and render as JSON of limited size.
fn check_problem(problem: Problem, codes: &[&str]) {
    assert!(problem.status().as_u16() == 400 && codes.contains(&problem.code()), "{problem}");
    for error in problem.errors() {
        assert!(!error.allowed.is_empty() && error.detail.ends_with(['.', '!', '?']), "{error:?}");
    }
    assert_eq!(problem.into_response(Some("r-1")).status().as_u16(), 400);
}

/// Replays the corpus of the fuzzer.
#[cfg(test)]
#[test]
fn the_corpus_breaks_no_promise() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/http");
    let mut codes = std::collections::BTreeSet::new();
    for file in std::fs::read_dir(corpus).unwrap() {
        let request = std::fs::read(file.unwrap().path()).unwrap();
        check(&request);
        let text = String::from_utf8_lossy(&request);
        let body = text.split_once("\n\n").map_or("", |(_, body)| body);
        codes.insert(
            json::parse::<Body>(body.as_bytes()).map_or_else(|problem| problem.code(), |_| "ok"),
        );
    }
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), ["invalid_body", "malformed_json", "ok"]);
}
