//! Checks every response in the tests against the API document: path, method, status, media type,
//! all fields of the body, headers, and the code of a problem.

use sector_auth::AuthError;
#[cfg(test)]
use sector_wire::Code;
use std::collections::BTreeSet;
use std::sync::OnceLock;

use http::{HeaderMap, Method};
use http_kit::Catalogue;
use serde_json::{Value, json};

use crate::reply::Reply;
use crate::schema::{Schemas, target};

/// Responses outside the documented operations, from the edge.
const OUTSIDE: [(u16, &str); 5] = [
    (404, "not_found"),
    (414, "uri_too_long"),
    (429, "rate_limited"),
    (431, "too_many_headers"),
    (503, "overloaded"),
];
/// Headers that may appear only where they are documented.
const TOLD: [&str; 6] = [
    "etag",
    "retry-after",
    "www-authenticate",
    "idempotency-replayed",
    "ratelimit",
    "ratelimit-policy",
];

fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::from_str(&api::openapi().unwrap()).unwrap())
}

fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(|| Catalogue::new(&[&api::problems()]).unwrap())
}

/// Checks a response; fails the test if it does not match the document.
pub(crate) fn check(method: &Method, path: &str, reply: &Reply) {
    if let Err(fault) = judge(method, path, reply) {
        panic!("{method} {path} answers other than the API document says: {fault}\n{reply:?}");
    }
}

fn judge(method: &Method, path: &str, reply: &Reply) -> Result<(), String> {
    if reply.header("x-request-id").is_none_or(str::is_empty) {
        return Err("there is no X-Request-Id".to_owned());
    }
    let is_preflight = *method == Method::OPTIONS && reply.status == 200;
    if is_preflight {
        return Ok(());
    }
    if path.is_empty() {
        // CONNECT requests have no path.
        return outside(reply, None);
    }
    let path = without_prefixes(path);
    let Some(template) = template(&path) else { return outside(reply, None) };
    let item = document()["paths"][template].as_object().unwrap();
    let is_head = *method == Method::HEAD;
    let asked = if is_head { "get".to_owned() } else { method.as_str().to_lowercase() };
    match item.get(&asked) {
        Some(operation) => inside(operation, is_head, reply),
        None => {
            let mut allowed: Vec<String> =
                item.keys().map(|method| method.to_uppercase()).collect();
            if allowed.iter().any(|method| method == "GET") {
                allowed.push("HEAD".to_owned());
            }
            allowed.sort();
            outside(reply, Some(&allowed.join(", ")))
        }
    }
}

/// The path without `/v1`, `/sectors/{sector}` and the query, as in the document.
fn without_prefixes(path: &str) -> String {
    let path = path.split('?').next().unwrap();
    let path = match path.strip_prefix("/v1") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
        _ => path,
    };
    let path = match path.strip_prefix("/sectors/") {
        Some(rest) => rest.find('/').map_or("", |end| &rest[end..]),
        None => path,
    };
    if path.is_empty() { "/".to_owned() } else { path.to_owned() }
}

/// The matching path template of the document, the one with the fewest parameters.
fn template(path: &str) -> Option<&'static str> {
    let fits = |template: &str| {
        let (mine, theirs): (Vec<&str>, Vec<&str>) =
            (path.split('/').collect(), template.split('/').collect());
        mine.len() == theirs.len()
            && mine.iter().zip(&theirs).all(|(mine, theirs)| {
                if theirs.starts_with('{') { !mine.is_empty() } else { mine == theirs }
            })
    };
    let paths = document()["paths"].as_object().unwrap().keys().map(String::as_str);
    paths.filter(|template| fits(template)).min_by_key(|template| template.matches('{').count())
}

/// Checks a response to an unknown path, or to a method that the path does not have.
fn outside(reply: &Reply, allowed: Option<&str>) -> Result<(), String> {
    let code = problem(reply)?;
    let found = (reply.status, code.as_str());
    match allowed {
        Some(allowed) if found == (405, "method_not_allowed") => match reply.header("allow") {
            Some(named) if named == allowed => Ok(()),
            named => Err(format!("Allow is {named:?}, and the document has {allowed}")),
        },
        _ if OUTSIDE.contains(&found) && (allowed.is_none() || reply.status != 404) => Ok(()),
        _ => Err("this is no operation of the document".to_owned()),
    }
}

/// Checks a response of an operation.
fn inside(operation: &Value, is_head: bool, reply: &Reply) -> Result<(), String> {
    let status = reply.status.to_string();
    let response =
        operation["responses"].get(&status).ok_or_else(|| format!("{status} is not described"))?;
    let response = target(document(), response);
    headers(response, &reply.headers)?;
    let content = response.get("content").and_then(Value::as_object);
    let Some(content) = content.filter(|_| !is_head) else {
        return if reply.body.is_empty() {
            Ok(())
        } else {
            Err("there is a body, and none is described".to_owned())
        };
    };
    let found = reply.header("content-type").unwrap_or_default();
    let media_type = found.split(';').next().unwrap().trim();
    let described = content
        .get(media_type)
        .ok_or_else(|| format!("the media type {found:?} is not described"))?;
    // Other tests compare compressed with plain bodies.
    let is_plain = reply.header("content-encoding").is_none();
    if is_plain && (media_type == "application/json" || media_type == "application/problem+json") {
        let body: Value =
            serde_json::from_slice(&reply.body).map_err(|error| format!("no JSON: {error}"))?;
        Schemas::of(document()).check(&described["schema"], &body)?;
    }
    if media_type == "application/problem+json" {
        let code = problem(reply)?;
        let description = response["description"].as_str().unwrap();
        let is_of_credentials = reply.status == 401 && AuthError::CODES.contains(&code.as_str());
        if !is_of_credentials && !codes(description).contains(code.as_str()) {
            return Err(format!("{code} is not named under {status}: {description}"));
        }
    }
    Ok(())
}

