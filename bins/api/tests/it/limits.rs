//! Limits per client and their errors.

use http::Method;
use serde_json::json;

use crate::harness::{Sector, config};

/// A sector with low limits.
async fn tight() -> Sector {
    let mut config = config();
    config.quotas.limit_reads = 5;
    config.quotas.limit_orders = 3;
    config.quotas.limit_logins = 8;
    config.trusted_proxies = "127.0.0.1".parse().unwrap();
    let mut sector = Sector::empty(config).await;
    sector.begin("u-1", 7).await;
    sector
}

#[tokio::test]
async fn every_response_has_the_quota_state() {
    let sector = Sector::start().await;
    for path in
        ["/livez", "/snapshot", "/me", "/nothing", "/openapi.json", "/sectors/none/snapshot"]
    {
        let reply = sector.get(path).await;
        let policy =
            reply.header("ratelimit-policy").unwrap_or_else(|| panic!("{path}: {reply:?}"));
        assert!(policy.contains("\"address\";q=30000;w=60"), "{path}: {policy}");
        assert!(reply.header("ratelimit").unwrap().contains("\"address\";r="), "{path}");
    }
    let reply = sector.send(sector.request(Method::PUT, "/snapshot"), "").await;
    assert_eq!(reply.status, 405);
    assert!(reply.header("ratelimit").is_some());
}

#[tokio::test]
async fn rate_limited_clients_get_retry_after() {
    let sector = tight().await;
    let from = |address: &str, path: &str| {
        let request = sector.request(Method::GET, path).header("x-forwarded-for", address);
        sector.send(request, "")
    };
    for left in (0..5).rev() {
        let reply = from("192.0.2.1", "/snapshot").await;
        assert_eq!(reply.status, 200);
        let state = reply.header("ratelimit").unwrap();
        assert!(state.starts_with(&format!("\"reads\";r={left};")), "{state}");
    }
    for path in ["/snapshot", "/nothing"] {
        let reply = from("192.0.2.1", path).await;
        reply.problem(429, "rate_limited");
        // A unit is refilled every 12 s, minus the time of the requests before.
        let seconds: u64 = reply.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=12).contains(&seconds), "{path}: {seconds}");
    }
    // Probes and other clients are not affected.
    assert_eq!(from("192.0.2.1", "/livez").await.status, 200);
    assert_eq!(from("192.0.2.2", "/snapshot").await.status, 200);
}

#[tokio::test]
async fn new_limits_apply_from_the_next_request() {
    let mut config = config();
    config.quotas.limit_reads = 4;
    let mut quotas = config.quotas.clone();
    let mut sector = Sector::empty(config).await;
    sector.begin("u-1", 7).await;
    // Remaining and total.
    let read = async || {
        let reply = sector.get("/snapshot").await;
        assert_eq!(reply.status, 200);
        let number = |header: &str, mark: &str| -> u32 {
            let text = reply.header(header).unwrap().strip_prefix("\"reads\";").unwrap();
            text.strip_prefix(mark).unwrap().split(';').next().unwrap().parse().unwrap()
        };
        (number("ratelimit", "r="), number("ratelimit-policy", "q="))
    };
    assert_eq!(read().await, (3, 4));
    assert_eq!(read().await, (2, 4));
    quotas.limit_reads = 60_000;
    sector.limits.tell(&quotas);
    let (left, of) = read().await;
    // Half was used up; a thousand are refilled every second.
    assert!((29_999..60_000).contains(&left) && of == 60_000, "{left} of {of}");
    quotas.limit_reads = 1;
    sector.limits.tell(&quotas);
    sector.get("/snapshot").await.problem(429, "rate_limited");
}

#[tokio::test]
async fn players_are_counted_by_wallet_and_do_not_affect_each_other() {
    let sector = tight().await;
    let one = sector.log_in_with(1, "F1").await;
    let other = sector.log_in_with(2, "F2").await;
    let order =
        |faction: &str| json!({"orders": [{"kind": "muster", "faction": faction, "target_id": 0}]});
    for _ in 0..3 {
        assert_eq!(sector.post_as(&one, "/orders", &order("F1")).await.status, 202);
    }
    sector.post_as(&one, "/orders", &order("F1")).await.problem(429, "rate_limited");
    assert_eq!(sector.post_as(&other, "/orders", &order("F2")).await.status, 202);
    // Invalid tokens count against the address.
    let mut codes = Vec::new();
    for _ in 0..130 {
        codes.push(sector.get_as("guessed", "/me").await.status);
    }
    assert!(codes.starts_with(&[401]) && codes.ends_with(&[429]), "{codes:?}");
}
