//! Players as real clients: they log in, claim, give orders, and send again what was not answered.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sector_auth::Key;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// What the players were told.
#[derive(Default)]
pub(crate) struct Told {
    /// Client id: the receipt.
    pub(crate) receipts: Mutex<BTreeMap<String, String>>,
    /// Client ids of orders that were refused for certain, or given up.
    pub(crate) given_up: AtomicU64,
    /// Requests that had to be sent again.
    pub(crate) sent_again: AtomicU64,
}

pub(crate) struct Load {
    pub(crate) told: Arc<Told>,
    is_over: Arc<AtomicBool>,
    players: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts players, one a faction, at the API with this address.
    pub(crate) fn start(api: &str, players: u8, pause: Duration) -> Load {
        let (told, is_over) = (Arc::<Told>::default(), Arc::<AtomicBool>::default());
        let players = (1..=players)
            .map(|number| {
                let player = Player {
                    http: reqwest::Client::builder()
                        .timeout(Duration::from_secs(3))
                        .build()
                        .unwrap(),
                    api: api.to_owned(),
                    key: Key::from_random_bytes([number; 32]).unwrap(),
                    faction: format!("F{number}"),
                    token: None,
                    told: told.clone(),
                    is_over: is_over.clone(),
                    pause,
                };
                tokio::spawn(player.play(number))
            })
            .collect();
        Load { told, is_over, players }
    }

    /// Lets the players finish what they have begun.
    pub(crate) async fn stop(self) -> Arc<Told> {
        self.is_over.store(true, Ordering::Relaxed);
        for player in self.players {
            player.await.unwrap();
        }
        self.told
    }
}

struct Player {
    http: reqwest::Client,
    api: String,
    key: Key,
    faction: String,
    token: Option<String>,
    told: Arc<Told>,
    is_over: Arc<AtomicBool>,
    pause: Duration,
}

impl Player {
    async fn play(mut self, number: u8) {
        let mut count = 0u64;
        while !self.is_over.load(Ordering::Relaxed) {
            if self.token.is_none() && !self.login().await {
                sleep(Duration::from_millis(50)).await;
                continue;
            }
            let orders: Vec<Value> = (0..=count % 3)
                .map(|index| {
                    let client_id = format!("c{number}-{count}-{index}");
                    let target = (count + index) % 8;
                    match count % 4 {
                        0 => json!({ "kind": "focus", "faction": self.faction, "system_id": target, "focus": "industry", "client_id": client_id }),
                        1 => json!({ "faction": self.faction, "origin_id": (target + 3) % 8, "target_id": target, "client_id": client_id }),
                        _ => json!({ "kind": "muster", "faction": self.faction, "target_id": target, "client_id": client_id }),
                    }
                })
                .collect();
            self.give(&orders).await;
            count += 1;
            sleep(self.pause).await;
        }
    }

    /// Sends a batch until it is accepted or refused.
    async fn give(&mut self, orders: &[Value]) {
        let body = json!({ "orders": orders });
        let mut attempts = 0;
        loop {
            let (status, answer) = self.post("/orders", &body).await;
            attempts += 1;
            match status {
                202 => {
                    let mut receipts = self.told.receipts.lock().unwrap();
                    for order in orders {
                        let client_id = order["client_id"].as_str().unwrap().to_owned();
                        receipts.insert(client_id, answer["id"].as_str().unwrap().to_owned());
                    }
                    return;
                }
                // The seat may be gone with its universe; the run may be over, or the faction.
                401 => drop(self.login().await),
                403 => {
                    drop(self.post("/factions/claim", &json!({ "faction": self.faction })).await);
                }
                400 | 409 if attempts < 10 => {}
                400..500 => break,
                _ => _ = self.told.sent_again.fetch_add(1, Ordering::Relaxed),
            }
            // After the end only what may have been accepted without an answer is still worth
            // asking for.
            if self.is_over.load(Ordering::Relaxed) && attempts > 40 {
                break;
            }
            sleep(Duration::from_millis(30)).await;
        }
        self.told.given_up.fetch_add(orders.len() as u64, Ordering::Relaxed);
    }

    async fn login(&mut self) -> bool {
        let address = self.key.address().to_string();
        let (status, nonce) = self.post("/auth/nonce", &json!({ "address": address })).await;
        let (200..300, Some(message)) = (status, nonce["message"].as_str()) else { return false };
        let signature = self.key.sign_message(message);
        let (status, token) =
            self.post("/auth/verify", &json!({ "message": message, "signature": signature })).await;
        let (200..300, Some(token)) = (status, token["token"].as_str()) else { return false };
        self.token = Some(token.to_owned());
        true
    }

    /// The status, or 0 without an answer.
    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let mut request = self.http.post(format!("{}{path}", self.api)).json(body);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let Ok(response) = request.send().await else { return (0, Value::Null) };
        let status = response.status().as_u16();
        // An answer that breaks off is none.
        match response.json().await {
            Ok(body) => (status, body),
            Err(_) if status == 202 => (0, Value::Null),
            Err(_) => (status, Value::Null),
        }
    }
}
