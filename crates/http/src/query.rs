//! Query parameters, parsed strictly: unknown, repeated and malformed ones are errors.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::catalogue;
use crate::problem::{FieldError, Problem};

/// The query parameters of a request.
#[derive(Debug, Clone, Default)]
pub struct Query {
    values: BTreeMap<String, String>,
}

impl Query {
    /// Parses `query` (the part after `?`), allowing only the names in `allowed`.
    ///
    /// # Errors
    /// 400 `invalid_query`, naming each parameter that is unknown, repeated or not UTF-8.
    pub fn parse(query: Option<&str>, allowed: &[&str]) -> Result<Self, Problem> {
        let mut values = BTreeMap::new();
        let mut errors = Vec::new();
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (Some(name), Some(value)) = (decode(name), decode(value)) else {
                errors.push(FieldError::new(
                    name,
                    Value::Null,
                    "percent-encoded UTF-8",
                    "This parameter is not UTF-8.",
                ));
                continue;
            };
            if !allowed.contains(&name.as_str()) {
                let allowed = if allowed.is_empty() {
                    "no query parameters".to_owned()
                } else {
                    format!("the parameters {}", allowed.join(", "))
                };
                errors.push(FieldError::new(name, value, allowed, "Unknown query parameter."));
                continue;
            }
            match values.entry(name) {
                Entry::Vacant(entry) => {
                    entry.insert(value);
                }
                Entry::Occupied(entry) => errors.push(FieldError::new(
                    entry.key().as_str(),
                    value,
                    "each parameter once",
                    "Repeated query parameter.",
                )),
            }
        }
        if errors.is_empty() { Ok(Self { values }) } else { Err(invalid(errors)) }
    }

    /// The parameter as text.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The parameter as a `T`; `allowed` describes valid values.
    ///
    /// # Errors
    /// 400 `invalid_query` with name, value and `allowed`.
    pub fn parsed<T>(&self, name: &str, allowed: &str) -> Result<Option<T>, Problem>
    where
        T: FromStr,
        T::Err: Display,
    {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        match text.parse() {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(invalid(vec![FieldError::new(
                name,
                text,
                allowed,
                sentence(&error.to_string()),
            )])),
        }
    }

    /// The parameter as an integer within `range`.
    ///
    /// # Errors
    /// 400 `invalid_query` with name, value and range.
    pub fn integer<T>(&self, name: &str, range: RangeInclusive<T>) -> Result<Option<T>, Problem>
    where
        T: FromStr + PartialOrd + Display,
    {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        match text.parse() {
            Ok(value) if range.contains(&value) => Ok(Some(value)),
            _ => Err(invalid(vec![FieldError::new(
                name,
                text,
                format!("an integer from {} to {}", range.start(), range.end()),
                "Not an integer in this range.",
            )])),
        }
    }

    /// The parameter as `true` or `false`.
    ///
    /// # Errors
    /// 400 `invalid_query` with name and value.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>, Problem> {
        self.parsed(name, "true or false")
    }
}

/// The problem of a missing required parameter.
pub fn missing(name: &str, allowed: &str) -> Problem {
    invalid(vec![FieldError::new(name, Value::Null, allowed, "Missing query parameter.")])
}

fn invalid(errors: Vec<FieldError>) -> Problem {
    let names = errors.iter().map(|error| error.field.as_str()).collect::<Vec<_>>().join(", ");
    Problem::bad_request(catalogue::INVALID_QUERY, format!("Invalid query parameters: {names}."))
        .with_errors(errors)
}

fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// Capitalizes the first letter and adds a full stop.
pub(crate) fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let mut sentence: String =
        characters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    sentence.push_str(characters.as_str());
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_parameters_are_decoded() {
        let query = Query::parse(Some("after=17-0&name=a%20b+c&&flag"), &["after", "name", "flag"])
            .unwrap();
        assert_eq!(query.get("after"), Some("17-0"));
        assert_eq!(query.get("name"), Some("a b c"));
        assert_eq!(query.get("flag"), Some(""));
        assert_eq!(query.get("other"), None);
        assert!(Query::parse(None, &[]).is_ok());
    }

    #[test]
    fn unknown_repeated_and_undecodable_parameters_are_all_named() {
        let problem = Query::parse(Some("seed=1&sede=2&seed=3&x=%ff"), &["seed", "x"]).unwrap_err();
        assert_eq!((problem.status().as_u16(), problem.code()), (400, "invalid_query"));
        let fields: Vec<_> = problem.errors().iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["sede", "seed", "x"]);
        assert_eq!(problem.errors()[0].allowed, "the parameters seed, x");
    }

    #[test]
    fn integers_have_bounds_and_errors_name_them() {
        let query = Query::parse(
            Some("count=1001&wait=-1&seed=5&paused=yes"),
            &["count", "wait", "seed", "paused"],
        )
        .unwrap();
        let problem = query.integer::<u32>("count", 1..=1000).unwrap_err();
        assert_eq!(problem.errors()[0].allowed, "an integer from 1 to 1000");
        assert_eq!(problem.errors()[0].value, "1001");
        assert!(query.integer::<u32>("wait", 0..=30_000).is_err());
        assert_eq!(query.integer::<u64>("seed", 0..=9).unwrap(), Some(5));
        assert_eq!(query.integer::<u64>("absent", 0..=9).unwrap(), None);
        assert_eq!(query.boolean("paused").unwrap_err().errors()[0].allowed, "true or false");
    }
}
