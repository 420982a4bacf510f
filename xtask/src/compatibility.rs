//! Whether clients that were written for an earlier API document still work with the present one.
//!
//! Requests may be made easier and answers may say more; never the other way round. What is compared is what a client
//! can stumble over: paths, operations, parameters, bodies, answers and the schemas below them, references followed.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Map, Value};

use crate::run::{Result, root};

/// The API document.
const DOCUMENT: &str = "docs/openapi.json";
/// The API document as it was last agreed on.
const BASELINE: &str = "docs/openapi.baseline.json";
/// Where changes that break clients are told.
const CHANGELOG: &str = "docs/reference/api-changelog.md";
/// Set this variable to agree on the present document.
const UPDATE: &str = "UPDATE_BASELINE";
/// Deepest nesting that is followed: schemas may refer to themselves.
const DEPTH_MAX: usize = 24;

/// Compares the document with the baseline. With `UPDATE_BASELINE` set it becomes the baseline, which takes a new entry
/// in the changelog if anything breaks.
pub(crate) fn check() -> Result {
    println!("\n== compatibility of the API");
    let (before, after) = (read(BASELINE)?, read(DOCUMENT)?);
    let faults = differences(&parse(BASELINE, &before)?, &parse(DOCUMENT, &after)?);
    if std::env::var_os(UPDATE).is_some() {
        if !faults.is_empty() {
            told(&faults)?;
        }
        let path = root().join(BASELINE);
        return fs::write(&path, after)
            .map_err(|error| format!("{} cannot be written: {error}", path.display()));
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{DOCUMENT} breaks clients of {BASELINE}:\n  {}\nIf that is meant, tell it in {CHANGELOG} and run {UPDATE}=1 cargo xtask check",
        faults.join("\n  ")
    ))
}

/// Every change that breaks has to be in the changelog by its place.
fn told(faults: &[String]) -> Result {
    let changelog = read(CHANGELOG)?;
    let is_told =
        |fault: &&String| !changelog.contains(fault.split(": ").next().unwrap_or_default());
    let missing: Vec<&str> = faults.iter().filter(is_told).map(String::as_str).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!("{CHANGELOG} does not tell of\n  {}", missing.join("\n  ")))
}

fn read(file: &str) -> Result<String> {
    fs::read_to_string(root().join(file)).map_err(|error| format!("{file} cannot be read: {error}"))
}

fn parse(file: &str, text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| format!("{file} is not JSON: {error}"))
}

/// What in `after` breaks clients of `before`, each as a place and a sentence.
pub(crate) fn differences(before: &Value, after: &Value) -> Vec<String> {
    let mut comparison = Comparison { before, after, faults: BTreeSet::new() };
    for (path, item) in entries(&before["paths"]) {
        for (method, operation) in entries(item) {
            let place = format!("{} {path}", method.to_uppercase());
            match after["paths"].get(path).and_then(|item| item.get(method)) {
                Some(now) => comparison.operation(&place, operation, now),
                None => comparison.fault(&place, "it is gone"),
            }
        }
    }
    comparison.faults.into_iter().collect()
}

/// Who writes what a schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// The client: all that it could send must still be taken.
    Request,
    /// The server: nothing may come that could not before.
    Answer,
}

struct Comparison<'a> {
    before: &'a Value,
    after: &'a Value,
    faults: BTreeSet<String>,
}

impl<'a> Comparison<'a> {
    fn fault(&mut self, place: &str, what: &str) {
        self.faults.insert(format!("{place}: {what}"));
    }

    fn operation(&mut self, place: &str, before: &'a Value, after: &'a Value) {
        self.parameters(place, before, after);
        self.security(place, before, after);
        match (before.get("requestBody"), after.get("requestBody")) {
            (None, Some(now)) if now["required"] == true => {
                self.fault(place, "it takes a body now");
            }
            (Some(was), Some(now)) => {
                if was["required"] != true && now["required"] == true {
                    self.fault(place, "the body must be sent now");
                }
                self.contents(
                    &format!("{place} body"),
                    &was["content"],
                    &now["content"],
                    Side::Request,
                );
            }
            _ => {}
        }
        for (status, was) in entries(&before["responses"]) {
            let place = format!("{place} {status}");
            match after["responses"].get(status) {
                Some(now) => {
                    let (was, now) = (target(self.before, was), target(self.after, now));
                    self.contents(&place, &was["content"], &now["content"], Side::Answer);
                    for (name, _) in entries(&was["headers"]) {
                        if now["headers"].get(name).is_none() {
                            self.fault(&format!("{place} header {name}"), "it is gone");
                        }
                    }
                }
                // An error that is not answered any more hurts nobody.
                None if status.starts_with(['4', '5']) => {}
                None => self.fault(&place, "it is gone"),
            }
        }
        for (status, _) in entries(&after["responses"]) {
            if status.starts_with('2') && before["responses"].get(status).is_none() {
                self.fault(&format!("{place} {status}"), "clients do not know this success");
            }
        }
    }

