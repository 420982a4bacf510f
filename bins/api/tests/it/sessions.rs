//! Renewal and end of sessions, and bot keys.

use std::time::Duration;

use http::Method;
use sector_auth::{LoginFields, LoginMessage, OpaqueKind, OpaqueToken, Secret, Timestamp};
use sector_redis::StoreOptions;
use serde_json::{Value, json};

use crate::harness::{Sector, config, key, signed};
use crate::login::{join_all, stores};
use crate::reply::Reply;

/// Logs player `number` in; returns the whole response.
async fn login(sector: &Sector, number: u8) -> Value {
    let key = key(number);
    let address = key.address().to_string();
    let message = sector.post("/auth/nonce", &json!({"address": address})).await.json();
    sector.post("/auth/verify", &signed(&key, &message)).await.json()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[tokio::test]
async fn a_login_is_renewed_and_a_used_refresh_token_ends_it() {
    let sector = Sector::start().await;
    let first = login(&sector, 1).await;
    assert_eq!(
        (first["expires_in"].as_u64(), first["refresh_expires_in"].as_u64()),
        (Some(900), Some(2_592_000))
    );
    let refresh = |token: &str| {
        let body = json!({"refresh_token": token});
        let sector = &sector;
        async move { sector.post("/auth/refresh", &body).await }
    };
    sector.pass_seconds(901);
    sector.get_as(text(&first["token"]), "/me").await.problem(401, "token_expired");
    let second = refresh(text(&first["refresh_token"])).await.json();
    assert_eq!(sector.get_as(text(&second["token"]), "/me").await.status, 200);

    // The answer may have been lost: the old token returns the same successor again.
    let again = refresh(text(&first["refresh_token"])).await.json();
    assert_eq!(again["refresh_token"], second["refresh_token"]);
    assert_eq!(sector.get_as(text(&again["token"]), "/me").await.status, 200);
    sector.pass_seconds(60);
    let third = refresh(text(&second["refresh_token"])).await.json();
    // Reuse of a token that was used long ago: someone has a copy.
    sector.pass_seconds(60);
    refresh(text(&second["refresh_token"])).await.problem(401, "refresh_token_reused");
    for token in [&second["token"], &third["token"]] {
        sector.get_as(text(token), "/me").await.problem(401, "session_ended");
    }
    refresh(text(&third["refresh_token"])).await.problem(401, "refresh_token_unknown");
    for (token, code) in [("", "opaque_token_kind"), ("sector_rt_0", "opaque_token_length")] {
        refresh(token).await.problem(401, code);
    }
}

/// Renews a session; returns the whole response.
async fn renew(sector: &Sector, token: &Value) -> Reply {
    sector.post("/auth/refresh", &json!({"refresh_token": token})).await
}

/// The session of a login, which a thief with a copy of its first refresh token joins within the
/// grace period.
#[tokio::test]
async fn a_thief_within_the_grace_period_does_not_go_unnoticed() {
    for thief_first in [true, false] {
        let sector = Sector::start().await;
        let login = login(&sector, 1).await;
        let victim = renew(&sector, &login["refresh_token"]).await.json();
        sector.pass_seconds(9);
        let thief = renew(&sector, &login["refresh_token"]).await.json();
        assert_eq!(victim["refresh_token"], thief["refresh_token"]);
        // Each continues with its own token; the second is detected.
        sector.pass_seconds(840);
        let (first, second) = if thief_first { (thief, victim) } else { (victim, thief) };
        let next = renew(&sector, &first["refresh_token"]).await.json();
        sector.pass_seconds(20);
        renew(&sector, &second["refresh_token"]).await.problem(401, "refresh_token_reused");
        for token in [&next["token"], &second["token"]] {
            sector.get_as(text(token), "/me").await.problem(401, "session_ended");
        }
        renew(&sector, &next["refresh_token"]).await.problem(401, "refresh_token_unknown");
    }
}

#[tokio::test]
async fn the_grace_period_counts_from_the_first_use() {
    let sector = Sector::start().await;
    let login = login(&sector, 1).await;
    let first = renew(&sector, &login["refresh_token"]).await.json();
    sector.pass_seconds(8);
    let again = renew(&sector, &login["refresh_token"]).await.json();
    assert_eq!(again["refresh_token"], first["refresh_token"]);
    sector.pass_seconds(8);
    renew(&sector, &login["refresh_token"]).await.problem(401, "refresh_token_reused");
    sector.get_as(text(&first["token"]), "/me").await.problem(401, "session_ended");
}

#[tokio::test]
async fn a_token_of_an_older_generation_ends_the_session_and_a_forged_one_does_not() {
    let sector = Sector::start().await;
    let login = login(&sector, 1).await;
    let mut newest = login.clone();
    for _ in 0..3 {
        newest = renew(&sector, &newest["refresh_token"]).await.json();
    }
    // Knowing the session's id, which its access tokens contain, is not enough to end it.
    let genuine = OpaqueToken::parse(OpaqueKind::Refresh, text(&login["refresh_token"])).unwrap();
    for random in [[0; 32], [7; 32]] {
        let forged = OpaqueToken::new(OpaqueKind::Refresh, genuine.id(), random).expose();
        renew(&sector, &json!(forged)).await.problem(401, "refresh_token_unknown");
        assert_eq!(sector.get_as(text(&newest["token"]), "/me").await.status, 200);
    }
    // At once, not only after the grace period.
    renew(&sector, &login["refresh_token"]).await.problem(401, "refresh_token_reused");
    sector.get_as(text(&newest["token"]), "/me").await.problem(401, "session_ended");
    renew(&sector, &newest["refresh_token"]).await.problem(401, "refresh_token_unknown");
}

/// As browsers do: every tab keeps what it got, and the last answer stays in their common storage.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tabs_that_renew_at_once_all_stay_signed_in() {
    for (name, store, _guard) in stores().await {
        let sector = Sector::on(store, config(), None).await;
        let mut newest = login(&sector, 1).await["refresh_token"].clone();
        for round in 0..20 {
            let body = json!({"refresh_token": newest});
            let tabs = (0..4).map(|_| sector.post("/auth/refresh", &body)).collect();
            let mut successors: Vec<Value> = Vec::new();
            for answer in join_all(tabs).await {
                assert_eq!(answer.status, 200, "{name}, round {round}: {answer:?}");
                successors.push(answer.json()["refresh_token"].clone());
            }
            assert!(successors.iter().all(|token| *token == successors[0]), "{successors:?}");
            newest = successors[0].clone();
            sector.pass_seconds(900);
        }
        sector.stop().await;
    }
}

