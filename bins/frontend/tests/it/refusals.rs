//! Refused clients and their errors.

use frontend::{Config, Places};

use crate::harness::{Frontend, PATIENCE};

#[tokio::test]
async fn a_plain_request_is_told_to_upgrade() {
    let (frontend, _) = Frontend::with_sector(Config::default()).await;
    let refused = frontend.get("/ws", &[]).await;
    refused.problem(426, "upgrade_required");
    assert_eq!(refused.header("upgrade"), Some("websocket"));
    let headers = [("connection", "upgrade"), ("upgrade", "websocket")];
    assert_eq!(frontend.ask("HEAD", "/ws", &headers, "").await.status, 426);
    frontend.stop().await;
}

#[tokio::test]
async fn pages_of_other_origins_are_refused_unless_listed() {
    let config =
        Config { allowed_origins: "https://friend.example".parse().unwrap(), ..Config::default() };
    let (frontend, _) = Frontend::with_sector(config).await;
    for origin in
        ["http://evil.example", "null", "https://friend.example.evil", "http://127.0.0.1:1"]
    {
        let refusal = frontend.try_socket("/ws", &[("origin", origin)]).await.unwrap_err();
        assert_eq!(refusal.code(), (403, "origin_not_allowed"), "{origin}");
    }
    let own = format!("http://{}", frontend.address);
    for origin in [own.as_str(), "https://friend.example"] {
        let mut socket = frontend.try_socket("/ws", &[("origin", origin)]).await.unwrap();
        assert_eq!(socket.entry().await.kind, "snapshot");
    }
    frontend.stop().await;
}

#[tokio::test]
async fn a_bad_position_is_refused_before_the_upgrade() {
    let (frontend, _) = Frontend::with_sector(Config::default()).await;
    for after in ["", "17", "17-1", "x", "-1-0", "01-0"] {
        let refusal = frontend.try_socket(&format!("/ws?after={after}"), &[]).await.unwrap_err();
        assert_eq!(refusal.code(), (400, "bad_event_id"), "{after}");
        assert_eq!(
            (&refusal.problem["errors"][0]["field"], &refusal.problem["errors"][0]["value"]),
            (&"after".into(), &after.into())
        );
    }
    let refusal = frontend.try_socket("/ws?before=1-0", &[]).await.unwrap_err();
    assert_eq!(refusal.code(), (400, "invalid_query"));
    frontend.stop().await;
}

#[tokio::test]
async fn slots_are_limited_per_address_and_in_total_and_freed() {
    let (frontend, sector) =
        Frontend::with_sector(Config { ws_max_per_address: 2, ..Config::default() }).await;
    let mut first = frontend.socket("/ws").await;
    let _second = frontend.socket("/ws").await;
    let refusal = frontend.try_socket("/ws", &[]).await.unwrap_err();
    assert_eq!((refusal.code(), refusal.retry_after), ((429, "too_many_clients_of_address"), true));
    frontend.get("/tail", &[]).await.problem(429, "too_many_clients_of_address");
    assert_eq!(first.entry().await.id, sector.newest);
    first.inner.close(None).await.unwrap();
    let mut third = store_testkit::eventually("a free slot", PATIENCE, async || {
        frontend.try_socket("/ws", &[]).await.ok()
    })
    .await;
    assert_eq!(third.entry().await.id, sector.newest);
    frontend.stop().await;

    let config = Config { ws_max_clients: 1, ..Config::default() };
    let (frontend, _) = Frontend::with_sector(config).await;
    let _only = frontend.socket("/ws").await;
    let refusal = frontend.try_socket("/ws", &[]).await.unwrap_err();
    assert_eq!((refusal.code(), refusal.retry_after), ((503, "too_many_clients"), true));
    frontend.limits.tell(&Places { clients_max: 2, per_address_max: 2 });
    let _another = frontend.socket("/ws").await;
    frontend.stop().await;
}
