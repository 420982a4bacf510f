//! Rewrites an OpenAPI 3.1 document as 3.0.3 for the generator, without schemas that the engine
//! defines.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// Prefix of schema references.
const SCHEMAS: &str = "#/components/schemas/";

/// The document as 3.0.3. Schemas in `replaced` are emptied, and schemas that only they used are
/// dropped.
pub(super) fn normalise(mut document: Value, replaced: &[&str]) -> Result<Value, String> {
    let version = document.get("openapi").and_then(Value::as_str).unwrap_or_default();
    if !version.starts_with("3.1.") {
        return Err(format!("the API document is of OpenAPI {version:?}; 3.1 is expected"));
    }
    document["openapi"] = json!("3.0.3");
    if let Some(root) = document.as_object_mut() {
        root.remove("jsonSchemaDialect");
        root.remove("webhooks");
    }
    if let Some(license) = document.pointer_mut("/info/license").and_then(Value::as_object_mut) {
        license.remove("identifier");
    }
    let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    let schemas = schemas.ok_or("the API document has no components.schemas")?;
    for name in replaced {
        if let Some(schema) = schemas.get_mut(*name) {
            *schema = json!({ "type": "object" });
        }
    }
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        components.remove("examples");
    }
    without_sockets(&mut document);
    one_error_type(&mut document);
    first_forms(&mut document);
    rewrite(&mut document);
    prune(&mut document);
    Ok(document)
}

/// Drops operations that answer 101: a generated HTTP client cannot switch protocols.
fn without_sockets(document: &mut Value) {
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return };
    for operations in paths.values_mut().filter_map(Value::as_object_mut) {
        operations.retain(|_, operation| operation.pointer("/responses/101").is_none());
    }
    paths.retain(|_, operations| {
        operations.as_object().is_none_or(|operations| !operations.is_empty())
    });
}

/// Media type of errors.
const PROBLEM: &str = "application/problem+json";

/// The generator supports one error type per operation: problems. A failing health check has
/// another body, so its response is dropped.
fn one_error_type(document: &mut Value) {
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return };
    for operation in paths.values_mut().filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else {
            continue;
        };
        responses.retain(|status, response| {
            let is_error = status.starts_with(['4', '5']);
            let is_problem = |content: &Value| {
                content.as_object().is_some_and(|map| map.keys().all(|key| key == PROBLEM))
            };
            // A proxy can send shared responses in any form, so the client parses them itself.
            !is_error || response.pointer("/content").is_some_and(is_problem)
        });
    }
}

/// Responses with several forms: schema of all forms, schema of the first, and the parameters that
/// select others. The generator supports one type per response, so the client always requests the
/// first.
const FORMS: [(&str, &str, &[&str]); 1] =
    [("SnapshotAnswer", "SectorSnapshot", &["fields", "since", "universe_id"])];

fn first_forms(document: &mut Value) {
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return };
    for operation in paths.values_mut().filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        let Some(schema) = operation.pointer_mut("/responses/200/content/application~1json/schema")
        else {
            continue;
        };
        let named =
            schema.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix(SCHEMAS));
        let Some((_, first, parameters)) = FORMS.iter().find(|(all, ..)| named == Some(all)) else {
            continue;
        };
        *schema = json!({ "$ref": format!("{SCHEMAS}{first}") });
        if let Some(given) = operation.get_mut("parameters").and_then(Value::as_array_mut) {
            given.retain(|parameter| {
                !parameters.iter().any(|name| parameter.get("name") == Some(&json!(name)))
            });
        }
    }
}

/// Rewrites every schema and every media type below `value`.
fn rewrite(value: &mut Value) {
    match value {
        Value::Object(object) => {
            media_types(object);
            schema(object);
            object.values_mut().for_each(rewrite);
            parameter(object);
        }
        Value::Array(items) => items.iter_mut().for_each(rewrite),
        _ => {}
    }
}

/// Declares problems as JSON; the generator would return them as bytes.
fn media_types(object: &mut Map<String, Value>) {
    // Don't rewrite examples.
    if object.contains_key("schema") {
        object.remove("example");
        object.remove("examples");
    }
    if let Some(problem) = object.remove(PROBLEM) {
        object.insert("application/json".into(), problem);
    }
}

