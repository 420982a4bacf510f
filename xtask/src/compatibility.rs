//! Checks that clients of the baseline API document still work with the current one.
//! Requests may get less strict and responses may get more fields, but not the other way round.
//! Compares paths, operations, parameters, bodies, responses and their schemas, following
//! references. Written here because no tool for OpenAPI 3.1 is available as a Rust crate.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Map, Value};

use crate::run::{Result, root};

/// The API document.
const DOCUMENT: &str = "docs/openapi.json";
/// The last approved API document.
const BASELINE: &str = "docs/openapi.baseline.json";
/// List of breaking changes.
const CHANGELOG: &str = "docs/reference/api-changelog.md";
/// Set this variable to approve the current document.
const UPDATE: &str = "UPDATE_BASELINE";
/// Maximum depth, because schemas can be recursive.
const DEPTH_MAX: usize = 24;

/// Compares the document with the baseline. With `UPDATE_BASELINE` set, the document becomes the
/// baseline; breaking changes must be in the changelog.
pub(crate) fn check() -> Result {
    println!("\n== compatibility of the API");
    let (before, after) = (read(BASELINE)?, read(DOCUMENT)?);
    let faults = differences(&parse(BASELINE, &before)?, &parse(DOCUMENT, &after)?);
    if std::env::var_os(UPDATE).is_some() {
        if !faults.is_empty() {
            check_changelog(&faults)?;
        }
        let path = root().join(BASELINE);
        return fs::write(&path, after)
            .map_err(|error| format!("{} cannot be written: {error}", path.display()));
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{DOCUMENT} breaks clients of {BASELINE}:\n  {}\nIf that is intended, describe it in {CHANGELOG} and run {UPDATE}=1 cargo xtask check",
        faults.join("\n  ")
    ))
}

/// Fails if a breaking change is not in the changelog.
fn check_changelog(faults: &[String]) -> Result {
    let changelog = read(CHANGELOG)?;
    let is_told =
        |fault: &&String| !changelog.contains(fault.split(": ").next().unwrap_or_default());
    let missing: Vec<&str> = faults.iter().filter(is_told).map(String::as_str).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!("missing in {CHANGELOG}:\n  {}", missing.join("\n  ")))
}

fn read(file: &str) -> Result<String> {
    fs::read_to_string(root().join(file)).map_err(|error| format!("{file} cannot be read: {error}"))
}

fn parse(file: &str, text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| format!("{file} is not JSON: {error}"))
}

/// Breaking changes from `before` to `after`, each as a place and a sentence.
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

/// Writer of the data that a schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// The client: everything it could send must still be accepted.
    Request,
    /// The server: it must not send anything new.
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
                // Removing an error is harmless.
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

    /// Types may be added to requests and removed from responses.
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
        // Without an enum, any string is possible.
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

    /// Matches alternatives by name. Responses may get new ones only if clients can skip them by
    /// `type`.
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
                    // Clients may depend on it.
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

/// Name of an alternative: its tag, reference, constant or type.
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

/// Constant of its `type` or `kind`.
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
mod tests;