/// While the signing secret is replaced, replicas have different current secrets.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_and_nonces_survive_a_change_of_the_secret() {
    let store = sector_redis::open(StoreOptions::memory()).await.unwrap();
    let old = Sector::on(store.clone(), config(), None).await;
    let first = login(&old, 1).await;
    let address = json!({"address": key(1).address().to_string()});
    let asked = old.post("/auth/nonce", &address).await.json();
    let second = renew(&old, &first["refresh_token"]).await.json();
    let mut rotated = config();
    rotated.jwt_previous_secrets = vec![rotated.jwt_secret];
    rotated.jwt_secret = Secret::new("a new secret of at least thirty-two bytes").unwrap();
    old.stop().await;
    let new = Sector::on(store, rotated, None).await;
    let again = renew(&new, &first["refresh_token"]).await.json();
    assert_eq!(again["refresh_token"], second["refresh_token"]);
    assert_eq!(new.post("/auth/verify", &signed(&key(1), &asked)).await.status, 200);
    let third = renew(&new, &second["refresh_token"]).await.json();
    assert_eq!(new.get_as(text(&third["token"]), "/me").await.status, 200);
    renew(&new, &first["refresh_token"]).await.problem(401, "refresh_token_reused");
}

#[tokio::test]
async fn signing_out_ends_one_session_or_all() {
    let sector = Sector::start().await;
    let (one, other, stranger) =
        (login(&sector, 1).await, login(&sector, 1).await, login(&sector, 2).await);
    let out = |token: &Value, path: &'static str| {
        let (sector, token) = (&sector, text(token).to_owned());
        async move { sector.post_as(&token, path, &json!({})).await }
    };
    assert_eq!(sector.get_as(text(&one["token"]), "/me").await.status, 200);
    assert_eq!(out(&one["token"], "/auth/logout").await.json(), json!({"ended": 1}));
    sector.get_as(text(&one["token"]), "/me").await.problem(401, "session_ended");
    sector
        .post("/auth/refresh", &json!({"refresh_token": one["refresh_token"]}))
        .await
        .problem(401, "refresh_token_unknown");
    assert_eq!(sector.get_as(text(&other["token"]), "/me").await.status, 200);
    let third = login(&sector, 1).await;
    assert_eq!(out(&other["token"], "/auth/logout-all").await.json(), json!({"ended": 2}));
    for token in [&other["token"], &third["token"]] {
        sector.get_as(text(token), "/me").await.problem(401, "session_ended");
    }
    assert_eq!(sector.get_as(text(&stranger["token"]), "/me").await.status, 200);
}