/// Rewrites one object. These keywords mean a schema wherever they occur.
fn schema(object: &mut Map<String, Value>) {
    if object.get("$ref").is_some_and(Value::is_string) {
        // 3.0 allows nothing beside a reference.
        object.retain(|key, _| key == "$ref");
        return;
    }
    if let Some(Value::Array(kinds)) = object.get("type") {
        let named: Vec<Value> = kinds.iter().filter(|kind| *kind != "null").cloned().collect();
        let is_nullable = named.len() < kinds.len();
        if let [kind] = named.as_slice() {
            object.insert("type".into(), kind.clone());
        } else {
            object.remove("type");
        }
        if is_nullable {
            object.insert("nullable".into(), json!(true));
        }
    }
    for word in ["oneOf", "anyOf"] {
        nullable_choice(object, word);
    }
    if let Some(constant) = object.remove("const") {
        object.insert("enum".into(), json!([constant]));
    }
    for (word, limit) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        if object.get(word).is_some_and(Value::is_number)
            && let Some(bound) = object.insert(word.into(), json!(true))
        {
            object.insert(limit.into(), bound);
        }
    }
    if object.get("examples").is_some_and(Value::is_array) {
        object.remove("examples");
    }
    for word in
        ["propertyNames", "unevaluatedProperties", "contentMediaType", "contentEncoding", "$schema"]
    {
        object.remove(word);
    }
    if let Some(Value::String(format)) = object.get_mut("format")
        && let Some(bits) = format.strip_prefix("u-int")
    {
        *format = format!("uint{bits}");
    }
    unsigned(object);
}

/// Integers with a minimum of 0 or 1 are unsigned in Rust. The server checks the maximum.
fn unsigned(object: &mut Map<String, Value>) {
    let is_integer = object.get("type").is_some_and(|kind| kind == "integer");
    if !is_integer || object.get("minimum").and_then(Value::as_i64).is_none_or(|least| least < 0) {
        return;
    }
    object.remove("minimum");
    object.remove("maximum");
    if let Some(Value::String(format)) = object.get_mut("format")
        && format.starts_with("int")
    {
        format.insert(0, 'u');
    }
}

/// Optional parameters are not nullable.
fn parameter(object: &mut Map<String, Value>) {
    if object.get("in").is_some_and(Value::is_string)
        && let Some(schema) = object.get_mut("schema").and_then(Value::as_object_mut)
    {
        schema.remove("nullable");
    }
}

/// `oneOf: [T, null]` becomes a nullable T.
fn nullable_choice(object: &mut Map<String, Value>, word: &str) {
    let Some(Value::Array(choices)) = object.get_mut(word) else { return };
    let before = choices.len();
    choices.retain(|choice| choice.get("type") != Some(&json!("null")));
    if choices.len() == before {
        return;
    }
    let single = if choices.len() == 1 { choices.pop() } else { None };
    object.insert("nullable".into(), json!(true));
    if let Some(single) = single {
        object.remove(word);
        object.insert("allOf".into(), json!([single]));
    }
}

/// Drops unused schemas.
fn prune(document: &mut Value) {
    let mut reached = BTreeSet::new();
    let mut open = Vec::new();
    references(&document["paths"], &mut open);
    for section in ["responses", "parameters", "requestBodies"] {
        references(&document["components"][section], &mut open);
    }
    while let Some(name) = open.pop() {
        references(&document["components"]["schemas"][&name], &mut open);
        if reached.insert(name) {
            continue;
        }
        open.retain(|name| !reached.contains(name));
    }
    if let Some(schemas) =
        document.pointer_mut("/components/schemas").and_then(Value::as_object_mut)
    {
        schemas.retain(|name, _| reached.contains(name));
    }
}

