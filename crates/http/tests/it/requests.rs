//! Valid requests are answered, invalid ones rejected by name.

use http_kit::Limits;
use http_kit::SetupError;

use crate::harness::{BODY_LIMIT, start};

#[tokio::test]
async fn unknown_paths_are_404_and_wrong_methods_405() {
    let server = start(Limits::default()).await;
    for path in ["/", "/hell", "/hello/", "/systems", "/systems/", "/hello/x", "/%68ello"] {
        server.ask("GET", path).await.problem(404, "not_found");
    }
    let reply = server.ask("POST", "/hello").await;
    reply.problem(405, "method_not_allowed");
    assert_eq!(reply.header("allow"), Some("DELETE, GET, HEAD"));
    let reply = server.ask("GET", "/orders").await;
    reply.problem(405, "method_not_allowed");
    assert_eq!(reply.header("allow"), Some("POST"));
    assert_eq!(server.ask("DELETE", "/hello").await.status, 204);
    server.stop().await;
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let server = start(Limits::default()).await;
    let get = server.ask("GET", "/hello").await;
    assert_eq!((get.status, get.body.as_str()), (200, "hello"));
    let head = server.ask("HEAD", "/hello").await;
    assert_eq!(
        (head.status, head.body.as_str(), head.header("content-length")),
        (200, "", Some("5"))
    );
    assert_eq!(server.ask("HEAD", "/nothing").await.status, 404);
    server.stop().await;
}

#[tokio::test]
async fn parameters_of_path_and_query_are_typed() {
    let server = start(Limits::default()).await;
    let reply = server.ask("GET", "/systems/7?wide=true").await;
    assert_eq!(reply.json(), serde_json::json!({"id": 7, "wide": true}));
    let problem = server.ask("GET", "/systems/x").await.problem(400, "invalid_path");
    assert_eq!(
        (&problem["errors"][0]["field"], &problem["errors"][0]["value"]),
        (&"id".into(), &"x".into())
    );
    let problem = server.ask("GET", "/systems/7?wid=1").await.problem(400, "invalid_query");
    assert_eq!(problem["errors"][0]["field"], "wid");
    assert_eq!(problem["errors"][0]["allowed"], "the parameters wide");
    server.ask("GET", "/systems/7?wide=1").await.problem(400, "invalid_query");
    assert_eq!(server.ask("GET", "/names/a%20%E6%98%9F%2Fb").await.body, "a 星/b");
    server.ask("GET", "/names/%ff").await.problem(400, "invalid_path");
    server.stop().await;
}