    fn parameters(&mut self, place: &str, before: &'a Value, after: &'a Value) {
        let was = |parameter: &&Value, one: &Value| {
            parameter["name"] == one["name"] && parameter["in"] == one["in"]
        };
        for one in items(&before["parameters"]) {
            let place = format!("{place} parameter {}", one["name"].as_str().unwrap_or_default());
            match items(&after["parameters"]).find(|now| was(now, one)) {
                Some(now) => {
                    if one["required"] != true && now["required"] == true {
                        self.fault(&place, "it must be sent now");
                    }
                    self.schema(&place, &one["schema"], &now["schema"], Side::Request, 0);
                }
                None => self.fault(&place, "it is gone"),
            }
        }
        for now in items(&after["parameters"]).filter(|now| now["required"] == true) {
            if !items(&before["parameters"]).any(|one| was(&now, one)) {
                let name = now["name"].as_str().unwrap_or_default();
                self.fault(&format!("{place} parameter {name}"), "it is new and must be sent");
            }
        }
    }

    fn security(&mut self, place: &str, before: &Value, after: &Value) {
        let schemes = |operation: &Value| -> BTreeSet<String> {
            items(&operation["security"]).flat_map(entries).map(|(name, _)| name.clone()).collect()
        };
        let (was, now) = (schemes(before), schemes(after));
        if was.is_empty() && !now.is_empty() {
            self.fault(place, "it takes credentials now");
        }
        for gone in was.difference(&now).filter(|_| !now.is_empty()) {
            self.fault(place, &format!("it does not take {gone} any more"));
        }
    }

    fn contents(&mut self, place: &str, before: &'a Value, after: &'a Value, side: Side) {
        for (media_type, was) in entries(before) {
            match after.get(media_type) {
                Some(now) => self.schema(place, &was["schema"], &now["schema"], side, 0),
                None => self.fault(place, &format!("{media_type} is gone")),
            }
        }
    }

    fn schema(
        &mut self,
        place: &str,
        before: &'a Value,
        after: &'a Value,
        side: Side,
        depth: usize,
    ) {
        if depth > DEPTH_MAX {
            return;
        }
        let (before, after) = (target(self.before, before), target(self.after, after));
        self.kinds(place, before, after, side);
        self.words(place, before, after, side);
        self.bounds(place, before, after, side);
        self.fields(place, before, after, side, depth);
        for word in ["items", "additionalProperties"] {
            if let (Some(was), Some(now)) = (before.get(word), after.get(word))
                && was.is_object()
                && now.is_object()
            {
                self.schema(&format!("{place}[]"), was, now, side, depth + 1);
            }
        }
        self.choices(place, before, after, side, depth);
    }

    /// Types: what is added to a request is fine, and what is taken from an answer.
    fn kinds(&mut self, place: &str, before: &Value, after: &Value, side: Side) {
        let (was, now) = (kinds(before), kinds(after));
        let (Some(was), Some(now)) = (was, now) else { return };
        let (narrow, wide) = if side == Side::Request { (&was, &now) } else { (&now, &was) };
        let takes =
            |kind: &String| wide.contains(kind) || (kind == "integer" && wide.contains("number"));
        if !narrow.iter().all(takes) {
            self.fault(place, &format!("its type was {was:?} and is {now:?}"));
        }
    }

    fn words(&mut self, place: &str, before: &Value, after: &Value, side: Side) {
        let (narrow, wide) = if side == Side::Request { (before, after) } else { (after, before) };
        // Without a list, any word is possible.
        if wide.get("enum").is_none() {
            return;
        }
        if narrow.get("enum").is_none() {
            return self.fault(place, "its list of words changed to or from none");
        }
        for word in
            items(&narrow["enum"]).filter(|word| !items(&wide["enum"]).any(|known| known == *word))
        {
            let what = if side == Side::Request {
                "is not taken any more"
            } else {
                "may come and could not"
            };
            self.fault(place, &format!("{word} {what}"));
        }
    }

