//! Request bodies: bounded, and as JSON whose errors name the field.

use bytes::{Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::BodyExt;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use crate::body::Body;
use crate::connections::TooSlow;
use crate::problem::{FieldError, Problem};
use crate::query::sentence;

/// How much of a body that is too long is read and thrown away, in bytes, so that a client that
/// writes first and reads later still gets to see its 413.
const DISCARDED_BYTES_MAX: usize = 1 << 20;

/// Longest value that an error repeats, in bytes of JSON.
const SHOWN_BYTES_MAX: usize = 200;

/// The whole body, if it has at most `limit_bytes`.
///
/// # Errors
/// 413 if it is longer, 408 `body_too_slow` if it comes too slowly, 400 `body_broken` if the client stops
/// in the middle.
pub(crate) async fn collect(
    headers: &HeaderMap,
    body: &mut Body,
    limit_bytes: usize,
) -> Result<Bytes, Problem> {
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<usize>().ok())
        .unwrap_or(0);
    if declared > limit_bytes {
        discard(body, 0).await;
        return Err(Problem::payload_too_large(limit_bytes));
    }
    let mut collected = BytesMut::with_capacity(declared);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|source| match source.0.downcast_ref::<TooSlow>() {
            Some(slow) => too_slow(*slow),
            None => Problem::bad_request("body_broken", "The body ended before it was complete.")
                .with_source(source),
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if collected.len() + data.len() > limit_bytes {
            discard(body, collected.len() + data.len()).await;
            return Err(Problem::payload_too_large(limit_bytes));
        }
        collected.extend_from_slice(&data);
    }
    Ok(collected.freeze())
}

fn too_slow(slow: TooSlow) -> Problem {
    let detail = format!(
        "The body comes too slowly; at least {} bytes a second are wanted after the first seconds.",
        slow.bytes_per_second_min
    );
    // What is still to come of it is not waited for.
    Problem::new(StatusCode::REQUEST_TIMEOUT, "body_too_slow", detail)
        .with_header(CONNECTION, HeaderValue::from_static("close"))
}

async fn discard(body: &mut Body, mut bytes: usize) {
    while bytes <= DISCARDED_BYTES_MAX {
        match body.frame().await {
            Some(Ok(frame)) => bytes += frame.data_ref().map_or(0, Bytes::len),
            Some(Err(_)) | None => return,
        }
    }
}

/// # Errors
/// 415 unless the content type is `application/json`, parameters such as `charset` aside.
pub(crate) fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let found = headers.get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let essence = found.as_deref().map(|text| text.split(';').next().unwrap_or_default().trim());
    if essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json")) {
        Ok(())
    } else {
        Err(Problem::unsupported_media_type(found.as_deref(), "application/json"))
    }
}

/// A `T`, a struct with named fields, from a JSON object.
///
/// # Errors
/// 400 `malformed_json` with the place if it is no JSON, 400 `invalid_body` with the field if it is
/// JSON of another shape.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // Serde would take the fields of a struct from a list too, by their order; no client should rely on that.
    let is_list = bytes.trim_ascii_start().first() == Some(&b'[');
    if !is_list && let Ok(value) = serde_json::from_slice(bytes) {
        return Ok(value);
    }
    // What cannot be read is read once more, to see where the fault is: following the path has its price.
    if is_list && serde_json::from_slice::<IgnoredAny>(bytes).is_ok() {
        let detail = "The body is a list where an object is expected.";
        return Err(Problem::bad_request("invalid_body", detail).with_error(FieldError::new(
            "",
            Value::Null,
            "an object",
            detail,
        )));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() { invalid(bytes, &path, &inner) } else { malformed(&inner) }
    })?;
    deserializer.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::bad_request(
        "malformed_json",
        format!("The body is not JSON: {}.", error.to_string().trim_end_matches('.')),
    )
}

/// Takes serde's sentence apart: it knows what was expected, we want it as a field of its own.
fn invalid(bytes: &[u8], path: &str, error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let text = text.strip_suffix(&place).unwrap_or(&text);
    let path = if path == "." || path == "?" { "" } else { path };

    let quoted = |prefix: &str| text.strip_prefix(prefix)?.split('`').next();
    let (field, is_missing) = if let Some(name) = quoted("unknown field `") {
        // The path may or may not end with the unknown field already.
        let parent = path.strip_suffix(name).map_or(path, |parent| parent.trim_end_matches('.'));
        (join(parent, name), false)
    } else if let Some(name) = quoted("missing field `") {
        (join(path, name), true)
    } else {
        (path.to_owned(), false)
    };
    let allowed = match text.split_once(", expected ") {
        Some((_, expected)) => expected.replace('`', ""),
        None if is_missing => "a value".to_owned(),
        None => "see the API document".to_owned(),
    };
    let value = serde_json::from_slice(bytes)
        .ok()
        .and_then(|body: Value| lookup(&body, &field))
        .unwrap_or(Value::Null);
    let value = if value.to_string().len() > SHOWN_BYTES_MAX {
        Value::from("(too long to repeat)")
    } else {
        value
    };
    let detail = if field.is_empty() {
        format!("The body is not as it should be: {text}.")
    } else {
        format!("Field {field} is not as it should be: {text}.")
    };
    Problem::bad_request("invalid_body", detail).with_error(FieldError::new(
        field,
        value,
        allowed,
        sentence(text),
    ))
}

