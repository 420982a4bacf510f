//! The committed API document matches the code.

use std::collections::BTreeSet;
use std::path::Path;

use api::Access;
use http::Method;
use serde_json::{Value, json};

use crate::harness::Sector;
use crate::schema::target;

/// Environment variable that rewrites the committed file.
const UPDATE: &str = "UPDATE_OPENAPI";

#[test]
fn the_committed_document_matches_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let fresh = api::openapi().unwrap();
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, &fresh).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    assert!(
        committed == fresh,
        "docs/openapi.json is stale: write it anew with {UPDATE}=1 cargo test -p api the_committed_document"
    );
}

#[test]
fn every_operation_is_described_and_has_one_kind_of_error() {
    let document: Value = serde_json::from_str(&api::openapi().unwrap()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{method} {path}");
            assert!(operation["summary"].is_string(), "{name} has no summary");
            assert!(operation["description"].is_string(), "{name} has no description");
            assert!(operation["operationId"].is_string(), "{name} has no id");
            assert!(
                operation["tags"].as_array().is_some_and(|tags| tags.len() == 1),
                "{name}: one tag"
            );
            let mut kinds = [BTreeSet::new(), BTreeSet::new()];
            for (status, response) in operation["responses"].as_object().unwrap() {
                let response = target(&document, response);
                assert!(
                    response["description"].as_str().is_some_and(|text| !text.is_empty()),
                    "{name} {status}"
                );
                assert!(response["headers"]["X-Request-Id"].is_object(), "{name} {status}");
                if status == "304" || status == "101" {
                    assert!(response["content"].is_null(), "{name} {status}");
                    continue;
                }
                for (media_type, content) in response["content"].as_object().unwrap() {
                    let is_problem = media_type == "application/problem+json";
                    // A failing health check has the same body as a passing one.
                    let is_health =
                        status == "503" && matches!(path.as_str(), "/health" | "/readyz");
                    assert!(
                        status.starts_with('2') != is_problem || is_health,
                        "{name} {status} {media_type}"
                    );
                    kinds[usize::from(is_problem)].insert(content["schema"].to_string());
                }
            }
            for (kinds, what) in kinds.iter().zip(["success", "error"]) {
                let wanted = usize::from(path != "/ws" || what == "error");
                assert_eq!(
                    kinds.len(),
                    wanted,
                    "{name} has {} kinds of {what}: {kinds:?}",
                    kinds.len()
                );
            }
        }
    }
}

#[test]
fn the_document_and_the_routes_agree_on_paths_and_access() {
    let document: Value = serde_json::from_str(&api::openapi().unwrap()).unwrap();
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        described.extend(
            item.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone())),
        );
    }
    let declared: BTreeSet<_> = api::declared()
        .iter()
        .map(|route| (route.method.to_string(), route.path.clone()))
        .collect();
    assert_eq!(described, declared);
    for route in api::declared() {
        let operation = &document["paths"][&route.path][route.method.as_str().to_lowercase()];
        let schemes: BTreeSet<&str> = operation["security"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|scheme| scheme.as_object().unwrap().keys().map(String::as_str))
            .collect();
        let allowed: &[&str] = match route.declaration.access {
            Access::Probe | Access::Anyone => &[],
            Access::Player | Access::Own | Access::Admin => &["bearer"],
            Access::Receipts | Access::Orders => &["bearer", "botToken"],
        };
        assert_eq!(schemes, allowed.iter().copied().collect(), "{} {}", route.method, route.path);
    }
}

#[test]
fn every_reference_resolves() {
    fn walk<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str));
                map.values().for_each(|value| walk(value, found));
            }
            Value::Array(list) => list.iter().for_each(|value| walk(value, found)),
            _ => {}
        }
    }
    let document: Value = serde_json::from_str(&api::openapi().unwrap()).unwrap();
    let mut found = Vec::new();
    walk(&document, &mut found);
    assert!(found.len() > 20);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

/// Orders refused without a tick are in the stream, as documented.
#[tokio::test]
async fn refused_orders_are_events_too() {
    let mut sector = Sector::start().await;
    let orders = json!([
        {"id": "5-0", "universe_id": "u-0", "player": "bot", "client_id": null, "code": "run_over"},
        {"id": "6-0", "universe_id": "u-1", "player": "bot", "client_id": "c", "code": "faction_claimed"},
    ]);
    sector.refuse(&orders).await;
    let page = sector.get("/events").await.json();
    let entry = page["events"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["type"] == "orders_refused")
        .unwrap();
    assert_eq!(entry["data"], json!({"universe_id": "u-1", "tick": 1, "orders": orders}));
    let typed: sector_wire::EventPage = serde_json::from_value(page).unwrap();
    assert!(
        typed
            .events
            .iter()
            .any(|entry| matches!(entry, sector_wire::StreamEntry::OrdersRefused { .. }))
    );
}

/// Conditional requests are documented.
#[tokio::test]
async fn unchanged_content_is_not_sent_again() {
    let sector = Sector::start().await;
    let tag = sector.get("/snapshot").await.header("etag").unwrap().to_owned();
    let request = sector.request(Method::GET, "/snapshot").header("if-none-match", tag);
    let again = sector.send(request, "").await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    let head = sector.send(sector.request(Method::HEAD, "/snapshot"), "").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}