    fn bounds(&mut self, place: &str, before: &Value, after: &Value, side: Side) {
        if side == Side::Answer {
            return;
        }
        for (word, is_least) in [
            ("minimum", true),
            ("minLength", true),
            ("minItems", true),
            ("maximum", false),
            ("maxLength", false),
            ("maxItems", false),
        ] {
            let (was, now) = (before[word].as_f64(), after[word].as_f64());
            let is_narrower = match (was, now) {
                (Some(was), Some(now)) => {
                    if is_least {
                        now > was
                    } else {
                        now < was
                    }
                }
                (None, Some(_)) => true,
                _ => false,
            };
            if is_narrower {
                self.fault(place, &format!("{word} was {} and is {}", before[word], after[word]));
            }
        }
        if after.get("pattern").is_some() && before.get("pattern") != after.get("pattern") {
            self.fault(place, "its pattern changed");
        }
    }

    fn fields(
        &mut self,
        place: &str,
        before: &'a Value,
        after: &'a Value,
        side: Side,
        depth: usize,
    ) {
        let must = |schema: &Value, name: &str| items(&schema["required"]).any(|one| one == name);
        for (name, was) in entries(&before["properties"]) {
            let place = format!("{place}.{name}");
            let Some(now) = after["properties"].get(name) else {
                self.fault(&place, "it is gone");
                continue;
            };
            if side == Side::Answer && must(before, name) && !must(after, name) {
                self.fault(&place, "it may be missing now");
            }
            if side == Side::Request && !must(before, name) && must(after, name) {
                self.fault(&place, "it must be sent now");
            }
            self.schema(&place, was, now, side, depth + 1);
        }
        for (name, _) in entries(&after["properties"]) {
            if side == Side::Request
                && before["properties"].get(name).is_none()
                && must(after, name)
            {
                self.fault(&format!("{place}.{name}"), "it is new and must be sent");
            }
        }
    }

    /// Alternatives are told apart by what they say of themselves; an answer may have new ones only where a `type` lets
    /// clients pass them over.
    fn choices(
        &mut self,
        place: &str,
        before: &'a Value,
        after: &'a Value,
        side: Side,
        depth: usize,
    ) {
        for word in ["oneOf", "anyOf"] {
            let named = |document: &'a Value, schema: &'a Value| -> Vec<(String, &'a Value)> {
                items(&schema[word]).map(|one| (name(document, one), one)).collect()
            };
            let (was, now) = (named(self.before, before), named(self.after, after));
            for (name, one) in &was {
                let place = format!("{place}<{name}>");
                match now.iter().find(|(other, _)| other == name) {
                    Some((_, other)) => self.schema(&place, one, other, side, depth + 1),
                    None if side == Side::Request => self.fault(&place, "it is gone"),
                    // A client that waits for it waits in vain.
                    None if name != "null" => self.fault(&place, "it does not come any more"),
                    None => {}
                }
            }
            for (name, _) in now.iter().filter(|_| side == Side::Answer && !was.is_empty()) {
                let is_new = !was.iter().any(|(other, _)| other == name);
                if is_new && !name.starts_with("type=") && !name.starts_with("kind=") {
                    self.fault(&format!("{place}<{name}>"), "it may come and could not");
                }
            }
        }
        for part in items(&before["allOf"]).zip(items(&after["allOf"])) {
            self.schema(place, part.0, part.1, side, depth + 1);
        }
        if items(&before["allOf"]).count() != items(&after["allOf"]).count() {
            self.fault(place, "it is made of other parts");
        }
    }
}

/// What an alternative is called: by its tag, its reference, its word or its type.
fn name(document: &Value, schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = target(document, schema);
        return tag(target)
            .unwrap_or_else(|| reference.rsplit('/').next().unwrap_or_default().to_owned());
    }
    if let Some(tag) = tag(schema) {
        return tag;
    }
    if schema.get("enum").is_some() {
        return schema["enum"].to_string();
    }
    if let Some(first) = items(&schema["allOf"]).next() {
        return items(&schema["allOf"]).find_map(tag).unwrap_or_else(|| name(document, first));
    }
    kinds(schema).map(|kinds| kinds.into_iter().collect::<Vec<_>>().join("|")).unwrap_or_default()
}

/// The one word of its `type` or `kind`.
fn tag(schema: &Value) -> Option<String> {
    ["type", "kind"].into_iter().find_map(|field| {
        let words = schema["properties"][field]["enum"].as_array()?;
        Some(format!("{field}={}", words.first()?.as_str()?))
    })
}

