//! The minter over HTTP.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use process_kit::CancellationToken;
use sector_auth::Secret;
use sector_redis::{Award, Commit, Lease, Place, Store, StoreOptions};
use serde_json::{Value, json};
use store_testkit::RedisServer;
use tokio::net::TcpListener;

const TTL: Duration = Duration::from_secs(600);

struct Minter {
    url: String,
    http: reqwest::Client,
    store: Arc<dyn Store>,
    shutdown: CancellationToken,
    running: tokio::task::JoinHandle<Result<(), http_kit::SetupError>>,
}

impl Minter {
    async fn start(store: Arc<dyn Store>, config: nft_minter::Config) -> Minter {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = CancellationToken::new();
        let minter = nft_minter::run(config, listener, store.clone(), shutdown.clone());
        let running = tokio::spawn(minter);
        Minter { url, http: reqwest::Client::new(), store, shutdown, running }
    }

    async fn mint(&self, key: Option<&str>, body: &Value) -> (u16, Value) {
        let request = self.http.post(format!("{}/mint", self.url)).json(body);
        let request = key.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn refused(&self, body: &Value, status: u16, code: &str) {
        let (found, problem) = self.mint(None, body).await;
        assert_eq!((found, &problem["code"]), (status, &json!(code)), "{body}: {problem}");
    }

    async fn get(&self, path: &str) -> Value {
        let response = self.http.get(format!("{}{path}", self.url)).send().await.unwrap();
        assert_eq!(response.status(), 200);
        response.json().await.unwrap()
    }

    async fn awards(&self) -> u64 {
        self.get("/health").await["awards"].as_u64().unwrap()
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.running.await.unwrap().unwrap();
    }
}

async fn memory() -> Arc<dyn Store> {
    sector_redis::open(StoreOptions::memory()).await.unwrap()
}

/// Begins a universe. `end` ends it with `F1` as the winner.
async fn begin(store: &Arc<dyn Store>, universe: &str) -> Lease {
    let lease = store.acquire_lease("test", TTL).await.unwrap().unwrap();
    let commit = Commit {
        lease: lease.clone(),
        lease_ttl: TTL,
        universe: universe.into(),
        digest: "0".into(),
        begin: Some("{}".into()),
        checkpoint: Some("{}".into()),
        ..Commit::default()
    };
    store.commit(&commit).await.unwrap();
    lease
}

fn victory() -> Value {
    json!({"name": "The first", "cause": "domination", "tick": 1, "seed": 7, "digest": "1", "player": "0xWinner"})
}

/// Ends the universe with the awards of the worker.
async fn end(store: &Arc<dyn Store>, lease: &Lease, universe: &str, awards: &[Value]) {
    let summary = json!({
        "universe_id": universe, "seed": 7, "systems": 40, "factions": 5, "ticks": 1, "winner": "F1",
        "winner_name": "The first", "cause": "domination", "digest": "1", "ended_at_ms": 9,
        "players": [{"faction": "F1", "player": "0xWinner"}, {"faction": "F2", "player": "0xLoser"}],
    });
    let award = |body: &Value| Award {
        universe: universe.into(),
        faction: "F1".into(),
        award: "victory".into(),
        body: serde_json::to_string(
            &serde_json::from_value::<sector_wire::Victory>(body.clone()).unwrap(),
        )
        .unwrap(),
    };
    let commit = Commit {
        lease: lease.clone(),
        lease_ttl: TTL,
        universe: universe.into(),
        tick: 1,
        digest: "1".into(),
        finished: Some(summary.to_string()),
        awards: awards.iter().map(award).collect(),
        ..Commit::default()
    };
    store.commit(&commit).await.unwrap();
    store.release_lease(lease).await.unwrap();
}

fn award(universe: &str, faction: &str, award: &str) -> Value {
    json!({"universe_id": universe, "faction": faction, "award": award})
}

async fn takes_only_what_was_won(store: Arc<dyn Store>) {
    let minter = Minter::start(store, nft_minter::Config::default()).await;
    minter.refused(&award("u-1", "F1", "victory"), 404, "unknown_run").await;
    let lease = begin(&minter.store, "u-1").await;
    for faction in ["F1", "F2", "F3"] {
        minter.refused(&award("u-1", faction, "victory"), 409, "run_not_over").await;
    }
    // What was forged before does not outlive the worker's own.
    let forged = Award {
        universe: "u-1".into(),
        faction: "F1".into(),
        award: "victory".into(),
        body: "{\"player\":\"0xThief\"}".into(),
    };
    minter.store.record_award(&forged).await.unwrap();
    end(&minter.store, &lease, "u-1", &[victory()]).await;
    let awards = store_testkit::awards(&*minter.store).await;
    assert_eq!(awards.len(), 1);
    assert!(awards[0].body.contains("0xWinner"), "{awards:?}");

    let won = award("u-1", "F1", "victory");
    let (status, again) = minter.mint(None, &won).await;
    assert_eq!((status, &again["duplicate"]), (200, &json!(true)), "{again}");
    for (faction, name) in [("F2", "victory"), ("F1", "beauty"), ("F9", "victory")] {
        minter.refused(&award("u-1", faction, name), 409, "award_not_earned").await;
    }
    let mut with_metadata = won.clone();
    with_metadata["metadata"] = victory();
    assert_eq!(minter.mint(None, &with_metadata).await.0, 200);
    with_metadata["metadata"]["player"] = json!("0xThief");
    minter.refused(&with_metadata, 409, "award_differs").await;
    assert_eq!(minter.awards().await, 1);

    // A run whose award is missing gets it from its record, once.
    let lease = begin(&minter.store, "u-2").await;
    end(&minter.store, &lease, "u-2", &[]).await;
    let won = award("u-2", "F1", "victory");
    let (status, first) = minter.mint(None, &won).await;
    assert_eq!(
        (status, &first["duplicate"], &first["state"]),
        (201, &json!(false), &json!("accepted"))
    );
    assert_eq!(minter.mint(None, &won).await.0, 200);
    let awards = store_testkit::awards(&*minter.store).await;
    assert!(awards.iter().all(|award| award.body.contains("0xWinner")), "{awards:?}");

    // Other content for the same award stays, and is refused.
    let lease = begin(&minter.store, "u-3").await;
    minter.store.record_award(&Award { universe: "u-3".into(), ..forged }).await.unwrap();
    end(&minter.store, &lease, "u-3", &[]).await;
    minter.refused(&award("u-3", "F1", "victory"), 409, "award_differs").await;
    minter.stop().await;
}

#[tokio::test]
async fn only_the_winner_of_a_finished_run_gets_its_award_in_memory() {
    takes_only_what_was_won(memory().await).await;
}

#[tokio::test]
async fn only_the_winner_of_a_finished_run_gets_its_award_on_redis() {
    let server = RedisServer::start();
    let options = StoreOptions::new(Place::redis(server.url()));
    takes_only_what_was_won(sector_redis::open(options).await.unwrap()).await;
}

#[tokio::test]
async fn the_key_is_asked_for_and_bad_input_is_named() {
    let config = nft_minter::Config {
        minter_api_key: Some(Secret::new("a key of the minter".to_owned()).unwrap()),
        ..nft_minter::Config::default()
    };
    let minter = Minter::start(memory().await, config).await;
    let lease = begin(&minter.store, "u-1").await;
    end(&minter.store, &lease, "u-1", &[]).await;
    let won = award("u-1", "F1", "victory");
    for key in [None, Some("another key")] {
        let (status, problem) = minter.mint(key, &won).await;
        assert_eq!((status, &problem["code"]), (401, &json!("bad_key")));
    }
    let key = Some("a key of the minter");
    let (status, problem) = minter.mint(key, &award("", "F 1", "victory")).await;
    assert_eq!(
        (status, &problem["code"], problem["errors"].as_array().unwrap().len()),
        (400, &json!("bad_award"), 2)
    );
    let (status, problem) = minter.mint(key, &json!({"universe_id": "u-1", "faction": "F1"})).await;
    assert_eq!(status, 400, "{problem}");
    let mut free_text = won.clone();
    free_text["metadata"] = json!({"player": "<b onmouseover=alert(1)>"});
    let (status, problem) = minter.mint(key, &free_text).await;
    assert_eq!((status, &problem["code"]), (400, &json!("invalid_body")));
    assert_eq!(minter.awards().await, 0);
    assert_eq!(minter.mint(key, &won).await.0, 201);
    minter.stop().await;
}

#[tokio::test]
async fn guesses_of_the_key_are_limited() {
    let config = nft_minter::Config {
        minter_api_key: Some(Secret::new("a key of the minter".to_owned()).unwrap()),
        limit_mints: 5,
        limit_minter_reads: 3,
        ..nft_minter::Config::default()
    };
    let minter = Minter::start(memory().await, config).await;
    let mut statuses = Vec::new();
    for guess in 0..8 {
        let (status, problem) = minter.mint(Some(&format!("guess {guess}")), &json!({})).await;
        statuses.push(status);
        if status == 429 {
            assert_eq!(problem["code"], "rate_limited");
        }
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429, 429]);
    let health = || minter.http.get(format!("{}/health", minter.url)).send();
    let first = health().await.unwrap();
    assert_eq!(first.status(), 200);
    assert!(first.headers().contains_key("ratelimit"), "{:?}", first.headers());
    for _ in 0..3 {
        health().await.unwrap();
    }
    let limited = health().await.unwrap();
    assert_eq!(limited.status(), 429);
    assert!(limited.headers().contains_key("retry-after"));
    // Orchestrators ask for liveness without a limit.
    for _ in 0..8 {
        minter.get("/livez").await;
    }
    minter.stop().await;
}

/// Set this variable to write the committed file anew.
const UPDATE: &str = "UPDATE_OPENAPI";

#[tokio::test]
async fn the_committed_document_is_served_and_describes_every_route() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi-minter.json");
    let fresh = nft_minter::openapi().unwrap();
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, &fresh).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    assert!(
        committed == fresh,
        "docs/openapi-minter.json is stale: write it anew with {UPDATE}=1 cargo test -p nft-minter"
    );
    let minter = Minter::start(memory().await, nft_minter::Config::default()).await;
    let document = minter.get("/openapi.json").await;
    assert_eq!(document, serde_json::from_str::<Value>(&fresh).unwrap());
    let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    assert_eq!(paths.len(), 5);
    for path in paths.into_iter().filter(|path| *path != "/mint") {
        minter.get(path).await;
    }
    minter.stop().await;
}