fn headers(response: &Value, found: &HeaderMap) -> Result<(), String> {
    let described: BTreeSet<String> = response["headers"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.to_lowercase())
        .collect();
    match TOLD.iter().find(|name| found.contains_key(**name) && !described.contains(**name)) {
        Some(name) => Err(format!("the header {name} is not described")),
        None => Ok(()),
    }
}

/// The code of a problem, which must be in the catalogue.
fn problem(reply: &Reply) -> Result<String, String> {
    if reply.header("content-type") != Some("application/problem+json") {
        return Err("this is no problem".to_owned());
    }
    let body: Value =
        serde_json::from_slice(&reply.body).map_err(|error| format!("no JSON: {error}"))?;
    Schemas::of(document())
        .check(&json!({"$ref": "#/components/schemas/ProblemDocument"}), &body)?;
    let code = body["code"].as_str().unwrap();
    catalogue().check(reply.status, code).map_err(|error| error.to_string())?;
    Ok(code.to_owned())
}

/// Names in backticks in a description.
pub(crate) fn codes(description: &str) -> BTreeSet<&str> {
    description.split('`').skip(1).step_by(2).collect()
}

#[test]
fn undocumented_responses_are_found() {
    let reply = |status: u16, kind: &str, body: &Value| {
        let mut headers = HeaderMap::new();
        headers.insert("x-request-id", "1".parse().unwrap());
        headers.insert("content-type", kind.parse().unwrap());
        Reply { status, headers, body: body.to_string().into_bytes() }
    };
    let problem = |status: u16, code: &str| {
        let kind = format!("urn:sector:problem:{code}");
        let body = json!({"type": kind, "title": "", "status": status, "code": code, "detail": "", "errors": []});
        reply(status, "application/problem+json", &body)
    };
    let paused = json!({"paused": true});
    let (get, json) = (Method::GET, "application/json");
    judge(&get, "/admin/pause", &reply(200, json, &paused)).unwrap();
    judge(&get, "/v1/sectors/a/admin/pause?x", &reply(200, json, &paused)).unwrap();
    judge(&get, "/nowhere", &problem(404, "not_found")).unwrap();
    judge(&get, "/me", &problem(401, "token_expired")).unwrap();
    for (path, reply, fault) in [
        ("/admin/pause", reply(201, json, &paused), "201 is not described"),
        ("/admin/pause", reply(200, "text/plain", &paused), "media type"),
        ("/admin/pause", reply(200, json, &json!({"paused": 1})), "/paused"),
        ("/admin/pause", reply(200, json, &json!({"paused": true, "since": 1})), "since"),
        ("/admin/pause", reply(200, json, &json!({})), "paused"),
        ("/admin/pause", problem(403, "not_a_player"), "not named"),
        ("/admin/pause", problem(403, "go_away"), "not in the catalogue"),
        ("/admin/pause", problem(401, "not_admin"), "came with status 401"),
        ("/nowhere", reply(200, json, &paused), "no problem"),
        ("/nowhere", problem(401, "unauthenticated"), "no operation"),
    ] {
        let found = judge(&get, path, &reply).unwrap_err();
        assert!(found.contains(fault), "{path}: {found}");
    }
    assert!(
        judge(&Method::PUT, "/snapshot", &problem(405, "method_not_allowed"))
            .unwrap_err()
            .contains("GET, HEAD")
    );
}

/// Every code in the document is in the catalogue, with this status.
#[test]
fn every_code_of_the_document_is_in_the_catalogue() {
    let mut named = 0;
    for (path, item) in document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let number: u16 = status.parse().unwrap();
                let description = target(document(), response)["description"].as_str().unwrap();
                let is_code = |word: &&str| {
                    word.contains('_')
                        && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
                };
                for code in codes(description).into_iter().filter(is_code).filter(|_| number >= 400)
                {
                    let allowed = catalogue().check(number, code);
                    assert_eq!(allowed, Ok(()), "{method} {path}");
                    named += 1;
                }
            }
        }
    }
    assert!(named > 200, "{named}");
}

#[cfg(test)]
/// Errors of `sector-auth` that are not problems of their own: they stop the server at startup, or
/// are listed in `errors` of `invalid_body` or `invalid_path`.
const NEVER_A_PROBLEM: [&str; 18] = [
    "address_checksum",
    "address_malformed",
    "key_malformed",
    "message_extra_line",
    "message_malformed",
    "message_version",
    "role_unknown",
    "scope_unknown",
    "scopes_empty",
    "secret_empty",
    "secret_hash_malformed",
    "shared_tokens_count",
    "time_malformed",
    "token_id_malformed",
    "token_key_repeated",
    "token_key_too_short",
    "token_keys_too_many",
    "token_not_issued",
];

#[test]
fn every_error_of_credentials_is_a_problem_or_reaches_no_client() {
    for name in AuthError::CODES {
        let is_problem = Code::ALL.iter().any(|code| code.name() == name);
        assert!(is_problem != NEVER_A_PROBLEM.contains(&name), "{name}");
    }
}
