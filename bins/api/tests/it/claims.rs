//! Factions and their claims.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Sector, config};
use crate::login::join_all;

/// The entry of a faction in `/factions`.
async fn seat(sector: &Sector, id: &str) -> Value {
    let list = sector.get("/factions").await.json();
    list["factions"].as_array().unwrap().iter().find(|faction| faction["id"] == id).unwrap().clone()
}

async fn release(sector: &Sector, token: &str) -> Value {
    let request = sector
        .request(Method::DELETE, "/factions/claim")
        .header("authorization", format!("Bearer {token}"));
    sector.send(request, "").await.json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_faction_is_listed_claimed_and_released() {
    let sector = Sector::start().await;
    let list: sector_wire::FactionList =
        serde_json::from_value(sector.get("/factions").await.json()).unwrap();
    assert_eq!((list.universe_id.as_str(), list.factions.len()), ("u-1", 5));
    assert!(
        list.factions.iter().all(|faction| faction.claimable && !faction.claimed && faction.alive)
    );

    let token = sector.log_in_with(1, "F2").await;
    let claimed = seat(&sector, "F2").await;
    assert_eq!(
        (&claimed["claimed"], &claimed["claimable"], &claimed["controller"]),
        (&json!(true), &json!(false), &json!("human"))
    );
    assert_eq!(sector.get_as(&token, "/me").await.json()["faction"], "F2");
    // Claiming the same faction again changes nothing.
    let again = sector.post_as(&token, "/factions/claim", &json!({"faction": "F2"})).await;
    assert_eq!((again.status, &again.json()["faction"]), (200, &json!("F2")));

    let other = sector.post_as(&token, "/factions/claim", &json!({"faction": "F3"})).await;
    other.problem(409, "already_claimed");
    let rival = sector.log_in(2).await;
    let taken = sector.post_as(&rival, "/factions/claim", &json!({"faction": "F2"})).await;
    taken.problem(409, "faction_claimed");

    assert_eq!(release(&sector, &token).await, json!({"released": "F2"}));
    assert_eq!(release(&sector, &token).await, json!({"released": null}));
    assert_eq!(seat(&sector, "F2").await["controller"], "bot");
    assert_eq!(sector.get_as(&token, "/me").await.json()["faction"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_one_of_many_concurrent_claims_succeeds() {
    let sector = Sector::start().await;
    let mut tokens = Vec::new();
    for player in 1..=64 {
        tokens.push(sector.log_in(player).await);
    }
    let body = json!({"faction": "F1"});
    let answers = join_all(
        tokens.iter().map(|token| sector.post_as(token, "/factions/claim", &body)).collect(),
    )
    .await;
    let claimed = answers.iter().filter(|answer| answer.status == 200).count();
    let taken = answers.iter().filter(|answer| answer.status == 409).count();
    assert_eq!((claimed, taken), (1, 63));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_is_kept_by_orders_and_keep_and_not_by_reads() {
    let mut config = config();
    config.jwt_ttl_seconds.0 = 86_400;
    let mut sector = Sector::empty(config).await;
    sector.begin("u-1", 7).await;
    let token = sector.log_in_with(1, "F1").await;
    let key = async |verbs: Value| {
        let key = json!({"label": "a bot", "verbs": verbs});
        let key = sector.post_as(&token, "/keys", &key).await.json();
        key["key"].as_str().unwrap().to_owned()
    };
    let (reader, orderer) = (key(json!(["read"])).await, key(json!(["orders"])).await);
    let order =
        json!({"orders": [{"kind": "muster", "faction": "F1", "target_id": sector.home(1)}]});
    for (credentials, path, body) in [
        (&token, "/factions/keep", json!(null)),
        (&token, "/orders", order.clone()),
        (&orderer, "/orders", order),
        (&orderer, "/factions/keep", json!(null)),
    ] {
        sector.pass_seconds(599);
        let answer = sector.post_as(credentials, path, &body).await;
        assert!(matches!(answer.status, 200 | 202), "{path}: {answer:?}");
        assert_eq!(seat(&sector, "F1").await["autopilot"], false);
    }
    // Reads keep nothing, and a key that can only read keeps no seat.
    let events = sector.after("1-0").await;
    sector.pass_seconds(599);
    for path in ["/me", "/snapshot", &events, "/factions", "/rules", "/leaderboard"] {
        assert_eq!(sector.get_as(&token, path).await.status, 200);
    }
    sector
        .post_as(&reader, "/factions/keep", &json!(null))
        .await
        .problem(403, "key_not_good_for_this");
    assert_eq!(seat(&sector, "F1").await["claimed"], true);
    sector.pass_seconds(1);
    assert_eq!(seat(&sector, "F1").await["claimed"], false);
    assert_eq!(sector.get_as(&token, "/me").await.json()["faction"], Value::Null);
    let kept = sector.post_as(&token, "/factions/keep", &json!(null)).await.json();
    assert_eq!(kept["faction"], Value::Null);
    sector.log_in_with(2, "F1").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_computer_plays_on_for_an_absent_player_until_they_are_back() {
    let sector = Sector::start().await;
    let token = sector.log_in_with(1, "F1").await;
    let order =
        json!({"orders": [{"kind": "muster", "faction": "F1", "target_id": sector.home(1)}]});
    sector.pass_seconds(29);
    assert_eq!(seat(&sector, "F1").await["autopilot"], false);
    sector.post_as_bot("/orders", &order).await.problem(403, "faction_claimed");
    sector.pass_seconds(1);
    let away = seat(&sector, "F1").await;
    assert_eq!(
        (&away["claimed"], &away["autopilot"], &away["controller"], &away["claimable"]),
        (&json!(true), &json!(true), &json!("bot"), &json!(false))
    );
    assert_eq!(sector.post_as_bot("/orders", &order).await.status, 202);
    let other = sector.log_in(2).await;
    let claim = json!({"faction": "F1"});
    sector.post_as(&other, "/factions/claim", &claim).await.problem(409, "faction_claimed");
    let kept = sector.post_as(&token, "/factions/keep", &json!(null)).await.json();
    assert_eq!(
        kept,
        json!({"faction": "F1", "autopilot_after_ms": 30_000, "released_after_ms": 600_000})
    );
    sector.post_as_bot("/orders", &order).await.problem(403, "faction_claimed");
    // Signing out releases the seat.
    sector.post_as(&token, "/auth/logout", &json!({})).await;
    assert_eq!(sector.post_as(&other, "/factions/claim", &claim).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invalid_claims_are_refused() {
    let mut sector = Sector::start().await;
    let token = sector.log_in(1).await;
    for (faction, status, code) in [
        ("F9", 400, "unknown_faction"),
        ("nonsense", 400, "unknown_faction"),
        ("L1", 400, "unknown_faction"),
    ] {
        let answer = sector.post_as(&token, "/factions/claim", &json!({"faction": faction})).await;
        let problem = answer.problem(status, code);
        assert_eq!(problem["errors"][0]["allowed"], "F1, F2, F3, F4, F5");
    }
    sector.post("/factions/claim", &json!({"faction": "F1"})).await.problem(401, "unauthenticated");
    sector
        .post_as_bot("/factions/claim", &json!({"faction": "F1"}))
        .await
        .problem(403, "not_a_player");
    sector.end().await;
    let answer = sector.post_as(&token, "/factions/claim", &json!({"faction": "F1"})).await;
    answer.problem(409, "run_over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_ends_with_its_universe() {
    let mut sector = Sector::start().await;
    let token = sector.log_in_with(1, "F1").await;
    sector.end().await;
    sector.begin("u-2", 8).await;
    let me = sector.get_as(&token, "/me").await.json();
    assert_eq!((&me["faction"], &me["universe_id"]), (&Value::Null, &json!("u-2")));
    sector.log_in_with(2, "F1").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operator_cannot_claim_a_faction() {
    let sector = Sector::start().await;
    let code = sector.operator_code();
    let operator = sector.post("/auth/operator", &json!({"code": code})).await.json();
    let token = operator["token"].as_str().unwrap();
    sector
        .post_as(token, "/factions/claim", &json!({"faction": "F1"}))
        .await
        .problem(403, "operator_has_no_seat");
    assert_eq!(seat(&sector, "F1").await["claimed"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_shows_when_a_victory_begins_to_count() {
    let mut sector = Sector::empty(config()).await;
    let began_ms = sector.now_ms();
    sector.begin(&format!("u-{began_ms:x}-0badf00d"), 7).await;
    let token = sector.log_in(1).await;
    let claim = json!({"faction": "F1"});
    let first = sector.post_as(&token, "/factions/claim", &claim).await.json();
    assert_eq!(first["victory_counts_from_ms"], began_ms);
    release(&sector, &token).await;
    sector.pass_seconds(100);
    let late = sector.post_as(&token, "/factions/claim", &claim).await.json();
    // Held for half of 200 seconds.
    assert_eq!(late["victory_counts_from_ms"], began_ms + 200_000);
    assert!(sector.get_as(&token, "/me").await.json().get("victory_counts_from_ms").is_none());
}