#[tokio::test]
async fn a_wallet_may_write_its_own_message_with_the_nonce() {
    let sector = Sector::start().await;
    let (key, config) = (key(1), config());
    let now = Timestamp::from_unix_ms(1_795_334_400_000);
    let nonce = async || {
        let answer =
            sector.post("/auth/nonce", &json!({"address": key.address().to_string()})).await.json();
        text(&answer["nonce"]).to_owned()
    };
    let message = |nonce: &str, domain: &str| {
        let fields = LoginFields {
            statement: Some("A wallet's own words.".to_owned()),
            ..LoginFields::new(
                domain,
                key.address(),
                config.auth_uri.as_str(),
                config.auth_chain_id,
                nonce,
                now,
            )
        };
        LoginMessage::new(fields).unwrap().to_string()
    };
    let verify = async |message: &str| {
        let body = json!({"message": message, "signature": key.sign_message(message)});
        sector.post("/auth/verify", &body).await
    };
    let good = message(&nonce().await, &config.auth_domain);
    assert_eq!(verify(&good).await.status, 200);
    verify(&good).await.problem(401, "nonce_unknown");
    // For another site: refused, without using up the nonce.
    let nonce_of_phish = nonce().await;
    verify(&message(&nonce_of_phish, "phish.example")).await.problem(401, "domain_mismatch");
    assert_eq!(verify(&message(&nonce_of_phish, &config.auth_domain)).await.status, 200);
    verify(&message("0123456789abcdef0123456789abcdef", &config.auth_domain))
        .await
        .problem(401, "nonce_unknown");
    verify("sign me in").await.problem(400, "invalid_body");
    let body = json!({"signature": "0x00"});
    sector.post("/auth/verify", &body).await.problem(400, "invalid_body");
}

#[tokio::test]
async fn a_bot_plays_with_a_key_and_not_with_the_wallet() {
    let sector = Sector::start().await;
    let token = sector.log_in_with(1, "F1").await;
    let ask = json!({"label": "night watch", "verbs": ["orders", "read"], "expires_in": 3_600});
    let issued = sector.post_as(&token, "/keys", &ask).await.json();
    let secret = text(&issued["key"]).to_owned();
    assert!(secret.starts_with("sector_key_"), "{secret}");
    assert_eq!(issued["verbs"], json!(["read", "orders"]));
    assert!(issued["expires_at"].is_string() && issued["used_at"].is_null());

    let order =
        |faction: &str| json!({"orders": [{"kind": "muster", "faction": faction, "target_id": 0}]});
    assert_eq!(sector.post_as(&secret, "/orders", &order("F1")).await.status, 202);
    sector.post_as(&secret, "/orders", &order("F2")).await.problem(403, "not_your_faction");
    let me = sector.get_as(&secret, "/me").await.json();
    assert_eq!((&me["faction"], &me["role"]), (&json!("F1"), &json!("bot_key")));
    for (method, path) in [
        (Method::GET, "/keys"),
        (Method::POST, "/auth/logout-all"),
        (Method::DELETE, "/factions/claim"),
        (Method::POST, "/admin/pause?paused=true"),
    ] {
        let code = if path.starts_with("/admin") { "not_admin" } else { "not_a_player" };
        let request =
            sector.request(method, path).header("authorization", format!("Bearer {secret}"));
        sector.send(request, "").await.problem(403, code);
    }
    // Other players see that a bot plays.
    let seats = sector.get("/factions").await.json();
    let seat =
        seats["factions"].as_array().unwrap().iter().find(|seat| seat["id"] == "F1").unwrap();
    assert_eq!(
        (&seat["claimed"], &seat["controller"], &seat["bot"]),
        (&json!(true), &json!("bot"), &json!("night watch"))
    );

    // A read-only key.
    let reader =
        sector.post_as(&token, "/keys", &json!({"label": "eyes", "verbs": ["read"]})).await.json();
    assert_eq!(sector.get_as(text(&reader["key"]), "/me").await.status, 200);
    sector
        .post_as(text(&reader["key"]), "/orders", &order("F1"))
        .await
        .problem(403, "key_not_good_for_this");

    let list = sector.get_as(&token, "/keys").await.json();
    assert_eq!(list["keys"].as_array().unwrap().len(), 2);
    assert!(!list.to_string().contains("sector_key_"), "{list}");
    // Only the owner can revoke the key, and it expires.
    let stranger = sector.log_in(2).await;
    let revoke = |token: &str, id: &Value| {
        let request = sector.request(Method::DELETE, &format!("/keys/{}", text(id)));
        sector.send(request.header("authorization", format!("Bearer {token}")), "")
    };
    revoke(&stranger, &reader["id"]).await.problem(404, "unknown_key");
    assert_eq!(revoke(&token, &reader["id"]).await.json(), json!({"revoked": reader["id"]}));
    sector.get_as(text(&reader["key"]), "/me").await.problem(401, "key_unknown");
    sector.pass_seconds(3_601);
    sector.get_as(&secret, "/me").await.problem(401, "key_unknown");
}

