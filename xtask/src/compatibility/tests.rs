//! Tests of the comparison.

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

/// Faults after one value of the document was set or removed.
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
        ("/paths/~1a/get/parameters/1".to_owned(), Some(json!({"name": "after", "in": "query"}))),
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
        (format!("{ANSWER}/properties/x/type"), Some(json!("number")), "GET /a 200.x: its type"),
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
    assert_eq!(differences(&api(), &changed), ["POST /a body.must: it is new and must be sent"]);
}

/// The committed documents are compatible, and the comparison covers them completely.
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
