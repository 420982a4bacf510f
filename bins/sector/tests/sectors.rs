//! Several sectors on one Redis: one worker ticks them, one API and one frontend serve them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use clap::Parser;
use follow::Sectors;
use process_kit::CancellationToken;
use sector_auth::Secret;
use sector_redis::{KeyNames, Place, RedisOptions, StoreOptions};
use serde_json::{Value, json};
use sim_worker::{Options, Post, Sources};
use store_testkit::{RedisServer, eventually};
use tokio::task::JoinSet;

/// Longest a test waits for anything.
const PATIENCE: Duration = Duration::from_secs(30);
const BOT_TOKEN: &str = "the bots' own token";

fn options(url: &str, id: Option<&str>) -> StoreOptions {
    let names = KeyNames { sector_id: id.map(|id| id.parse().unwrap()), ..KeyNames::default() };
    StoreOptions::new(Place::Redis(RedisOptions { names, ..RedisOptions::new(url) }))
}

async fn get(http: &reqwest::Client, url: &str) -> (u16, Value) {
    let answer = http.get(url).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_redis_holds_several_sectors_and_every_service_serves_them_all() {
    let redis = RedisServer::start();
    let url = redis.url();
    let (shutdown, mut running) = (CancellationToken::new(), JoinSet::new());

    let worker = Options::try_parse_from([
        "sim-worker",
        "--sectors",
        "default,north,south",
        "--tick-ms",
        "50",
    ])
    .unwrap();
    let posts = Post::all(worker.sectors().sectors());
    let working = sim_worker::run_several(
        worker.worker.clone(),
        options(&url, None),
        posts,
        Sources::system(),
        shutdown.clone(),
    );
    running.spawn(async { working.await.map_err(|error| format!("worker: {error}")) });

    // The API's own sector is north: plain paths mean that one.
    let listener = http_kit::bind("127.0.0.1:0".parse().unwrap(), "--port").await.unwrap();
    let api = format!("http://{}", listener.local_addr().unwrap());
    let mut config =
        api::Config::new(&Secret::new("a secret of at least thirty-two bytes").unwrap()).unwrap();
    config.bot_api_token = Some(Secret::new(BOT_TOKEN).unwrap());
    config.quotas.limit_reads = 100_000;
    let sectors = Sectors::open(options(&url, Some("north")), shutdown.clone()).await.unwrap();
    let serving = api::run(config, listener, sectors, shutdown.clone());
    running.spawn(async { serving.await.map_err(|error| format!("api: {error}")) });

    let listener = http_kit::bind("127.0.0.1:0".parse().unwrap(), "--port").await.unwrap();
    let page = format!("http://{}", listener.local_addr().unwrap());
    let config = frontend::Config { api_url: api.parse().unwrap(), ..frontend::Config::default() };
    let sectors = Sectors::open(options(&url, None), shutdown.clone()).await.unwrap();
    let serving = frontend::run(config, listener, sectors, shutdown.clone());
    running.spawn(async { serving.await.map_err(|error| format!("frontend: {error}")) });

    let http = reqwest::Client::new();
    let list = eventually("a list of three", PATIENCE, async || {
        let (_, list) = get(&http, &format!("{api}/sectors")).await;
        (list["sectors"].as_array()?.len() == 3).then_some(list)
    })
    .await;
    let homes: Vec<(&Value, &Value)> = list["sectors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sector| (&sector["name"], &sector["home"]))
        .collect();
    assert_eq!(
        homes,
        [
            (&json!("default"), &json!(false)),
            (&json!("north"), &json!(true)),
            (&json!("south"), &json!(false))
        ]
    );

    // Each has a universe of its own, which the API and the page's own way to it both tell, and
    // ticks.
    let mut universes = Vec::new();
    for (name, path) in
        [("north", ""), ("default", "/sectors/default"), ("south", "/v1/sectors/south")]
    {
        let snapshot = eventually(name, PATIENCE, async || {
            let (status, snapshot) = get(&http, &format!("{api}{path}/snapshot")).await;
            (status == 200 && snapshot["tick"].as_u64()? > 2).then_some(snapshot)
        })
        .await;
        let (status, by_frontend) =
            get(&http, &format!("{page}/api/sectors/{name}/snapshot")).await;
        assert_eq!(
            (status, &by_frontend["universe_id"]),
            (200, &snapshot["universe_id"]),
            "{name}"
        );
        universes.push(snapshot["universe_id"].clone());

        // A bot's order there is carried out there.
        let order = json!({"orders": [{"kind": "focus", "faction": "F1", "system_id": snapshot["factions"][0]["home_id"],
            "focus": "industry", "client_id": name}]});
        let request =
            http.post(format!("{api}{path}/orders")).header("x-bot-token", BOT_TOKEN).json(&order);
        assert_eq!(request.send().await.unwrap().status(), 202, "{name}");
        let mut from = "after=0-0".to_owned();
        eventually("the outcome", PATIENCE, async || {
            let (_, page) =
                get(&http, &format!("{api}{path}/events?{from}&wait_ms=1000&count=1000")).await;
            let (next, incarnation) = (page["next"].as_str()?, page["incarnation"].as_str()?);
            from = format!("after={next}&incarnation={incarnation}");
            page["events"].to_string().contains(&format!("\"client_id\":\"{name}\"")).then_some(())
        })
        .await;
        // The live streams of the frontend.
        let tail = http.get(format!("{page}/sectors/{name}/tail")).send().await.unwrap();
        assert_eq!(tail.status(), 200, "{name}");
        let html = http.get(format!("{page}/sectors/{name}/")).send().await.unwrap();
        assert!(html.text().await.unwrap().contains("<html"), "{name}");
    }
    universes.sort_by_key(ToString::to_string);
    universes.dedup();
    assert_eq!(universes.len(), 3);

    // Asking for one that is not there makes none.
    assert_eq!(get(&http, &format!("{page}/sectors/west/tail")).await.0, 404);
    let (status, problem) = get(&http, &format!("{api}/sectors/west/snapshot")).await;
    assert_eq!((status, &problem["code"]), (404, &json!("unknown_sector")));
    assert_eq!(sector_redis::sectors(&RedisOptions::new(&url)).await.unwrap().len(), 3);

    shutdown.cancel();
    while let Some(ended) = running.join_next().await {
        assert_eq!(ended.unwrap(), Ok(()));
    }
}