fn kinds(schema: &Value) -> Option<BTreeSet<String>> {
    match schema.get("type")? {
        Value::Array(kinds) => {
            Some(kinds.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        }
        kind => Some([kind.as_str()?.to_owned()].into()),
    }
}

fn target<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let pointer = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn api() -> Value {
        json!({
            "paths": {
                "/a": {
                    "get": {
                        "parameters": [{"name": "count", "in": "query", "schema": {"type": "integer", "maximum": 10}}],
                        "responses": {
                            "200": {"headers": {"ETag": {}}, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}}},
                            "404": {"$ref": "#/components/responses/Nothing"}
                        }
                    },
                    "post": {
                        "security": [{"bearer": []}, {"bot": []}],
                        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Wish"}}}},
                        "responses": {"202": {}}
                    }
                }
            },
            "components": {
                "responses": {"Nothing": {"content": {"application/problem+json": {"schema": {"type": "object"}}}}},
                "schemas": {
                    "Answer": {"type": "object", "required": ["x"], "properties": {
                        "x": {"type": "integer"},
                        "y": {"type": ["string", "null"]},
                        "colour": {"type": "string", "enum": ["red", "blue"]},
                        "again": {"type": "array", "items": {"$ref": "#/components/schemas/Answer"}},
                        "event": {"oneOf": [
                            {"type": "object", "properties": {"type": {"type": "string", "enum": ["begun"]}, "at": {"type": "integer"}}},
                            {"type": "object", "properties": {"type": {"type": "string", "enum": ["ended"]}}}
                        ]}
                    }},
                    "Wish": {"type": "object", "required": ["name"], "properties": {
                        "name": {"type": "string", "maxLength": 10},
                        "kind": {"type": "string", "enum": ["move", "focus"]},
                        "much": {"type": "integer"}
                    }}
                }
            }
        })
    }

    /// The faults after one place of the document was set, or taken out.
    fn after(pointer: &str, value: Option<Value>) -> Vec<String> {
        let mut changed = api();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let name = name.replace("~1", "/");
        let parent = changed.pointer_mut(parent).unwrap();
        match (parent, value) {
            (Value::Object(map), Some(value)) => drop(map.insert(name, value)),
            (Value::Object(map), None) => drop(map.remove(&name).unwrap()),
            (Value::Array(list), Some(value)) => list.push(value),
            (Value::Array(list), None) => drop(list.remove(name.parse().unwrap())),
            (other, _) => panic!("{other}"),
        }
        differences(&api(), &changed)
    }

    const ANSWER: &str = "/components/schemas/Answer";
    const WISH: &str = "/components/schemas/Wish";

    #[test]
    fn what_breaks_nobody_passes() {
        assert_eq!(differences(&api(), &api()), Vec::<String>::new());
        for (pointer, value) in [
            ("/paths/~1b".to_owned(), Some(json!({"get": {"responses": {}}}))),
            ("/paths/~1a/delete".to_owned(), Some(json!({"responses": {}}))),
            ("/paths/~1a/get/responses/404".to_owned(), None),
            ("/paths/~1a/get/responses/429".to_owned(), Some(json!({}))),
            (
                "/paths/~1a/get/parameters/1".to_owned(),
                Some(json!({"name": "after", "in": "query"})),
            ),
            ("/paths/~1a/get/parameters/0/schema/maximum".to_owned(), Some(json!(20))),
            (format!("{ANSWER}/properties/z"), Some(json!({"type": "string"}))),
            (format!("{ANSWER}/properties/y/type"), Some(json!("string"))),
            (format!("{ANSWER}/properties/colour/enum/1"), None),
            (
                format!("{ANSWER}/properties/event/oneOf/2"),
                Some(json!({"properties": {"type": {"enum": ["paused"]}}})),
            ),
            (format!("{ANSWER}/required/1"), Some(json!("y"))),
            (format!("{WISH}/properties/more"), Some(json!({"type": "string"}))),
            (format!("{WISH}/properties/name/maxLength"), Some(json!(11))),
            (format!("{WISH}/properties/much/type"), Some(json!(["integer", "null"]))),
            (format!("{WISH}/properties/kind/enum/2"), Some(json!("muster"))),
            (format!("{WISH}/required/0"), None),
        ] {
            assert_eq!(after(&pointer, value), Vec::<String>::new(), "{pointer}");
        }
    }

    #[test]
    fn what_breaks_somebody_is_found() {
        for (pointer, value, fault) in [
            ("/paths/~1a".to_owned(), None, "GET /a: it is gone"),
            ("/paths/~1a/post".to_owned(), None, "POST /a: it is gone"),
            ("/paths/~1a/get/responses/200".to_owned(), None, "GET /a 200: it is gone"),
            (
                "/paths/~1a/get/responses/201".to_owned(),
                Some(json!({})),
                "GET /a 201: clients do not know",
            ),
            (
                "/paths/~1a/get/responses/200/headers/ETag".to_owned(),
                None,
                "GET /a 200 header ETag: it is gone",
            ),
            (
                "/paths/~1a/get/security".to_owned(),
                Some(json!([{"bearer": []}])),
                "GET /a: it takes credentials",
            ),
            ("/paths/~1a/post/security/1".to_owned(), None, "POST /a: it does not take bot"),
            (
                "/paths/~1a/post/requestBody/required".to_owned(),
                Some(json!(true)),
                "POST /a: the body must be sent",
            ),
            ("/paths/~1a/get/parameters/0".to_owned(), None, "GET /a parameter count: it is gone"),
            (
                "/paths/~1a/get/parameters/0/required".to_owned(),
                Some(json!(true)),
                "count: it must be sent now",
            ),
            (
                "/paths/~1a/get/parameters/0/schema/maximum".to_owned(),
                Some(json!(9)),
                "count: maximum was 10 and is 9",
            ),
            (
                "/paths/~1a/get/parameters/1".to_owned(),
                Some(json!({"name": "of", "in": "query", "required": true})),
                "of: it is new and must be sent",
            ),
            (format!("{ANSWER}/properties/x"), None, "GET /a 200.x: it is gone"),
            (
                format!("{ANSWER}/properties/x/type"),
                Some(json!("number")),
                "GET /a 200.x: its type",
            ),
            (
                format!("{ANSWER}/properties/x/type"),
                Some(json!(["integer", "null"])),
                "GET /a 200.x: its type",
            ),
            (format!("{ANSWER}/required/0"), None, "GET /a 200.x: it may be missing"),
            (
                format!("{ANSWER}/properties/colour/enum/2"),
                Some(json!("grey")),
                "colour: \"grey\" may come",
            ),
            (format!("{ANSWER}/properties/colour/enum"), None, "colour: its list of words"),
            (
                format!("{ANSWER}/properties/event/oneOf/0"),
                None,
                "<type=begun>: it does not come any more",
            ),
            (
                format!("{ANSWER}/properties/event/oneOf/0/properties/at"),
                None,
                "<type=begun>.at: it is gone",
            ),
            (
                format!("{ANSWER}/properties/event/oneOf/2"),
                Some(json!({"type": "string"})),
                "<string>: it may come",
            ),
            (format!("{WISH}/properties/much"), None, "POST /a body.much: it is gone"),
            (
                format!("{WISH}/properties/name/maxLength"),
                Some(json!(9)),
                "name: maxLength was 10 and is 9",
            ),
            (format!("{WISH}/properties/name/pattern"), Some(json!("^x")), "name: its pattern"),
            (format!("{WISH}/properties/kind/enum/0"), None, "kind: \"move\" is not taken"),
            (format!("{WISH}/properties/much/enum"), Some(json!([1])), "much: its list of words"),
            (format!("{WISH}/required/1"), Some(json!("much")), "much: it must be sent now"),
            (
                "/components/responses/Nothing/content/application~1problem+json".to_owned(),
                None,
                "404: application/problem+json is gone",
            ),
        ] {
            let found = after(&pointer, value);
            assert!(
                found.iter().any(|found| found.contains(fault)),
                "{pointer}: {found:?}, not {fault}"
            );
        }
        let mut changed = api();
        changed["components"]["schemas"]["Wish"]["properties"]["must"] = json!({"type": "string"});
        changed["components"]["schemas"]["Wish"]["required"] = json!(["name", "must"]);
        assert_eq!(
            differences(&api(), &changed),
            ["POST /a body.must: it is new and must be sent"]
        );
    }

    /// The committed pair is fine, and the comparison sees all of it.
    #[test]
    fn the_baseline_still_holds_and_each_operation_counts() {
        let (before, after) =
            (parse(BASELINE, &read(BASELINE).unwrap()), parse(DOCUMENT, &read(DOCUMENT).unwrap()));
        let (before, after) = (before.unwrap(), after.unwrap());
        assert_eq!(differences(&before, &after), Vec::<String>::new());
        let mut without = after.clone();
        let paths = without["paths"].as_object_mut().unwrap();
        let count: usize = entries(&before["paths"]).map(|(_, item)| entries(item).count()).sum();
        paths.clear();
        assert_eq!(differences(&before, &without).len(), count);
    }
}
