//! The UI's files and the health answers.

use frontend::Config;

use crate::harness::{Frontend, patiently};

#[tokio::test]
async fn the_page_has_its_policy_and_is_revalidated() {
    let frontend = Frontend::start(Config::default()).await;
    let page = frontend.get("/", &[]).await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    let policy = page.header("content-security-policy").unwrap();
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.split("; ").any(|known| known == part), "{part}: {policy}");
    }
    assert_eq!(page.header("cross-origin-opener-policy"), Some("same-origin"));
    assert_eq!(page.header("cross-origin-resource-policy"), Some("same-origin"));
    assert!(page.header("permissions-policy").unwrap().contains("camera=()"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    let etag = page.header("etag").unwrap();
    let again =
        frontend.get("/index.html", &[("if-none-match", &format!("\"other\", {etag}"))]).await;
    assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, Some(etag)));
    assert_eq!(frontend.get("/", &[("if-none-match", "W/\"0\"")]).await.status, 200);
    let head = frontend.ask("HEAD", "/", &[], "").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), Some(page.body.len().to_string().as_str()));
    frontend.stop().await;
}

#[tokio::test]
async fn assets_are_immutable_and_compressed() {
    let frontend = Frontend::start(Config::default()).await;
    let page = String::from_utf8(frontend.get("/", &[]).await.body).unwrap();
    let script =
        page.split('"').find(|text| text.starts_with("/assets/") && text.ends_with(".js")).unwrap();
    let plain = frontend.get(script, &[]).await;
    assert_eq!(
        (plain.status, plain.header("content-type")),
        (200, Some("text/javascript; charset=utf-8"))
    );
    assert_eq!(plain.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert_eq!(
        (plain.header("content-encoding"), plain.header("vary")),
        (None, Some("accept-encoding"))
    );
    let packed = frontend.get(script, &[("accept-encoding", "gzip")]).await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(
        packed.body.len() < plain.body.len() / 2,
        "{} of {}",
        packed.body.len(),
        plain.body.len()
    );
    let mut unpacked = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&packed.body[..]), &mut unpacked)
        .unwrap();
    assert_eq!(unpacked, plain.body);
    for (accepted, coding) in [("gzip, deflate, br", "br"), ("gzip, deflate, br, zstd", "zstd")] {
        let smaller = frontend.get(script, &[("accept-encoding", accepted)]).await;
        assert_eq!(smaller.header("content-encoding"), Some(coding));
        assert!(
            smaller.body.len() < packed.body.len(),
            "{coding}: {} of {}",
            smaller.body.len(),
            packed.body.len()
        );
    }
    frontend.stop().await;
}

#[tokio::test]
async fn missing_files_are_404_and_files_are_read_only() {
    let frontend = Frontend::start(Config::default()).await;
    for path in [
        "/none",
        "/.source-hash",
        "/assets/",
        "/assets/../index.html",
        "/%2e%2e/Cargo.toml",
        "/api",
    ] {
        frontend.get(path, &[]).await.problem(404, "not_found");
    }
    let refused = frontend.ask("POST", "/", &[], "{}").await;
    refused.problem(405, "method_not_allowed");
    assert_eq!(refused.header("allow"), Some("GET, HEAD"));
    // Files of a recorded run, which this is not.
    for (method, path) in [("GET", "/watch"), ("GET", "/recording"), ("POST", "/recording")] {
        frontend.ask(method, path, &[], "").await.problem(404, "not_found");
    }
    frontend.ask("POST", "/none", &[], "").await.problem(404, "not_found");
    frontend.ask("POST", "/ws", &[], "").await.problem(405, "method_not_allowed");
    frontend.stop().await;
}

#[tokio::test]
async fn health_passes_without_a_sector_and_readiness_needs_one() {
    let frontend = Frontend::start(Config::default()).await;
    assert_eq!(frontend.get("/livez", &[]).await.status, 200);
    assert_eq!(frontend.get("/readyz", &[]).await.status, 503);
    let health = frontend.get("/health", &[]).await;
    assert_eq!(health.status, 200, "a worker that waits for the frontend would wait for ever");
    assert_eq!(
        (&health.json()["status"], &health.json()["tick"]),
        (&"ok".into(), &serde_json::Value::Null)
    );
    // A client that connects too early waits, and is notified when there is data.
    let mut socket = frontend.socket("/ws").await;
    let mut sector = crate::harness::Sector::begin(frontend.store.clone(), "u-1", 7).await;
    assert_eq!(socket.entry().await.id, sector.newest);
    sector.tick().await;
    assert_eq!(socket.entry().await.id, sector.newest);
    assert_eq!(frontend.get("/readyz", &[]).await.status, 200);
    let health = frontend.get("/health", &[]).await.json();
    assert_eq!(
        (&health["tick"], &health["universe_id"], &health["clients"]),
        (&1.into(), &"u-1".into(), &1.into())
    );
    patiently(frontend.stop()).await;
}