#[tokio::test]
async fn json_bodies_are_checked_field_by_field() {
    let server = start(Limits::default()).await;
    assert_eq!(server.post("/orders", r#"{"orders":[]}"#).await.status, 200);
    server.post("/orders", "{").await.problem(400, "malformed_json");
    server.post("/orders", "").await.problem(400, "malformed_json");
    let problem = server
        .post("/orders", r#"{"orders":[{"faction":"F1","cheat":1}]}"#)
        .await
        .problem(400, "invalid_body");
    assert_eq!(
        problem["errors"][0],
        serde_json::json!({
            "field": "orders[0].cheat", "value": 1, "allowed": "faction",
            "detail": "Unknown field, expected faction.",
        })
    );
    let form = "POST /orders HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}";
    server.exchange(form).await.problem(415, "unsupported_media_type");
    server.stop().await;
}

#[tokio::test]
async fn bodies_that_are_too_long_are_413() {
    let server = start(Limits::default()).await;
    let json = |bytes: usize| format!("{{\"orders\":[]{}}}", " ".repeat(bytes - 13));
    assert_eq!(server.post("/orders", &json(BODY_LIMIT)).await.status, 200);
    server.post("/orders", &json(BODY_LIMIT + 1)).await.problem(413, "payload_too_large");
    // Written in full before the response is read, as simple clients do.
    server.post("/orders", &json(800_000)).await.problem(413, "payload_too_large");
    // Without a declared length.
    let head = "POST /orders HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("258\r\n{}\r\n", " ".repeat(0x258));
    server
        .exchange(format!("{head}{chunk}{chunk}0\r\n\r\n"))
        .await
        .problem(413, "payload_too_large");
    server.stop().await;
}

#[tokio::test]
async fn special_answers_carry_their_headers() {
    let server = start(Limits::default()).await;
    let reply = server.ask("GET", "/busy").await;
    reply.problem(429, "rate_limited");
    assert_eq!(reply.header("retry-after"), Some("7"));
    let reply = server.ask("GET", "/secret").await;
    reply.problem(401, "no_token");
    assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    server.stop().await;
}

#[tokio::test]
async fn panics_and_causes_are_not_exposed() {
    let server = start(Limits::default()).await;
    for path in ["/panic", "/broken"] {
        let reply = server.ask("GET", path).await;
        reply.problem(500, "internal");
        assert!(!reply.body.contains("hunter2"), "{}", reply.body);
    }
    assert_eq!(server.ask("GET", "/hello").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn request_ids_are_generated_kept_or_replaced() {
    let server = start(Limits::default()).await;
    let made = server.ask("GET", "/whoami").await;
    let id = made.header("x-request-id").unwrap();
    assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    assert_eq!(made.json()["id"], id);
    assert_eq!(made.json()["peer"], "127.0.0.1");
    let with_id = |id: &str| {
        format!(
            "GET /none HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Request-Id: {id}\r\n\r\n"
        )
    };
    let kept = server.exchange(with_id("trace-17.a:b")).await;
    assert_eq!(kept.problem(404, "not_found")["instance"], "trace-17.a:b");
    for bad in ["a b", "<script>", "", &"x".repeat(65)] {
        let replaced = server.exchange(with_id(bad)).await;
        assert_eq!(replaced.header("x-request-id").unwrap().len(), 16, "{bad}");
        replaced.problem(404, "not_found");
    }
    server.stop().await;
}

#[tokio::test]
async fn hsts_is_sent_if_configured() {
    let server = start(Limits { hsts_seconds: 31_536_000, ..Limits::default() }).await;
    for path in ["/hello", "/none", "/panic"] {
        let reply = server.ask("GET", path).await;
        assert_eq!(reply.header("strict-transport-security"), Some("max-age=31536000"), "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn security_headers_are_on_every_response_and_can_be_overridden() {
    let server = start(Limits::default()).await;
    for path in ["/hello", "/none", "/panic"] {
        let reply = server.ask("GET", path).await;
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(reply.header("x-frame-options"), Some("DENY"));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert!(reply.header("content-security-policy").unwrap().contains("'none'"));
    }
    assert_eq!(server.ask("GET", "/hello").await.header("strict-transport-security"), None);
    let page = server.ask("GET", "/page").await;
    let policies: Vec<_> =
        page.headers.iter().filter(|(name, _)| name == "content-security-policy").collect();
    assert_eq!(policies.len(), 1);
    assert_eq!(policies[0].1, "default-src 'self'");
    server.stop().await;
}

#[tokio::test]
async fn bearer_tokens_are_found() {
    let server = start(Limits::default()).await;
    for (header, token) in [
        ("Authorization: Bearer abc", Some("abc")),
        ("authorization: bearer abc", Some("abc")),
        ("Authorization: Basic abc", None),
        ("Authorization: Bearer", None),
    ] {
        let request = format!(
            "GET /whoami HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{header}\r\n\r\n"
        );
        assert_eq!(server.exchange(request).await.json()["bearer"].as_str(), token, "{header}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_port_in_use_is_one_clear_sentence() {
    let server = start(Limits::default()).await;
    let error = http_kit::bind(server.address, "--api-port").await.unwrap_err();
    assert!(matches!(error, SetupError::AddressInUse { .. }));
    assert_eq!(
        error.to_string(),
        format!(
            "port {} is already in use on 127.0.0.1: stop the other program or choose another port with --api-port",
            server.address.port()
        )
    );
    server.stop().await;
}

#[tokio::test]
async fn conflicting_routes_are_rejected() {
    use http::Method;
    use http_kit::{Router, reply};
    let twice = || async { Ok(reply::text("")) };
    for (first, second) in [("/a", "/a"), ("/a/{x}", "/a/{y}"), ("/{*rest", "/b")] {
        let router = Router::new(()).route(Method::GET, first, move |_| twice()).route(
            Method::GET,
            second,
            move |_| twice(),
        );
        assert!(matches!(router.build(), Err(SetupError::Route { .. })), "{first} {second}");
    }
}
