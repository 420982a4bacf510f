//! Admin operations.

use http::Method;
use sector_sim::draw::MAX_SEED;
use serde_json::json;

use crate::harness::Sector;

const ADMIN: u8 = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn players_are_not_admins() {
    let sector = Sector::start().await;
    let player = sector.log_in_with(1, "F1").await;
    for (method, path) in [
        (Method::POST, "/admin/restart"),
        (Method::POST, "/admin/bots-only"),
        (Method::GET, "/admin/pause"),
        (Method::POST, "/admin/pause?paused=true"),
    ] {
        let request = || sector.request(method.clone(), path);
        sector.send(request(), "").await.problem(401, "unauthenticated");
        let by_player = request().header("authorization", format!("Bearer {player}"));
        sector.send(by_player, "").await.problem(403, "not_admin");
        let by_bot = request().header("x-bot-token", crate::harness::BOT_TOKEN);
        sector.send(by_bot, "").await.problem(403, "not_admin");
    }
    assert!(!sector.store.paused().await.unwrap());
    assert_eq!(sector.store.restart_request().await.unwrap(), None);
    assert_eq!(sector.get_as(&player, "/me").await.json()["faction"], "F1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admin_pauses_and_resumes() {
    let sector = Sector::start().await;
    let admin = sector.log_in(ADMIN).await;
    assert_eq!(sector.get_as(&admin, "/me").await.json()["role"], "admin");
    for paused in [true, false] {
        let answer =
            sector.post_as(&admin, &format!("/admin/pause?paused={paused}"), &json!(null)).await;
        assert_eq!(answer.json(), json!({"paused": paused}));
        assert_eq!(sector.get_as(&admin, "/admin/pause").await.json(), json!({"paused": paused}));
        assert_eq!(sector.store.paused().await.unwrap(), paused);
    }
    for query in ["", "?paused=", "?paused=1", "?pause=true"] {
        let answer = sector.post_as(&admin, &format!("/admin/pause{query}"), &json!(null)).await;
        answer.problem(400, "invalid_query");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admin_requests_a_new_universe() {
    let sector = Sector::start().await;
    let admin = sector.log_in(ADMIN).await;
    for (query, seed) in
        [("", None), ("?seed=0", Some(0)), ("?seed=9007199254740991", Some(MAX_SEED))]
    {
        let answer = sector.post_as(&admin, &format!("/admin/restart{query}"), &json!(null)).await;
        let request = sector.store.restart_request().await.unwrap().unwrap();
        assert_eq!(request.seed, seed);
        assert_eq!(answer.json(), json!({"number": request.number, "seed": seed}));
    }
    for query in ["?seed=9007199254740992", "?seed=-1", "?seed=x", "?seed="] {
        let answer = sector.post_as(&admin, &format!("/admin/restart{query}"), &json!(null)).await;
        answer.problem(400, "invalid_query");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admin_ends_all_claims() {
    let sector = Sector::start().await;
    let player = sector.log_in_with(1, "F1").await;
    sector.log_in_with(2, "F2").await;
    let admin = sector.log_in(ADMIN).await;
    let answer = sector.post_as(&admin, "/admin/bots-only", &json!(null)).await;
    assert_eq!(answer.json(), json!({"released": 2}));
    assert_eq!(sector.get_as(&player, "/me").await.json()["faction"], json!(null));
}