#[tokio::test]
async fn invalid_key_requests_are_refused_and_keys_are_limited() {
    let sector = Sector::start().await;
    let token = sector.log_in(1).await;
    for (body, field) in [
        (json!({"label": "", "verbs": ["read"]}), "label"),
        (json!({"label": " x", "verbs": ["read"]}), "label"),
        (json!({"label": "x".repeat(41), "verbs": ["read"]}), "label"),
        (json!({"label": "night\u{200b}watch", "verbs": ["read"]}), "label"),
        (json!({"label": "\u{3164}", "verbs": ["read"]}), "label"),
        (json!({"label": "\u{202e}hctaw thgin", "verbs": ["read"]}), "label"),
        (json!({"label": "F2 · Operator (official)", "verbs": ["read"]}), "label"),
        (json!({"label": "x", "verbs": []}), "verbs"),
        (json!({"label": "x", "verbs": ["claim"]}), "verbs"),
        (json!({"label": "x", "verbs": ["read"], "expires_in": 59}), "expires_in"),
        (json!({"label": "x", "verbs": ["read"], "faction": "F1"}), "faction"),
    ] {
        let problem = sector.post_as(&token, "/keys", &body).await.problem(400, "invalid_body");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    for _ in 0..20 {
        assert_eq!(
            sector.post_as(&token, "/keys", &json!({"label": "x", "verbs": ["read"]})).await.status,
            200
        );
    }
    sector
        .post_as(&token, "/keys", &json!({"label": "x", "verbs": ["read"]}))
        .await
        .problem(409, "too_many_keys");
    // They expire by themselves.
    sector.pass_seconds(2_592_001);
    let token = sector.log_in(1).await;
    assert_eq!(sector.get_as(&token, "/keys").await.json(), json!({"keys": []}));
    let revoke = sector
        .request(Method::DELETE, "/keys/17")
        .header("authorization", format!("Bearer {token}"));
    sector.send(revoke, "").await.problem(400, "invalid_path");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_renewals_all_stay_in_one_session() {
    let sector = Sector::start().await;
    let first = login(&sector, 1).await;
    let body = json!({"refresh_token": first["refresh_token"]});
    let answers =
        join_all((0..8).map(|_| sector.post("/auth/refresh", &body)).collect::<Vec<_>>()).await;
    let mut renewed = 0;
    for answer in answers {
        if answer.status == 200 {
            renewed += 1;
        } else {
            let code = answer.json()["code"].clone();
            assert!(code == "refresh_token_busy" || code == "refresh_token_unknown", "{code}");
        }
    }
    assert!(renewed >= 1);
}

#[tokio::test]
async fn operator_actions_are_audited_and_idempotent() {
    let sector = Sector::start().await;
    let admin = sector.log_in(200).await;
    let restart = |key: &'static str, seed: u64| {
        let request = sector
            .request(Method::POST, &format!("/admin/restart?seed={seed}"))
            .header("authorization", format!("Bearer {admin}"))
            .header("idempotency-key", key);
        sector.send(request, "")
    };
    let first = restart("wish-1", 5).await;
    assert_eq!((first.status, first.header("idempotency-replayed")), (200, None));
    let again = restart("wish-1", 5).await;
    assert_eq!((again.json(), again.header("idempotency-replayed")), (first.json(), Some("true")));
    restart("wish-1", 6).await.problem(422, "idempotency_key_reused");
    assert_eq!(
        restart("wish-2", 6).await.json()["number"],
        first.json()["number"].as_u64().unwrap() + 1
    );
    restart("not fit", 6).await.problem(400, "invalid_idempotency_key");

    let log = sector.get_as(&admin, "/admin/audit").await.json();
    let entries: Vec<(u64, &str, &str, &Value)> = log["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            let number = entry["number"].as_u64().unwrap();
            (number, text(&entry["action"]), text(&entry["outcome"]), &entry["parameters"]["seed"])
        })
        .collect();
    let (five, six) = (json!(5), json!(6));
    assert_eq!(
        entries,
        [
            (1, "restart", "asked", &five),
            (2, "restart", "done", &five),
            (3, "restart", "asked", &six),
            (4, "restart", "done", &six)
        ]
    );
    assert_eq!(log["entries"][0]["by"], key(200).address().to_string());
    let rest = sector.get_as(&admin, "/admin/audit?after=3").await.json();
    assert_eq!((rest["entries"].as_array().unwrap().len(), &rest["next"]), (1, &json!(4)));
    let player = sector.log_in(1).await;
    sector.get_as(&player, "/admin/audit").await.problem(403, "not_admin");
}

