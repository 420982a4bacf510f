//! Validates JSON against the schemas of an OpenAPI document, as far as this API uses them.
//! Stricter than JSON Schema: undocumented fields are errors. An unknown keyword fails the test, so
//! that nothing passes unchecked.

use std::collections::BTreeSet;

use serde_json::Value;

/// The schemas of a document.
pub(crate) struct Schemas<'a>(&'a Value);

/// Documented fields of an object; `None` until a schema lists any.
type Described = Option<BTreeSet<String>>;

/// The target of the reference, or `value` itself.
pub(crate) fn target<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(reference) => document.pointer(reference.strip_prefix('#').unwrap()).expect(reference),
        None => value,
    }
}

impl<'a> Schemas<'a> {
    pub(crate) fn of(document: &'a Value) -> Self {
        Self(document)
    }

    /// Checks a value.
    ///
    /// # Errors
    /// The path of the first mismatch, and what is wrong.
    pub(crate) fn check(&self, schema: &Value, value: &Value) -> Result<(), String> {
        self.whole(schema, value, "")
    }

    /// A value and all its fields.
    fn whole(&self, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
        let described = self.fits(schema, value, place)?;
        if let (Some(described), Value::Object(fields)) = (described, value)
            && let Some(name) = fields.keys().find(|name| !described.contains(*name))
        {
            return Err(format!("{place}/{name} is not described"));
        }
        Ok(())
    }

    fn fits(&self, schema: &Value, value: &Value, place: &str) -> Result<Described, String> {
        let mut described: Described = None;
        let fault = |what: String| -> Result<Described, String> {
            let shown: String = value.to_string().chars().take(80).collect();
            Err(format!("{place} is {shown}: {what}"))
        };
        for (word, argument) in schema.as_object().expect("a schema is an object") {
            match word.as_str() {
                "description" | "example" | "examples" | "default" | "title" | "deprecated" => {}
                "$ref" => add(&mut described, self.fits(target(self.0, schema), value, place)?),
                "type" if !is_of(argument, value) => {
                    return fault(format!("it should be {argument}"));
                }
                "enum" if !argument.as_array().unwrap().contains(value) => {
                    return fault(format!("none of {argument}"));
                }
                "const" if argument != value => return fault(format!("it should be {argument}")),
                "type" | "enum" | "const" => {}
                "format" => {
                    if let Some(fault_of_format) = format(argument.as_str().unwrap(), value) {
                        return fault(fault_of_format);
                    }
                }
                "minimum" | "maximum" => {
                    let (bound, found) =
                        (argument.as_f64().unwrap(), value.as_f64().unwrap_or_default());
                    let is_within = if word == "minimum" { found >= bound } else { found <= bound };
                    if value.is_number() && !is_within {
                        return fault(format!("{word} is {bound}"));
                    }
                }
                "minLength" | "maxLength" | "minItems" | "maxItems" => {
                    let length = match value {
                        Value::String(text) if word.ends_with("Length") => text.chars().count(),
                        Value::Array(list) if word.ends_with("Items") => list.len(),
                        _ => continue,
                    };
                    let bound = usize::try_from(argument.as_u64().unwrap()).unwrap();
                    if if word.starts_with("min") { length < bound } else { length > bound } {
                        return fault(format!("{word} is {bound}"));
                    }
                }
                "pattern" => {
                    if value.as_str().is_some_and(|text| !matches(argument.as_str().unwrap(), text))
                    {
                        return fault(format!("it does not match {argument}"));
                    }
                }
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.whole(argument, item, &format!("{place}/{index}"))?;
                    }
                }
                "required" => {
                    let missing = |name: &&Value| {
                        value.is_object() && value.get(name.as_str().unwrap()).is_none()
                    };
                    if let Some(name) = argument.as_array().unwrap().iter().find(missing) {
                        return fault(format!("{name} is missing"));
                    }
                }
                "properties" => {
                    let properties = argument.as_object().unwrap();
                    add(&mut described, Some(properties.keys().cloned().collect()));
                    for (name, schema) in properties {
                        if let Some(field) = value.get(name) {
                            self.whole(schema, field, &format!("{place}/{name}"))?;
                        }
                    }
                }
                "additionalProperties" => {
                    let own = schema.get("properties").and_then(Value::as_object);
                    for (name, field) in value.as_object().into_iter().flatten() {
                        if own.is_none_or(|own| !own.contains_key(name)) && argument.is_object() {
                            self.whole(argument, field, &format!("{place}/{name}"))?;
                        }
                    }
                    if *argument != Value::Bool(false) {
                        add(
                            &mut described,
                            value.as_object().map(|fields| fields.keys().cloned().collect()),
                        );
                    }
                }
                "propertyNames" => {
                    for name in value.as_object().into_iter().flatten().map(|(name, _)| name) {
                        self.whole(
                            argument,
                            &Value::from(name.as_str()),
                            &format!("{place}/{name}"),
                        )?;
                    }
                }
                "allOf" => {
                    for part in argument.as_array().unwrap() {
                        add(&mut described, self.fits(part, value, place)?);
                    }
                }
                // Any of them: the fields of all matching schemas are documented.
                "anyOf" => {
                    let tried: Vec<_> = argument
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|part| self.fits(part, value, place))
                        .collect();
                    if tried.iter().all(Result::is_err) {
                        return fault(format!("none of the choices: {tried:?}"));
                    }
                    tried.into_iter().flatten().for_each(|more| add(&mut described, more));
                }
                "oneOf" => {
                    let tried: Vec<_> = argument
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|part| self.fits(part, value, place))
                        .collect();
                    let mut good = tried.iter().flatten();
                    match (good.next(), good.next()) {
                        (Some(one), None) => add(&mut described, one.clone()),
                        (Some(_), Some(_)) => {
                            return fault(
                                "it is several of those of which it should be one".to_owned(),
                            );
                        }
                        (None, _) => {
                            let faults: Vec<&String> =
                                tried.iter().filter_map(|tried| tried.as_ref().err()).collect();
                            return fault(format!("none of the choices: {faults:?}"));
                        }
                    }
                }
                word => panic!("the schema word {word} is not known here: {schema}"),
            }
        }
        Ok(described)
    }
}

