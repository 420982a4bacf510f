//! Bad input of every kind, as problems with stable codes.

use http::Method;
use serde_json::json;

use crate::harness::{BOT_TOKEN, Sector, config};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invalid_bodies_are_refused() {
    let sector = Sector::start().await;
    let long =
        format!(r#"{{"orders":[{{"faction":"F1","reason":"{}"}}]}}"#, "x".repeat(256 * 1_024));
    for (body, status, code) in [
        ("", 400, "malformed_json"),
        ("{", 400, "malformed_json"),
        ("\u{0}", 400, "malformed_json"),
        (r#"{"orders":[]} x"#, 400, "malformed_json"),
        ("[]", 400, "invalid_body"),
        ("{}", 400, "invalid_body"),
        (r#"{"orders":1}"#, 400, "invalid_body"),
        (r#"{"orders":[]}"#, 400, "invalid_body"),
        (r#"{"orders":[],"faction":"F1"}"#, 400, "invalid_body"),
        (r#"{"orders":[{}]}"#, 400, "invalid_order"),
        (r#"{"orders":[null]}"#, 400, "invalid_order"),
        (r#"{"orders":[{"faction":1,"origin_id":0,"target_id":1}]}"#, 400, "invalid_order"),
        (r#"{"orders":[{"faction":"F1","origin_id":-1,"target_id":1}]}"#, 400, "invalid_order"),
        (r#"{"orders":[{"faction":"F1","origin_id":1.5,"target_id":1}]}"#, 400, "invalid_order"),
        (
            r#"{"orders":[{"faction":"F1","origin_id":99999999999,"target_id":1}]}"#,
            400,
            "invalid_order",
        ),
        (long.as_str(), 413, "payload_too_large"),
    ] {
        let request = sector
            .request(Method::POST, "/orders")
            .header("content-type", "application/json")
            .header("x-bot-token", BOT_TOKEN);
        sector.send(request, body).await.problem(status, code);
    }
    let request = sector.request(Method::POST, "/orders").header("x-bot-token", BOT_TOKEN);
    sector.send(request, "{}").await.problem(415, "unsupported_media_type");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_field_is_named() {
    let sector = Sector::start().await;
    let body = json!({"faction": "F1", "colour": "red"});
    let token = sector.log_in(1).await;
    let problem =
        sector.post_as(&token, "/factions/claim", &body).await.problem(400, "invalid_body");
    insta::assert_json_snapshot!(problem);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_paths_methods_and_queries_are_refused() {
    let sector = Sector::start().await;
    sector.get("/nothing").await.problem(404, "not_found");
    sector.get("/orders/1/2").await.problem(404, "not_found");
    for (method, path, allow) in [
        (Method::PUT, "/orders", "GET, HEAD, POST"),
        (Method::PUT, "/snapshot", "GET, HEAD"),
        (Method::GET, "/factions/claim", "DELETE, POST"),
        (Method::DELETE, "/admin/pause", "GET, HEAD, POST"),
    ] {
        let answer = sector.send(sector.request(method, path), "").await;
        answer.problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), Some(allow));
    }
    for path in [
        "/events?after=17-0",
        "/events?count=0",
        "/events?count=1001",
        "/events?wait_ms=30001",
        "/events?wait_ms=-1",
        "/events?since=1-0",
        "/events?count=1&count=2",
        "/snapshot?pretty=1",
        "/health?x",
    ] {
        sector.get(path).await.problem(400, "invalid_query");
    }
    for path in ["/events?after=17", "/events?after=x-0"] {
        sector.get(path).await.problem(400, "bad_event_id");
    }
    let problem = sector.get("/events?count=1001").await.problem(400, "invalid_query");
    insta::assert_json_snapshot!(problem);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_before_the_first_universe_are_refused() {
    let sector = Sector::empty(config()).await;
    for path in ["/snapshot", "/factions", "/events"] {
        let answer = sector.get(path).await;
        answer.problem(503, "no_universe");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    let token = sector.log_in(1).await;
    let me = sector.get_as(&token, "/me").await.json();
    assert_eq!((&me["universe_id"], &me["faction"]), (&json!(null), &json!(null)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cross_origin_pages_need_configuration() {
    let sector = Sector::start().await;
    let asked = sector.request(Method::GET, "/health").header("origin", "https://sector.example");
    assert_eq!(sector.send(asked, "").await.header("access-control-allow-origin"), None);

    let mut config = config();
    config.cors_origins = "https://sector.example".parse().unwrap();
    let mut sector = Sector::empty(config).await;
    sector.begin("u-1", 7).await;
    for (origin, allowed) in
        [("https://sector.example", Some("https://sector.example")), ("https://evil.example", None)]
    {
        let asked = sector
            .request(Method::OPTIONS, "/orders")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type");
        assert_eq!(sector.send(asked, "").await.header("access-control-allow-origin"), allowed);
    }
}