#[tokio::test]
async fn tokens_signed_with_a_previous_secret_are_accepted() {
    let old = Sector::start().await;
    let token = old.log_in(1).await;
    let mut changed = config();
    changed.jwt_previous_secrets = vec![std::mem::replace(
        &mut changed.jwt_secret,
        sector_auth::Secret::new("another secret of at least thirty-two bytes").unwrap(),
    )];
    let mut new = Sector::empty(changed).await;
    new.begin("u-1", 7).await;
    // Valid signature, but the session is in another store.
    new.get_as(&token, "/me").await.problem(401, "session_ended");
    let mut forgotten = config();
    forgotten.jwt_secret =
        sector_auth::Secret::new("another secret of at least thirty-two bytes").unwrap();
    let mut without = Sector::empty(forgotten).await;
    without.begin("u-1", 7).await;
    without.get_as(&token, "/me").await.problem(401, "token_key_unknown");
    tokio::time::timeout(Duration::from_secs(20), without.stop()).await.unwrap();
}

/// Guests cost nothing: a network has a share of the room for keys, however many players it logs in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_cannot_take_all_the_room_for_keys() {
    for (name, store, _guard) in stores().await {
        let mut config = config();
        config.trusted_proxies = "127.0.0.1".parse().unwrap();
        let sector = Sector::on(store, config, None).await;
        let issue = async |token: &str, from: &str| {
            let request = sector
                .request(Method::POST, "/keys")
                .header("content-type", "application/json")
                .header("x-forwarded-for", from)
                .header("authorization", format!("Bearer {token}"));
            sector.send(request, json!({"label": "x", "verbs": ["read"]}).to_string()).await
        };
        let mut last = Value::Null;
        for player in 1..=25 {
            let token = sector.log_in(player).await;
            for number in 0..20 {
                let from = format!("2001:db8:1:{player:x}::{number:x}");
                let answer = issue(&token, &from).await;
                assert_eq!(answer.status, 200, "{name}: {answer:?}");
                last = answer.json();
            }
        }
        let token = sector.log_in(26).await;
        issue(&token, "2001:db8:1:ffff::1").await.problem(409, "too_many_keys");
        assert_eq!(issue(&token, "2001:db8:2::1").await.status, 200);
        assert_eq!(issue(&token, "192.0.2.1").await.status, 200);
        // Revoking one makes room.
        let owner = sector.log_in(25).await;
        let revoke = sector
            .request(Method::DELETE, &format!("/keys/{}", text(&last["id"])))
            .header("authorization", format!("Bearer {owner}"));
        assert_eq!(sector.send(revoke, "").await.status, 200);
        assert_eq!(issue(&token, "2001:db8:1:ffff::1").await.status, 200);
        sector.stop().await;
    }
}
