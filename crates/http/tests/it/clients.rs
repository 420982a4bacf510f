//! Client addresses and quotas.

use http_kit::Limits;

use crate::harness::{Reply, Server, start};

async fn asked_by(server: &Server, path: &str, forwarded: &str) -> Reply {
    let head = format!("Host: localhost\r\nConnection: close\r\nX-Forwarded-For: {forwarded}");
    server.exchange(format!("GET {path} HTTP/1.1\r\n{head}\r\n\r\n")).await
}

#[tokio::test]
async fn forwarding_headers_count_from_trusted_proxies_only() {
    for (trusted, expected) in
        [("", "127.0.0.1"), ("10.0.0.0/8", "127.0.0.1"), ("127.0.0.0/8", "192.0.2.7")]
    {
        let server =
            start(Limits { trusted_proxies: trusted.parse().unwrap(), ..Limits::default() }).await;
        let reply = asked_by(&server, "/whoami", "192.0.2.7").await.json();
        assert_eq!((&reply["client"], &reply["peer"]), (&expected.into(), &"127.0.0.1".into()));
        server.stop().await;
    }
}

#[tokio::test]
async fn every_response_has_the_quota_state() {
    let trusted_proxies = "127.0.0.1".parse().unwrap();
    let server =
        start(Limits { trusted_proxies, request_timeout_ms: 100, ..Limits::default() }).await;
    let standing = |reply: &Reply| {
        assert_eq!(reply.header("ratelimit-policy"), Some("\"test\";q=2;w=60"), "{reply:?}");
        reply.header("ratelimit").map(str::to_owned).unwrap()
    };
    for (place, (what, status)) in
        [("hello", 200), ("nothing", 404), ("panic", 500), ("wait", 503)].into_iter().enumerate()
    {
        let reply =
            asked_by(&server, &format!("/limited/{what}"), &format!("192.0.2.{place}")).await;
        assert_eq!(reply.status, status, "{what}");
        assert_eq!(standing(&reply), "\"test\";r=1;t=30", "{what}");
    }
    asked_by(&server, "/limited/hello", "192.0.2.0").await;
    let refused = asked_by(&server, "/limited/hello", "192.0.2.0").await;
    refused.problem(429, "rate_limited");
    // A unit is refilled every 30 s, minus the time of the requests before.
    let standing = standing(&refused);
    let seconds = standing.strip_prefix("\"test\";r=0;t=").unwrap_or_else(|| panic!("{standing}"));
    assert!((1..=30).contains(&seconds.parse::<u64>().unwrap()), "{standing}");
    assert_eq!(refused.header("retry-after"), Some(seconds));
    // Other clients are unaffected.
    assert_eq!(asked_by(&server, "/limited/hello", "192.0.2.1").await.status, 200);
    server.stop().await;
}