fn add(described: &mut Described, more: Described) {
    if let Some(more) = more {
        described.get_or_insert_default().extend(more);
    }
}

fn is_of(types: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        name => panic!("the type {name} is not known here"),
    };
    match types {
        Value::Array(types) => types.iter().any(|name| is(name.as_str().unwrap())),
        name => is(name.as_str().unwrap()),
    }
}

/// The error of a number for this format.
fn format(name: &str, value: &Value) -> Option<String> {
    let number = value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from))?;
    let range = match name {
        "int8" => i128::from(i8::MIN)..=i128::from(i8::MAX),
        "int16" => i128::from(i16::MIN)..=i128::from(i16::MAX),
        "int32" => i128::from(i32::MIN)..=i128::from(i32::MAX),
        "int64" => i128::from(i64::MIN)..=i128::from(i64::MAX),
        "uint8" | "u-int8" => 0..=i128::from(u8::MAX),
        "uint16" | "u-int16" => 0..=i128::from(u16::MAX),
        "uint32" | "u-int32" => 0..=i128::from(u32::MAX),
        "uint64" | "u-int64" => 0..=i128::from(u64::MAX),
        name => panic!("the format {name} is not known here"),
    };
    (!range.contains(&number)).then(|| format!("it does not fit {name}"))
}

/// Whether a text matches a pattern of the form `^[a-z0-9]{16}$`, the only one in use.
fn matches(pattern: &str, text: &str) -> bool {
    let parts = pattern.strip_prefix("^[").and_then(|rest| rest.strip_suffix("}$"));
    let (class, count) = parts.and_then(|rest| rest.split_once("]{")).expect(pattern);
    let class: Vec<char> = class.chars().collect();
    let mut allowed: Vec<std::ops::RangeInclusive<char>> = Vec::new();
    let mut at = 0;
    while at < class.len() {
        let is_range = class.get(at + 1) == Some(&'-') && at + 2 < class.len();
        allowed.push(class[at]..=class[if is_range { at + 2 } else { at }]);
        at += if is_range { 3 } else { 1 };
    }
    text.chars().count() == count.parse::<usize>().expect(pattern)
        && text.chars().all(|character| allowed.iter().any(|range| range.contains(&character)))
}

#[test]
fn mismatches_are_found() {
    use serde_json::json;
    let document = json!({"components": {"schemas": {
        "Base": {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer", "minimum": 1}}},
        "Both": {"allOf": [{"$ref": "#/components/schemas/Base"}, {"type": "object", "properties": {"b": {"type": ["string", "null"]}}}]},
        "Either": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Base"}]},
        "Map": {"type": "object", "additionalProperties": {"type": "boolean"}, "propertyNames": {"type": "string", "maxLength": 2}},
        "Some": {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "^[0-9a-f]{4}$"}},
        "Word": {"type": "string", "enum": ["x", "y"]},
        "Small": {"type": "integer", "format": "uint8"},
        "Free": {"type": "object"},
    }}});
    let schemas = Schemas::of(&document);
    for (name, value, fault) in [
        ("Base", json!({"a": 1}), ""),
        ("Base", json!({"a": 0}), "minimum"),
        ("Base", json!({}), "missing"),
        ("Base", json!({"a": 1, "b": 2}), "/b is not described"),
        ("Both", json!({"a": 1, "b": null}), ""),
        ("Both", json!({"a": 1, "b": 1}), "/b"),
        ("Both", json!({"a": 1, "c": 1}), "/c is not described"),
        ("Either", json!(null), ""),
        ("Either", json!({"a": 1}), ""),
        ("Either", json!({"a": 1, "z": 1}), "/z is not described"),
        ("Either", json!(7), "none of the choices"),
        ("Map", json!({"x": true}), ""),
        ("Map", json!({"x": 1}), "/x"),
        ("Map", json!({"long": true}), "maxLength"),
        ("Some", json!(["00ff"]), ""),
        ("Some", json!([]), "minItems"),
        ("Some", json!(["00fg"]), "match"),
        ("Some", json!(["00fff"]), "match"),
        ("Word", json!("x"), ""),
        ("Word", json!("z"), "none of"),
        ("Small", json!(255), ""),
        ("Small", json!(256), "fit"),
        ("Small", json!(1.5), "integer"),
        ("Free", json!({"any": 1}), ""),
    ] {
        let schema = json!({"$ref": format!("#/components/schemas/{name}")});
        match schemas.check(&schema, &value) {
            Ok(()) => assert_eq!(fault, "", "{name} {value}"),
            Err(found) => {
                assert!(!fault.is_empty() && found.contains(fault), "{name} {value}: {found}");
            }
        }
    }
}
