//! Finds the field of a JSON body that does not fit a type.
//!
//! `serde_json` reports errors as text only. So the parsed body is deserialized again by a deserializer of our own, whose error
//! type records what serde reports: the field, and what was expected.

use std::fmt::{self, Display};

use serde::Deserializer;
use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Error, Expected, IntoDeserializer, Unexpected, Visitor};
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use crate::problem::FieldError;

/// Longest value that an error repeats, in bytes of JSON.
const SHOWN_BYTES_MAX: usize = 200;

/// The first field of `body` that does not fit `T`.
pub(super) fn find<T: DeserializeOwned>(body: &Value) -> Option<FieldError> {
    let error = serde_path_to_error::deserialize::<_, T>(Node(body)).err()?;
    let (mut field, mut value) = locate(body, error.path());
    let Fault { name, allowed, detail } = error.into_inner();
    // The path may already end with an unknown field.
    if let Some(name) = name.filter(|name| !field.ends_with(&format!(".{name}")) && field != *name)
    {
        value = value.and_then(|value| value.get(&name));
        push(&mut field, &name);
    }
    let value = value.cloned().unwrap_or(Value::Null);
    let is_short = value.to_string().len() <= SHOWN_BYTES_MAX;
    let value = if is_short { value } else { Value::from("(too long to repeat)") };
    Some(FieldError::new(field, value, allowed, detail))
}

/// The path as text, such as `orders[2].faction`, and the value there.
fn locate<'a>(body: &'a Value, path: &Path) -> (String, Option<&'a Value>) {
    let (mut field, mut value) = (String::new(), Some(body));
    for segment in path {
        match segment {
            Segment::Seq { index } => {
                field.push_str(&format!("[{index}]"));
                value = value.and_then(|value| value.get(index));
            }
            Segment::Map { key } | Segment::Enum { variant: key } => {
                push(&mut field, key);
                value = value.and_then(|value| value.get(key));
            }
            Segment::Unknown => {}
        }
    }
    (field, value)
}

fn push(field: &mut String, name: &str) {
    if !field.is_empty() {
        field.push('.');
    }
    field.push_str(name);
}

/// Why a value does not fit.
#[derive(Debug)]
struct Fault {
    /// The unknown or missing field of the object at fault.
    name: Option<String>,
    allowed: String,
    detail: String,
}

impl Fault {
    fn unexpected(unexpected: &dyn Display, expected: &dyn Expected) -> Self {
        let allowed = expected.to_string();
        let detail = format!("Expected {allowed}, found {unexpected}.");
        Self { name: None, allowed, detail }
    }
}

impl Error for Fault {
    fn custom<T: Display>(message: T) -> Self {
        let detail = crate::query::sentence(&message.to_string());
        Self { name: None, allowed: "see the API document".to_owned(), detail }
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::unexpected(&unexpected, expected)
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::unexpected(&unexpected, expected)
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::unexpected(&format_args!("{length} elements"), expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let allowed = one_of(expected);
        let detail = format!("Expected {allowed}, found {variant:?}.");
        Self { name: None, allowed, detail }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let allowed = one_of(expected);
        let detail = format!("Unknown field, expected {allowed}.");
        Self { name: Some(field.to_owned()), allowed, detail }
    }

    fn missing_field(field: &'static str) -> Self {
        let detail = "Missing field.".to_owned();
        Self { name: Some(field.to_owned()), allowed: "a value".to_owned(), detail }
    }
}

impl Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.detail)
    }
}

impl std::error::Error for Fault {}

fn one_of(names: &[&str]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [name] => (*name).to_owned(),
        [one, other] => format!("{one} or {other}"),
        names => format!("one of {}", names.join(", ")),
    }
}

/// Deserializes from a parsed value.
#[derive(Clone, Copy)]
struct Node<'de>(&'de Value);

impl<'de> Deserializer<'de> for Node<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => {
                let mut items = SeqDeserializer::new(items.iter().map(Node));
                let value = visitor.visit_seq(&mut items)?;
                items.end().map(|()| value)
            }
            Value::Object(fields) => {
                let fields = fields.iter().map(|(name, value)| (name.as_str(), Node(value)));
                let mut fields = MapDeserializer::new(fields);
                let value = visitor.visit_map(&mut fields)?;
                fields.end().map(|()| value)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        // Types of serde_json itself, such as RawValue, can be read from its values only.
        if name.starts_with("$serde_json::") {
            return self.0.deserialize_newtype_struct(name, visitor).map_err(Fault::custom);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.0 {
            Value::String(variant) => visitor.visit_enum(variant.as_str().into_deserializer()),
            Value::Object(fields) if fields.len() == 1 => {
                let fields = fields.iter().map(|(name, value)| (name.as_str(), Node(value)));
                visitor.visit_enum(MapAccessDeserializer::new(MapDeserializer::new(fields)))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Fault> for Node<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
