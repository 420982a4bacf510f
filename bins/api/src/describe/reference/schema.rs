//! Types as HTML, one line per field, with links to named types.

use serde_json::Value;

use super::{escape, inline, plain, text};

/// Pointer to the named types.
const NAMED: &str = "#/components/schemas/";

/// Name of the type that a schema refers to.
fn name(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix(NAMED)
}

/// Names of all types that a value refers to.
pub(super) fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => {
            let own = name(value).map(str::to_owned);
            own.into_iter().chain(fields.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

/// Short description of a type.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(name) = name(schema) {
        return format!("<a href=\"#type-{0}\">{0}</a>", escape(name));
    }
    for choice in ["oneOf", "anyOf", "allOf"] {
        if let Some(choices) = schema[choice].as_array() {
            let between = if choice == "allOf" { " and " } else { " or " };
            return choices.iter().map(kind).collect::<Vec<_>>().join(between);
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        return values
            .iter()
            .map(|value| format!("<code>{}</code>", escape(&value.to_string())))
            .collect::<Vec<_>>()
            .join(" or ");
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => vec!["anything"],
    };
    let kinds = kinds.into_iter().map(|kind| match kind {
        "array" => format!("list of {}", self::kind(&schema["items"])),
        "integer" => format!("integer{}", range(schema)),
        "object" if schema["additionalProperties"].is_object() => {
            format!("object of {}", self::kind(&schema["additionalProperties"]))
        }
        kind => escape(kind),
    });
    kinds.collect::<Vec<_>>().join(" or ")
}

fn range(schema: &Value) -> String {
    match (schema["minimum"].as_i64(), schema["maximum"].as_i64()) {
        (Some(least), Some(most)) => format!(" {least} to {most}"),
        (Some(least), None) => format!(" from {least}"),
        (None, Some(most)) => format!(" to {most}"),
        (None, None) => String::new(),
    }
}

/// Fields or choices of a type.
pub(super) fn describe(schema: &Value) -> String {
    if let Some(fields) = schema["properties"].as_object() {
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let fields = fields.iter().map(|(field, schema)| {
            let need = if required.contains(&field.as_str()) { "" } else { ", optional" };
            let said = if text(&schema["description"]).is_empty() {
                one_of(schema)
            } else {
                text(&schema["description"])
            };
            let example =
                schema["examples"].as_array().and_then(|examples| examples.first()).map(plain);
            let example = example
                .map(|example| format!(" Example: <code>{}</code>.", escape(&example)))
                .unwrap_or_default();
            format!(
                "<dt><code>{}</code> <small>{}{need}</small></dt><dd>{}{example}</dd>",
                escape(field),
                kind(schema),
                inline(said)
            )
        });
        return format!("<dl>{}</dl>", fields.collect::<String>());
    }
    for choice in ["oneOf", "anyOf", "allOf"] {
        if let Some(choices) = schema[choice].as_array() {
            let words = match choice {
                "oneOf" => "One of:",
                "anyOf" => "Any of:",
                _ => "All of:",
            };
            let choices = choices.iter().map(|choice| match name(choice) {
                Some(_) => format!("<li>{}</li>", kind(choice)),
                None => {
                    let said = inline(text(&choice["description"]));
                    let fields = describe(choice);
                    format!("<li>{said}{fields}</li>")
                }
            });
            return format!("<p>{words}</p><ul>{}</ul>", choices.collect::<String>());
        }
    }
    format!("<p>{}</p>", kind(schema))
}

/// Description of a nullable reference.
fn one_of(schema: &Value) -> &str {
    let choices = schema["oneOf"].as_array().into_iter().flatten();
    choices
        .map(|choice| text(&choice["description"]))
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}
