//! A player, who knows nothing but the public addresses.

use std::time::{Duration, Instant};

use sector_auth::Key;
use serde_json::{Value, json};

/// Longest a player waits for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// A player, who knows nothing but the public addresses.
pub(crate) struct Player {
    pub(crate) http: reqwest::Client,
    pub(crate) page: String,
    pub(crate) api: String,
    pub(crate) token: Option<String>,
}

impl Player {
    pub(crate) async fn call(
        &self,
        method: reqwest::Method,
        url: String,
        body: Option<Value>,
    ) -> (u16, Value) {
        let mut request = self.http.request(method, url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        match request.send().await {
            Ok(answer) => (answer.status().as_u16(), answer.json().await.unwrap_or_default()),
            Err(error) => (0, json!(error.to_string())),
        }
    }

    /// By way of the page, as the browser does it.
    async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) =
            self.call(reqwest::Method::POST, format!("{}/api{path}", self.page), Some(body)).await;
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        answer
    }

    /// Straight from the API.
    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        self.call(reqwest::Method::GET, format!("{}{path}", self.api), None).await
    }

    pub(crate) async fn until<T>(
        &self,
        what: &str,
        mut found: impl AsyncFnMut() -> Option<T>,
    ) -> T {
        let started = Instant::now();
        loop {
            if let Some(found) = found().await {
                return found;
            }
            assert!(started.elapsed() < PATIENCE, "{what}: not in time");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The snapshot, if there is one.
    async fn snapshot(&self) -> Option<Value> {
        let (status, snapshot) = self.get("/snapshot").await;
        (status == 200).then_some(snapshot)
    }

    /// Waits until the sector goes on from where it is: by two ticks, or with another universe.
    pub(crate) async fn goes_on(&self, after: &str) {
        let place = |snapshot: &Value| {
            (snapshot["universe_id"].clone(), snapshot["tick"].as_u64().unwrap())
        };
        let before = self.until(after, async || self.snapshot().await).await;
        let (universe, tick) = place(&before);
        self.until(after, async || {
            let (now, at) = place(&self.snapshot().await?);
            (now != universe || at >= tick + 2).then_some(())
        })
        .await;
    }

    pub(crate) async fn login(&mut self, key: &Key) {
        let address = key.address().to_string();
        let nonce = self.post("/auth/nonce", json!({ "address": address })).await;
        let message = nonce["message"].as_str().unwrap();
        let signed = json!({ "message": message, "signature": key.sign_message(message) });
        let token = self.post("/auth/verify", signed).await;
        self.token = Some(token["token"].as_str().unwrap().to_owned());
    }

    /// The page is there; somebody who has a wallet logs in and plays until an order of theirs is
    /// carried out.
    pub(crate) async fn plays(&mut self) {
        let html = self.http.get(&self.page).send().await.unwrap().text().await.unwrap();
        assert!(html.contains("<script"), "{html}");
        self.goes_on("the first ticks").await;
        self.login(&Key::from_random_bytes([7; 32]).unwrap()).await;
        // A run may end at any time; then it is the next one's turn.
        self.until("an order of the player is carried out", async || {
            let snapshot = self.snapshot().await?;
            let starter = snapshot["factions"].as_array()?.first()?.clone();
            let claim = Some(json!({ "faction": starter["id"] }));
            self.call(reqwest::Method::POST, format!("{}/api/factions/claim", self.page), claim).await;
            let order = json!({ "kind": "muster", "faction": starter["id"], "target_id": starter["home_id"] });
            let orders = Some(json!({ "orders": [order] }));
            let (status, receipt) = self.call(reqwest::Method::POST, format!("{}/api/orders", self.page), orders).await;
            if status != 202 {
                return None;
            }
            let id = receipt["id"].as_str()?.to_owned();
            let (_, outcome) = self.get(&format!("/orders/{id}")).await;
            outcome.to_string().contains("applied").then_some(())
        })
        .await;
        let claim = format!("{}/api/factions/claim", self.page);
        let (status, released) = self.call(reqwest::Method::DELETE, claim, None).await;
        assert_eq!(status, 200, "{released}");
    }

    /// Waits until the bots have finished a run, and names its universe.
    pub(crate) async fn sees_a_run_end(&self) -> String {
        self.until("a run is won", async || {
            let (_, runs) = self.get("/runs").await;
            let runs = runs["runs"].as_array()?;
            let won = runs.iter().find(|run| run["winner"].is_string())?;
            Some(won["universe_id"].as_str()?.to_owned())
        })
        .await
    }

    /// What was won is still known, and the login still holds.
    pub(crate) async fn knows(&self, won: &str) {
        let (status, runs) = self.get("/runs").await;
        assert!(status == 200 && runs.to_string().contains(won), "{won}: {status} {runs}");
        let (status, me) = self.get("/me").await;
        assert_eq!(status, 200, "the login outlives all of them: {me}");
    }
}
