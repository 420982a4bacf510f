//! The minter on the wire.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use process_kit::CancellationToken;
use sector_auth::Secret;
use sector_redis::StoreOptions;
use serde_json::{Value, json};
use tokio::net::TcpListener;

struct Minter {
    url: String,
    http: reqwest::Client,
    shutdown: CancellationToken,
    running: tokio::task::JoinHandle<Result<(), http_kit::SetupError>>,
}

impl Minter {
    async fn start(key: Option<&str>) -> Minter {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let store = sector_redis::open(StoreOptions::memory()).await.unwrap();
        let config = nft_minter::Config {
            minter_api_key: key.map(|key| Secret::new(key.to_owned()).unwrap()),
        };
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(nft_minter::run(config, listener, store, shutdown.clone()));
        Minter { url, http: reqwest::Client::new(), shutdown, running }
    }

    async fn mint(&self, key: Option<&str>, body: &Value) -> (u16, Value) {
        let request = self.http.post(format!("{}/mint", self.url)).json(body);
        let request = key.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn awards(&self) -> u64 {
        let health: Value = self
            .http
            .get(format!("{}/health", self.url))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        health["awards"].as_u64().unwrap()
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.running.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn an_award_is_kept_once_however_often_it_is_handed_in() {
    let minter = Minter::start(None).await;
    let award = json!({"universe_id": "u-1", "faction": "F1", "award": "victory", "metadata": {"tick": 412}});
    let (status, first) = minter.mint(None, &award).await;
    assert_eq!((status, &first["duplicate"]), (201, &json!(false)));
    let (status, again) = minter.mint(None, &award).await;
    assert_eq!(
        (status, &again["duplicate"], &again["state"]),
        (200, &json!(true), &json!("accepted"))
    );
    let other = json!({"universe_id": "u-1", "faction": "F2", "award": "victory"});
    assert_eq!(minter.mint(None, &other).await.0, 201);
    assert_eq!(minter.awards().await, 2);
    minter.stop().await;
}

#[tokio::test]
async fn the_key_is_asked_for_and_bad_input_is_named() {
    let minter = Minter::start(Some("a key of the minter")).await;
    let award = json!({"universe_id": "u-1", "faction": "F1", "award": "victory"});
    for key in [None, Some("another key")] {
        let (status, problem) = minter.mint(key, &award).await;
        assert_eq!((status, &problem["code"]), (401, &json!("bad_key")));
    }
    let key = Some("a key of the minter");
    let (status, problem) =
        minter.mint(key, &json!({"universe_id": "", "faction": "F 1", "award": "victory"})).await;
    assert_eq!(
        (status, &problem["code"], problem["errors"].as_array().unwrap().len()),
        (400, &json!("bad_award"), 2)
    );
    let (status, problem) = minter.mint(key, &json!({"universe_id": "u-1", "faction": "F1"})).await;
    assert_eq!(status, 400, "{problem}");
    assert_eq!(minter.awards().await, 0);
    assert_eq!(minter.mint(key, &award).await.0, 201);
    minter.stop().await;
}
