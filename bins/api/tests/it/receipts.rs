//! Outcomes of orders, and access to them.

use sector_redis::{Commit, Outcome};
use serde_json::json;

use crate::harness::Sector;

#[tokio::test]
async fn a_receipt_waits_until_a_tick_has_passed_it() {
    let mut sector = Sector::start().await;
    let token = sector.log_in_with(1, "F1").await;
    let stranger = sector.log_in_with(2, "F2").await;
    let order = json!({"kind": "muster", "faction": "F1", "target_id": 0, "client_id": "c-1"});
    let receipt = sector.post_as(&token, "/orders", &json!({"orders": [order]})).await.json();
    let path = format!("/orders/{}", receipt["id"].as_str().unwrap());

    let waiting = sector.get_as(&token, &path).await.json();
    assert_eq!((&waiting["status"], &waiting["tick"]), (&json!("waiting"), &json!(null)));
    assert_eq!(
        (&waiting["source"], &waiting["orders"][0]["status"]),
        (&json!("human"), &json!("waiting"))
    );
    assert_eq!(waiting["orders"][0]["order"]["client_id"], "c-1");

    // The outcome that a worker writes with the tick that applies the order.
    let told = json!({"universe_id": "u-1", "tick": 1, "source": "human", "at_ms": 5, "orders": [
        {"order": order, "status": "refused", "code": "not_owner"}]});
    let outcome = Outcome {
        id: receipt["id"].as_str().unwrap().parse().unwrap(),
        player: crate::harness::key(1).address().to_string(),
        body: told.to_string(),
    };
    let cursor = outcome.id;
    sector.tick_with(&[], |commit| Commit { outcomes: vec![outcome], cursor, ..commit }).await;
    let done = sector.get_as(&token, &path).await.json();
    assert_eq!((&done["status"], &done["tick"]), (&json!("done"), &json!(1)));
    assert_eq!(done["orders"], told["orders"]);

    let mine = sector.get_as(&token, "/orders?mine=true&count=5").await.json();
    assert_eq!(mine, json!({"orders": [done]}));
    assert_eq!(sector.get_as(&stranger, "/orders").await.json(), json!({"orders": []}));
    for (token, path, status, code) in [
        (&stranger, path.as_str(), 404, "unknown_receipt"),
        (&token, "/orders/99-0", 404, "unknown_receipt"),
        (&token, "/orders/nonsense", 400, "invalid_path"),
        (&token, "/orders?count=101", 400, "invalid_query"),
        (&token, "/orders?mine=false", 400, "invalid_query"),
    ] {
        sector.get_as(token, path).await.problem(status, code);
    }
    sector.get(&path).await.problem(401, "unauthenticated");
}
