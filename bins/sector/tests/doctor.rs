//! `sector doctor` on healthy and faulty sectors.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};
use std::time::Duration;

use sector_redis::{Commit, Place, StoreOptions};
use serde_json::Value;
use store_testkit::RedisServer;

/// The exit status, and status and detail by check.
fn doctor(arguments: &[&str]) -> (i32, Value) {
    let command = Command::new(env!("CARGO_BIN_EXE_sector"))
        .arg("doctor")
        .arg("--json")
        .args(arguments)
        .output();
    let Output { status, stdout, stderr } = command.unwrap();
    let report = serde_json::from_slice(&stdout).unwrap_or_else(|_| panic_with(&stderr));
    (status.code().unwrap(), report)
}

#[expect(clippy::panic, reason = "a test fails by panicking")]
fn panic_with(stderr: &[u8]) -> Value {
    panic!("no report: {}", String::from_utf8_lossy(stderr))
}

fn status<'a>(report: &'a Value, check: &str) -> &'a str {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["check"] == check).unwrap()["status"].as_str().unwrap()
}

/// Every finding that is not ok says what to do.
fn says_what_to_do(report: &Value) {
    for finding in report["findings"].as_array().unwrap() {
        assert_eq!(finding["status"] == "ok", finding["todo"].is_null(), "{finding}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_forgets_drops_and_is_full_fails() {
    let good = RedisServer::start();
    let (code, report) = doctor(&["--redis", &good.url()]);
    assert_eq!(
        (code, status(&report, "store")),
        (1, "fail"),
        "nothing is there, and nothing is made: {report}"
    );
    assert!(
        sector_redis::sectors(&sector_redis::RedisOptions::new(good.url()))
            .await
            .unwrap()
            .is_empty()
    );
    let _store = sector_redis::open(StoreOptions::new(Place::redis(good.url()))).await.unwrap();
    let (code, report) = doctor(&["--redis", &good.url()]);
    assert_eq!((code, &report["ok"]), (0, &Value::Bool(true)), "{report}");
    for check in ["store", "durability", "log", "eviction", "memory", "clock"] {
        assert_eq!(status(&report, check), "ok", "{report}");
    }
    for check in ["lease", "universe", "backup"] {
        assert_eq!(status(&report, check), "warn", "{report}");
    }
    says_what_to_do(&report);

    let bad = RedisServer::start_with(&[
        "--appendonly",
        "no",
        "--maxmemory",
        "3mb",
        "--maxmemory-policy",
        "allkeys-lru",
    ]);
    let _store = sector_redis::open(StoreOptions::new(Place::redis(bad.url()))).await.unwrap();
    let (code, report) = doctor(&["--redis", &bad.url()]);
    assert_eq!(code, 1);
    assert_eq!(
        (status(&report, "durability"), status(&report, "eviction")),
        ("fail", "fail"),
        "{report}"
    );
    says_what_to_do(&report);
    let (code, report) = doctor(&["--redis", "redis://127.0.0.1:1"]);
    assert_eq!((code, status(&report, "store")), (1, "fail"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_world_that_cannot_be_played_fails_and_a_worker_that_stands_still_too() {
    let server = RedisServer::start();
    let store = sector_redis::open(StoreOptions::new(Place::redis(server.url()))).await.unwrap();
    let lease = store.acquire_lease("stuck", Duration::from_secs(600)).await.unwrap().unwrap();
    let begin = Commit {
        lease,
        lease_ttl: Duration::from_secs(600),
        universe: "u".into(),
        digest: "d".into(),
        record: "{}".into(),
        begin: Some("no header".into()),
        checkpoint: Some("{}".into()),
        ..Commit::default()
    };
    store.commit(&begin).await.unwrap();
    let (code, report) = doctor(&["--redis", &server.url()]);
    assert_eq!(
        (code, status(&report, "lease"), status(&report, "records")),
        (1, "ok", "fail"),
        "{report}"
    );
    says_what_to_do(&report);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_is_looked_at_while_it_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let shown = data.to_str().unwrap();
    assert_eq!(doctor(&["--data", shown]).0, 1);
    assert!(!data.exists(), "looking makes nothing");
    let store =
        sector_redis::open(StoreOptions::new(Place::Directory(data.clone()))).await.unwrap();
    let (code, report) = doctor(&["--data", shown]);
    assert_eq!((code, status(&report, "store")), (1, "fail"), "{report}");
    assert!(report.to_string().contains("in use"), "{report}");
    drop(store);
    let (code, report) = doctor(&["--data", shown]);
    assert_eq!((code, status(&report, "durability")), (0, "ok"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn services_are_asked_whether_they_are_well() {
    let store = sector_redis::open(StoreOptions::memory()).await.unwrap();
    let shutdown = process_kit::CancellationToken::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(nft_minter::run(nft_minter::Config::default(), listener, store, shutdown.clone()));
    let (code, report) = tokio::task::block_in_place(|| doctor(&["--api", &url]));
    assert_eq!((code, status(&report, "api")), (0, "ok"), "{report}");
    let (code, report) =
        tokio::task::block_in_place(|| doctor(&["--frontend", "http://127.0.0.1:1"]));
    assert_eq!((code, status(&report, "frontend")), (1, "fail"), "{report}");
    says_what_to_do(&report);
    shutdown.cancel();
}

#[cfg(not(feature = "tls"))]
#[test]
fn a_build_without_tls_says_so() {
    let (code, report) = doctor(&["--frontend", "https://localhost:1"]);
    assert_eq!((code, status(&report, "certificate")), (1, "fail"), "{report}");
    assert!(report.to_string().contains("--features tls"), "{report}");
}
