//! Examples of the document: every operation has them, they match their schemas, and they are
//! recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use http::Method;
use sector_redis::{Award, Commit, Outcome};
use serde_json::{Value, json};

use crate::conformance::codes;
use crate::harness::{Reply, Sector, key, signed};
use crate::schema::{Schemas, target};

/// Environment variable that rewrites the committed examples; the document contains those compiled
/// in.
const UPDATE: &str = "UPDATE_EXAMPLES";
/// Number of list entries shown.
const ENTRIES_MAX: usize = 2;
/// Operations without examples: pages and files.
const NOT_SHOWN: [&str; 3] = ["text/html", "application/octet-stream", "text/event-stream"];

type Recorded = BTreeMap<String, BTreeMap<String, Value>>;

/// A sector whose responses are recorded.
struct Witness {
    sector: Sector,
    recorded: Recorded,
}

impl Witness {
    /// Sends a request; `operation` is the path template of the document.
    async fn ask(
        &mut self,
        method: Method,
        operation: &str,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Value {
        let mut request = self.sector.request(method.clone(), path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let text = body.as_ref().map(Value::to_string).unwrap_or_default();
        let reply: Reply = self.sector.send(request, text).await;
        assert!(matches!(reply.status, 200 | 202), "{method} {path}: {reply:?}");
        let status = reply.status.to_string();
        let answer = match reply.header("content-type").unwrap_or_default() {
            "application/json" => reply.json(),
            _ => Value::String(String::from_utf8(reply.body).unwrap()),
        };
        let examples = self.recorded.entry(format!("{method} {operation}")).or_default();
        if let Some(body) = body {
            examples.insert("request".to_owned(), body);
        }
        let mut shown = answer.clone();
        shorten(&mut shown);
        examples.insert(status, shown);
        answer
    }

    async fn get(&mut self, operation: &str, token: Option<&str>) -> Value {
        self.ask(Method::GET, operation, operation, token, None).await
    }

    async fn post(&mut self, operation: &str, token: Option<&str>, body: Value) -> Value {
        self.ask(Method::POST, operation, operation, token, Some(body)).await
    }
}

/// Keeps the first entries of every list.
fn shorten(value: &mut Value) {
    match value {
        Value::Array(list) => {
            list.truncate(ENTRIES_MAX);
            list.iter_mut().for_each(shorten);
        }
        Value::Object(fields) => fields.values_mut().for_each(shorten),
        _ => {}
    }
}

/// Calls every operation.
async fn witness() -> Recorded {
    let mut sector = Sector::start().await;
    sector.tick(&[]).await;
    let player = key(1);
    let address = player.address().to_string();
    sector.end_with(json!([{"faction": "F1", "player": address}])).await;
    let award = Award {
        universe: "u-1".into(),
        faction: "F1".into(),
        award: "victory".into(),
        body: json!({"name": "The first", "player": address}).to_string(),
    };
    sector.store.record_award(&award).await.unwrap();
    sector.begin("u-2", 8).await;
    sector.tick(&[]).await;
    let mut witness = Witness { sector, recorded: Recorded::new() };
    for path in ["/health", "/livez", "/readyz", "/sectors", "/", "/rules", "/leaderboard", "/runs"]
    {
        witness.get(path, None).await;
    }
    let document = witness.get("/openapi.json", None).await;
    let shown = json!({"openapi": document["openapi"], "info": {"title": document["info"]["title"], "version": document["info"]["version"]}});
    witness.recorded.get_mut("GET /openapi.json").unwrap().insert("200".to_owned(), shown);

    let asked = witness.post("/auth/nonce", None, json!({"address": address})).await;
    let login = witness.post("/auth/verify", None, signed(&player, &asked)).await;
    let login =
        witness.post("/auth/refresh", None, json!({"refresh_token": login["refresh_token"]})).await;
    let token = login["token"].as_str().unwrap();
    let code = witness.sector.operator_code();
    let operator = witness.post("/auth/operator", None, json!({"code": code})).await;
    let operator = operator["token"].as_str().unwrap();

    witness.post("/factions/claim", Some(token), json!({"faction": "F1"})).await;
    witness.ask(Method::POST, "/factions/keep", "/factions/keep", Some(token), None).await;
    let wish = json!({"label": "night watch", "verbs": ["read", "orders"], "expires_in": 604_800});
    let issued = witness.post("/keys", Some(token), wish).await;
    witness.get("/keys", Some(token)).await;
    let revoke = format!("/keys/{}", issued["id"].as_str().unwrap());
    witness.ask(Method::DELETE, "/keys/{id}", &revoke, Some(token), None).await;
    witness.get("/me", Some(token)).await;
    witness.get("/factions", None).await;
    witness.ask(Method::GET, "/factions/{id}", "/factions/F1", None, None).await;

    let home = witness.sector.home(1);
    witness.ask(Method::GET, "/systems/{id}", &format!("/systems/{home}"), None, None).await;
    witness.get("/snapshot", None).await;
    let page = witness.ask(Method::GET, "/events", "/events?count=2", None, None).await;
    assert!(page["events"].is_array());
    let origin = sector_sim::SystemId(home);
    let target_id = witness.sector.world().map().neighbours(origin)[0].system.0;
    let order = json!({"kind": "move", "faction": "F1", "origin_id": home, "target_id": target_id, "client_id": "a-1"});
    witness.post("/orders/check", None, json!({"orders": [order]})).await;
    let receipt = witness.post("/orders", Some(token), json!({"orders": [order]})).await;
    carry_out(&mut witness.sector, &receipt, &order, &address).await;
    let path = format!("/orders/{}", receipt["id"].as_str().unwrap());
    witness.ask(Method::GET, "/orders/{receipt}", &path, Some(token), None).await;
    witness.get("/orders", Some(token)).await;
    witness.ask(Method::GET, "/runs/{universe}", "/runs/u-1", None, None).await;

    witness
        .ask(Method::POST, "/admin/pause", "/admin/pause?paused=true", Some(operator), None)
        .await;
    witness.get("/admin/pause", Some(operator)).await;
    witness
        .ask(Method::POST, "/admin/restart", "/admin/restart?seed=7", Some(operator), None)
        .await;
    witness.ask(Method::GET, "/admin/audit", "/admin/audit", Some(operator), None).await;
    witness.ask(Method::DELETE, "/factions/claim", "/factions/claim", Some(token), None).await;
    witness.ask(Method::POST, "/admin/bots-only", "/admin/bots-only", Some(operator), None).await;
    witness.ask(Method::POST, "/auth/logout", "/auth/logout", Some(token), None).await;
    let again = witness.sector.log_in(1).await;
    witness.ask(Method::POST, "/auth/logout-all", "/auth/logout-all", Some(&again), None).await;
    witness.recorded
}

/// The outcome that a worker writes for an applied order.
async fn carry_out(sector: &mut Sector, receipt: &Value, order: &Value, address: &str) {
    let told = json!({"universe_id": "u-2", "tick": 2, "source": "human", "at_ms": sector.now_ms(), "orders": [
        {"order": order, "status": "applied", "fleet_id": 1}]});
    let outcome = Outcome {
        id: receipt["id"].as_str().unwrap().parse().unwrap(),
        player: address.to_owned(),
        body: told.to_string(),
    };
    let cursor = outcome.id;
    sector.tick_with(&[], |commit| Commit { outcomes: vec![outcome], cursor, ..commit }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_committed_examples_match_real_responses() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/describe/examples.json");
    let fresh = witness().await;
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, format!("{}\n", serde_json::to_string_pretty(&fresh).unwrap()))
            .unwrap();
    }
    let committed: Recorded =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    // Tokens, nonces and other random values differ; everything else is equal.
    let told = |recorded: &Recorded| -> Vec<(String, String, BTreeSet<String>)> {
        let fields = |value: &Value| {
            value.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
        };
        let all = recorded.iter().flat_map(|(operation, examples)| {
            examples
                .iter()
                .map(move |(what, value)| (operation.clone(), what.clone(), fields(value)))
        });
        all.collect()
    };
    assert_eq!(
        told(&committed),
        told(&fresh),
        "write them anew with {UPDATE}=1 cargo test -p api the_committed_examples"
    );
}

#[test]
fn every_operation_has_examples_that_match_its_schema() {
    let document: Value = serde_json::from_str(&api::openapi().unwrap()).unwrap();
    let schemas = Schemas::of(&document);
    let mut problems = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{method} {path}");
            if let Some(body) = operation.get("requestBody") {
                let content = &body["content"]["application/json"];
                assert!(!content["example"].is_null(), "{name}: the request has no example");
                assert_eq!(
                    schemas.check(&content["schema"], &content["example"]),
                    Ok(()),
                    "{name}: the request"
                );
            }
            for (status, response) in operation["responses"].as_object().unwrap() {
                let response = target(&document, response);
                for (media_type, content) in response["content"].as_object().into_iter().flatten() {
                    let name = format!("{name} {status} {media_type}");
                    if media_type == "application/problem+json" {
                        problems += check_problems(&document, status, response, content, &name);
                        continue;
                    }
                    // A failing health check has the same body as a passing one.
                    if NOT_SHOWN.contains(&media_type.as_str()) || status == "503" {
                        continue;
                    }
                    assert!(!content["example"].is_null(), "{name} has no example");
                    assert_eq!(
                        schemas.check(&content["schema"], &content["example"]),
                        Ok(()),
                        "{name}"
                    );
                }
            }
        }
    }
    assert!(problems > 300, "{problems}");
}

/// Checks that every code of a response has an example; returns their number.
fn check_problems(
    document: &Value,
    status: &str,
    response: &Value,
    content: &Value,
    name: &str,
) -> usize {
    let named = codes(response["description"].as_str().unwrap());
    let shown = content["examples"].as_object().unwrap_or_else(|| panic!("{name} has no examples"));
    for (code, example) in shown {
        assert!(named.contains(code.as_str()), "{name}: {code}");
        let value = &target(document, example)["value"];
        assert_eq!(
            Schemas::of(document).check(&content["schema"], value),
            Ok(()),
            "{name}: {code}"
        );
        assert_eq!(
            (value["code"].as_str(), value["status"].to_string().as_str()),
            (Some(code.as_str()), status),
            "{name}"
        );
    }
    shown.len()
}