fn join(parent: &str, name: &str) -> String {
    if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") }
}

/// The value at a path such as `orders[2].faction`.
fn lookup(body: &Value, path: &str) -> Option<Value> {
    let mut value = body;
    for step in path.split(['.', '[']).filter(|step| !step.is_empty()) {
        value = match step.strip_suffix(']') {
            Some(index) => value.get(index.parse::<usize>().ok()?)?,
            None => value.get(step)?,
        };
    }
    Some(value.clone())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Batch {
        orders: Vec<Order>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        faction: String,
        #[serde(default)]
        strength: Option<u32>,
        #[serde(default)]
        focus: Option<Focus>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Focus {
        Order,
        Industry,
    }

    fn error(json: &str) -> (&'static str, FieldError) {
        let problem = parse::<Batch>(json.as_bytes()).unwrap_err();
        assert_eq!(problem.status().as_u16(), 400);
        (
            problem.code(),
            problem.errors().first().cloned().unwrap_or_else(|| FieldError::new("", "", "", "")),
        )
    }

    #[test]
    fn a_list_is_not_taken_for_an_object() {
        let (code, error) = error(r#" [[{"faction":"F1"}]]"#);
        assert_eq!((code, error.allowed.as_str()), ("invalid_body", "an object"));
    }

    #[test]
    fn a_good_body_is_read() {
        let json = br#"{"orders":[{"faction":"F1","strength":4,"focus":"industry"}]} "#;
        let order = parse::<Batch>(json).unwrap().orders.remove(0);
        assert_eq!((order.faction.as_str(), order.strength), ("F1", Some(4)));
        assert!(matches!(order.focus, Some(Focus::Industry)));
    }

    #[test]
    fn errors_name_field_value_and_what_is_allowed() {
        for (json, field, value, allowed) in [
            (r#"{"orders":[{"faction":7}]}"#, "orders[0].faction", Value::from(7), "a string"),
            (
                r#"{"orders":[{"faction":"F1"},{"faction":"F1","strength":-1}]}"#,
                "orders[1].strength",
                Value::from(-1),
                "u32",
            ),
            (
                r#"{"orders":[{"faction":"F1","strenght":4}]}"#,
                "orders[0].strenght",
                Value::from(4),
                "one of faction, strength, focus",
            ),
            (r#"{"orders":[{}]}"#, "orders[0].faction", Value::Null, "a value"),
            (r#"{"order":[]}"#, "order", Value::Array(Vec::new()), "orders"),
            (
                r#"{"orders":[{"faction":"F1","focus":"war"}]}"#,
                "orders[0].focus",
                Value::from("war"),
                "order or industry",
            ),
            (r#"{}"#, "orders", Value::Null, "a value"),
            ("[]", "", Value::Null, "struct Batch"),
        ] {
            let (code, found) = error(json);
            assert_eq!(code, "invalid_body", "{json}");
            assert_eq!(found.field, field, "{json}: {found:?}");
            if !field.is_empty() {
                assert_eq!(found.value, value, "{json}");
                assert_eq!(found.allowed, allowed, "{json}: {found:?}");
            }
        }
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        let deep = "[".repeat(100_000);
        for json in ["", "{", "{\"orders\":[]} x", "{\"orders\":[],}", "\u{feff}{}", "nul", &deep] {
            let problem = parse::<Value>(json.as_bytes()).unwrap_err();
            assert_eq!(problem.code(), "malformed_json", "{json:.20}");
        }
        assert_eq!(parse::<Value>(b"\"\xff\"").unwrap_err().code(), "malformed_json");
    }

    #[test]
    fn long_values_are_not_repeated() {
        let json = format!(r#"{{"orders":[{{"faction":"F1","focus":"{}"}}]}}"#, "x".repeat(5_000));
        assert_eq!(error(&json).1.value, "(too long to repeat)");
    }

    #[test]
    fn content_type_is_json_with_or_without_charset() {
        for (text, is_json) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("text/plain", false),
            ("application/jsonx", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, text.parse().unwrap());
            assert_eq!(require_json(&headers).is_ok(), is_json, "{text}");
        }
        assert_eq!(require_json(&HeaderMap::new()).unwrap_err().status().as_u16(), 415);
    }
}