/// Collects the names of the schemas that `value` refers to.
fn references(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            if let Some(name) = object
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|path| path.strip_prefix(SCHEMAS))
            {
                names.push(name.to_owned());
            }
            object.values().for_each(|value| references(value, names));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, names)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(schemas: &Value, replaced: &[&str]) -> Value {
        let problem =
            json!({ "schema": { "$ref": "#/components/schemas/A", "description": "beside" } });
        let paths = json!({ "/x": { "get": { "responses": {
            "200": { "content": { "application/problem+json": problem } },
            "404": { "content": { "application/problem+json": problem } },
            "503": { "content": { "application/json": problem } },
        } } } });
        let document = json!({ "openapi": "3.1.0", "info": { "license": { "name": "MIT", "identifier": "MIT" } },
            "paths": paths, "components": { "schemas": schemas } });
        normalise(document, replaced).unwrap()
    }

    #[test]
    fn nulls_become_nullable() {
        let a = json!({ "properties": {
            "plain": { "type": ["integer", "null"], "format": "u-int32" },
            "reference": { "oneOf": [{ "type": "null" }, { "$ref": "#/components/schemas/B" }] },
            "above": { "exclusiveMinimum": 0, "const": 5 },
            "count": { "type": "integer", "format": "int32", "minimum": 1, "maximum": 9 },
            "signed": { "type": "integer", "format": "int64" },
        } });
        let document = normal(&json!({ "A": a, "B": { "type": "string" } }), &[]);
        let properties = &document["components"]["schemas"]["A"]["properties"];
        assert_eq!(
            properties["plain"],
            json!({ "type": "integer", "nullable": true, "format": "uint32" })
        );
        let reference =
            json!({ "nullable": true, "allOf": [{ "$ref": "#/components/schemas/B" }] });
        assert_eq!(properties["reference"], reference);
        assert_eq!(properties["count"], json!({ "type": "integer", "format": "uint32" }));
        assert_eq!(properties["signed"], json!({ "type": "integer", "format": "int64" }));
        assert_eq!(
            properties["above"],
            json!({ "exclusiveMinimum": true, "minimum": 0, "enum": [5] })
        );
    }

    #[test]
    fn an_answer_of_several_forms_is_asked_for_in_the_first() {
        let answer = json!({ "content": { "application/json": { "schema": { "$ref": "#/components/schemas/SnapshotAnswer" } } } });
        let parameters = json!([{ "name": "since", "in": "query" }, { "name": "If-None-Match", "in": "header" }]);
        let mut document = json!({ "paths": { "/s": { "get": { "parameters": parameters, "responses": { "200": answer } } } } });
        first_forms(&mut document);
        let operation = &document["paths"]["/s"]["get"];
        assert_eq!(operation["parameters"], json!([{ "name": "If-None-Match", "in": "header" }]));
        let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        assert_eq!(*schema, json!({ "$ref": "#/components/schemas/SectorSnapshot" }));
    }

    #[test]
    fn problems_are_json_and_references_stand_alone() {
        let document = normal(&json!({ "A": { "type": "object" } }), &[]);
        let content = &document["paths"]["/x"]["get"]["responses"]["200"]["content"];
        assert_eq!(
            *content,
            json!({ "application/json": { "schema": { "$ref": "#/components/schemas/A" } } })
        );
        assert_eq!(document["info"]["license"], json!({ "name": "MIT" }));
        let responses = &document["paths"]["/x"]["get"]["responses"];
        assert_eq!(responses.as_object().unwrap().keys().collect::<Vec<_>>(), ["200", "404"]);
    }

    #[test]
    fn what_only_replaced_schemas_need_goes() {
        let to =
            |name: &str| json!({ "properties": { "x": { "$ref": format!("{SCHEMAS}{name}") } } });
        let schemas =
            json!({ "A": to("B"), "B": to("C"), "C": to("B"), "D": { "type": "object" } });
        let names = |document: &Value| -> Vec<String> {
            document["components"]["schemas"].as_object().unwrap().keys().cloned().collect()
        };
        assert_eq!(names(&normal(&schemas, &[])), ["A", "B", "C"]);
        assert_eq!(names(&normal(&schemas, &["B"])), ["A", "B"]);
    }

    #[test]
    fn another_version_is_refused() {
        assert!(normalise(json!({ "openapi": "3.0.3" }), &[]).unwrap_err().contains("3.0.3"));
    }
}
