//! Request bodies: limited in size, parsed from JSON with errors that name the field.

mod fault;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::body::{Body, BodyError};
use crate::catalogue;
use crate::connections::TooSlow;
use crate::problem::{FieldError, Problem};

/// Reads a body of at most `limit_bytes`.
///
/// # Errors
/// 413 if the body is longer, 408 `body_too_slow` if it arrives too slowly, 400 `body_broken` if it ends early.
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
        return Err(Problem::payload_too_large(limit_bytes));
    }
    let mut collected = BytesMut::with_capacity(declared);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken(&error))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if collected.len() + data.len() > limit_bytes {
            return Err(Problem::payload_too_large(limit_bytes));
        }
        collected.extend_from_slice(&data);
    }
    Ok(collected.freeze())
}

/// The problem of a body that failed while it was read: 408 `body_too_slow` or 400 `body_broken`.
pub(crate) fn broken(error: &BodyError) -> Problem {
    match error.0.downcast_ref::<TooSlow>() {
        Some(TooSlow { bytes_per_second_min }) => {
            let detail = format!(
                "The body arrives too slowly; send at least {bytes_per_second_min} bytes per second."
            );
            Problem::new(StatusCode::REQUEST_TIMEOUT, catalogue::BODY_TOO_SLOW, detail)
        }
        None => {
            let detail = "The body ended before it was complete.";
            Problem::bad_request(catalogue::BODY_BROKEN, detail).with_source(error.to_string())
        }
    }
}

/// # Errors
/// 415 unless the content type is `application/json`; parameters such as `charset` are ignored.
pub(crate) fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let values: Vec<_> = headers
        .get_all(CONTENT_TYPE)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    let found = (!values.is_empty()).then(|| values.join(", "));
    let essence = found.as_deref().map(|text| text.split(';').next().unwrap_or_default().trim());
    if essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json")) {
        Ok(())
    } else {
        Err(Problem::unsupported_media_type(found.as_deref(), "application/json"))
    }
}

/// Parses a `T`, a struct with named fields, from a JSON object.
///
/// # Errors
/// 400 `malformed_json` with the position if the text is not JSON, 400 `invalid_body` with the field if it does not fit `T`.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // Serde also accepts the fields of a struct as a list; don't let clients rely on their order.
    let is_list = bytes.trim_ascii_start().first() == Some(&b'[');
    if !is_list && let Ok(value) = serde_json::from_slice(bytes) {
        return Ok(value);
    }
    // Parse again to find the error: tracking the path is too slow for valid bodies.
    let body: Value = serde_json::from_slice(bytes).map_err(|error| {
        Problem::bad_request(catalogue::MALFORMED_JSON, format!("Invalid JSON: {error}."))
    })?;
    Err(match fault::find::<T>(&body) {
        _ if is_list => invalid(FieldError::new(
            "",
            Value::Null,
            "an object",
            "Expected an object, found a list.",
        )),
        Some(error) => invalid(error),
        // The only error that the parsed tree does not show.
        None => invalid(FieldError::new(
            "",
            Value::Null,
            "each field once",
            "The body has a duplicate field.",
        )),
    })
}

fn invalid(error: FieldError) -> Problem {
    let detail = match error.field.as_str() {
        "" => format!("Invalid request body: {}", error.detail),
        field => format!("Invalid field {field}: {}", error.detail),
    };
    Problem::bad_request(catalogue::INVALID_BODY, detail).with_error(error)
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
    fn a_list_is_not_an_object() {
        let (code, error) = error(r#" [[{"faction":"F1"}]]"#);
        assert_eq!((code, error.allowed.as_str()), ("invalid_body", "an object"));
    }

    #[test]
    fn a_valid_body_is_parsed() {
        let json = br#"{"orders":[{"faction":"F1","strength":4,"focus":"industry"}]} "#;
        let order = parse::<Batch>(json).unwrap().orders.remove(0);
        assert_eq!((order.faction.as_str(), order.strength), ("F1", Some(4)));
        assert!(matches!(order.focus, Some(Focus::Industry)));
    }

    #[test]
    fn errors_name_field_value_and_allowed_values() {
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
            ("[]", "", Value::Null, "an object"),
            ("7", "", Value::from(7), "struct Batch"),
            (r#"{"orders":[],"orders":[]}"#, "", Value::Null, "each field once"),
        ] {
            let (code, found) = error(json);
            assert_eq!(code, "invalid_body", "{json}");
            assert_eq!(found.field, field, "{json}: {found:?}");
            assert_eq!(found.value, value, "{json}");
            assert_eq!(found.allowed, allowed, "{json}: {found:?}");
        }
    }

    #[test]
    fn raw_values_do_not_hide_other_errors() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Raw {
            #[expect(dead_code, reason = "only parsed")]
            orders: Vec<Box<serde_json::value::RawValue>>,
        }
        let problem = parse::<Raw>(br#"{"orders":[{"a":1},2],"odd":3}"#).unwrap_err();
        let error = &problem.errors()[0];
        assert_eq!((error.field.as_str(), error.allowed.as_str()), ("odd", "orders"));
        assert_eq!(problem.detail(), "Invalid field odd: Unknown field, expected orders.");
    }

    #[test]
    fn invalid_json_is_malformed() {
        let deep = "[".repeat(100_000);
        for json in ["", "{", "{\"orders\":[]} x", "{\"orders\":[],}", "\u{feff}{}", "nul", &deep] {
            let problem = parse::<Value>(json.as_bytes()).unwrap_err();
            assert_eq!(problem.code(), "malformed_json", "{json:.20}");
        }
        assert_eq!(parse::<Value>(b"\"\xff\"").unwrap_err().code(), "malformed_json");
    }

    #[test]
    fn long_values_are_omitted() {
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
        let mut two = HeaderMap::new();
        two.append(CONTENT_TYPE, "application/json".parse().unwrap());
        two.append(CONTENT_TYPE, "text/plain".parse().unwrap());
        assert_eq!(require_json(&two).unwrap_err().status().as_u16(), 415);
    }
}
