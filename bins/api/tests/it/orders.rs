//! Orders: permissions, and errors that are refused at once.

use std::time::Duration;

use sector_redis::{OrderEntry, StreamId};
use sector_sim::{Command, Order, SystemId};
use serde_json::{Value, json};

use store_testkit::eventually;

use crate::harness::{PATIENCE, Sector, key};

/// All orders in the store.
async fn stored(sector: &Sector) -> Vec<OrderEntry> {
    sector.store.orders_after(StreamId::START, 1_000, Duration::ZERO).await.unwrap()
}

fn a_move(sector: &Sector, faction: &str, client_id: &str) -> Value {
    json!({"faction": faction, "origin_id": sector.home(1), "target_id": sector.home(2), "client_id": client_id})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_players_orders_reach_the_store_as_they_were_checked() {
    let sector = Sector::start().await;
    let token = sector.log_in_with(1, "F1").await;
    let batch = json!({"orders": [
        a_move(&sector, "F1", "a-1"),
        {"kind": "focus", "faction": "F1", "system_id": sector.home(1), "focus": "industry", "reason": "growth"},
    ]});
    let answer = sector.post_as(&token, "/orders", &batch).await;
    assert_eq!((answer.status, answer.json()), (202, json!({"id": "1-0", "duplicates": []})));

    let entries = stored(&sector).await;
    assert_eq!(entries.len(), 1);
    let entry = &entries[0];
    assert_eq!((entry.universe.as_str(), entry.source.as_str()), ("u-1", "human"));
    assert_eq!(
        (entry.player.clone(), entry.at_ms),
        (key(1).address().to_string(), 1_795_334_400_000)
    );
    let orders: Vec<Order> =
        entry.orders.iter().map(|body| serde_json::from_str(body).unwrap()).collect();
    assert!(
        matches!(orders[0].command, Command::Move { origin, .. } if origin == SystemId(sector.home(1)))
    );
    assert_eq!(orders[0].client_id.as_deref(), Some("a-1"));
    assert_eq!(orders[1].reason.as_deref(), Some("growth"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_order_is_accepted_once() {
    let sector = Sector::start().await;
    let token = sector.log_in_with(1, "F1").await;
    let batch = json!({"orders": [a_move(&sector, "F1", "a-1")]});
    assert_eq!(
        sector.post_as(&token, "/orders", &batch).await.json(),
        json!({"id": "1-0", "duplicates": []})
    );
    assert_eq!(
        sector.post_as(&token, "/orders", &batch).await.json(),
        json!({"id": "1-0", "duplicates": ["a-1"]})
    );
    let more = json!({"orders": [a_move(&sector, "F1", "a-1"), a_move(&sector, "F1", "a-2")]});
    assert_eq!(
        sector.post_as(&token, "/orders", &more).await.json(),
        json!({"id": "2-0", "duplicates": ["a-1"]})
    );
    assert_eq!(stored(&sector).await.iter().map(|entry| entry.orders.len()).sum::<usize>(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_of_every_order_is_named_and_nothing_is_accepted() {
    let sector = Sector::start().await;
    let token = sector.log_in_with(1, "F1").await;
    let batch = json!({"orders": [
        {"faction": "F1", "origin_id": sector.home(1), "target_id": 2},
        {"faction": "F1", "origin_id": 1, "target_id": 2, "strength": 0},
        {"faction": "F1", "origin_id": "one", "target_id": 2},
        {"faction": "F1", "origin_id": 1, "target_id": 2, "source": "human"},
        {"faction": "F9", "origin_id": 1, "target_id": 3_000},
        {"kind": "cancel", "faction": "F1", "fleet_id": 4_000_000},
        {"kind": "focus", "faction": "F1", "system_id": 1, "focus": "peace"},
        {"kind": "cancel", "faction": "F1"},
        "an order",
        {"faction": "F1", "origin_id": 1, "target_id": 2, "client_id": "not one of ours"},
        {},
    ]});
    let problem = sector.post_as(&token, "/orders", &batch).await.problem(400, "invalid_orders");
    insta::assert_json_snapshot!(problem);
    assert!(stored(&sector).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_ids_are_refused_at_once() {
    let sector = Sector::start().await;
    let token = sector.log_in_with(1, "F1").await;
    let home = sector.home(1);
    for (order, code, field) in [
        (json!({"faction": "F6", "origin_id": home, "target_id": 1}), "unknown_faction", "faction"),
        (json!({"faction": "L1", "origin_id": home, "target_id": 1}), "unknown_faction", "faction"),
        (json!({"faction": "F1", "origin_id": 30, "target_id": 1}), "unknown_system", "origin_id"),
        (
            json!({"faction": "F1", "origin_id": home, "target_id": 30}),
            "unknown_system",
            "target_id",
        ),
        (
            json!({"kind": "muster", "faction": "F1", "target_id": 30}),
            "unknown_system",
            "target_id",
        ),
        (
            json!({"kind": "focus", "faction": "F1", "system_id": 30, "focus": "order"}),
            "unknown_system",
            "system_id",
        ),
        (json!({"kind": "cancel", "faction": "F1", "fleet_id": 0}), "unknown_fleet", "fleet_id"),
        (
            json!({"faction": "F1", "origin_id": home, "target_id": 1, "fleet_id": 99}),
            "unknown_fleet",
            "fleet_id",
        ),
    ] {
        let problem =
            sector.post_as(&token, "/orders", &json!({"orders": [order]})).await.problem(400, code);
        assert_eq!(problem["errors"][0]["field"], format!("orders[0].{field}"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_accepted_batch_can_be_repeated_after_its_fleet_is_gone() {
    let mut sector = Sector::start().await;
    let token = sector.log_in_with(1, "F1").await;
    let (origin, target) = (SystemId(sector.home(1)), SystemId(sector.home(2)));
    let launch = Command::Move {
        origin,
        target,
        fleet: None,
        amount: sector_sim::order::Amount::Part(1_000),
    };
    sector.tick(&[Order::new("F1".parse().unwrap(), launch)]).await;
    let fleet = sector.world().board().fleets().iter().map(|fleet| fleet.id).max().unwrap();
    let cancel = |client_id: &str| json!({"orders": [{"kind": "cancel", "faction": "F1", "fleet_id": fleet.0, "client_id": client_id}]});
    let first = sector.post_as(&token, "/orders", &cancel("c-1")).await;
    assert_eq!((first.status, &first.json()["duplicates"]), (202, &json!([])));

    // The tick does not get the cancellation: the fleet goes on and meets one ten times its size.
    for _ in 0..500 {
        if sector.world().board().fleets().get(fleet).is_none() {
            break;
        }
        sector.tick(&[]).await;
    }
    assert!(sector.world().board().fleets().get(fleet).is_none(), "the fleet survived");
    let again = sector.post_as(&token, "/orders", &cancel("c-1")).await;
    assert_eq!((again.status, &again.json()["duplicates"]), (202, &json!(["c-1"])), "{again:?}");
    sector.post_as(&token, "/orders", &cancel("c-2")).await.problem(400, "unknown_fleet");
    assert_eq!(stored(&sector).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_holder_or_bots_can_order_a_faction() {
    let sector = Sector::start().await;
    let token = sector.log_in_with(1, "F1").await;
    let idler = sector.log_in(2).await;
    let own = json!({"orders": [a_move(&sector, "F1", "a-1")]});
    let mixed = json!({"orders": [a_move(&sector, "F1", "a-2"), a_move(&sector, "F2", "a-3")]});
    let free = json!({"orders": [a_move(&sector, "F2", "a-4"), a_move(&sector, "F3", "a-5")]});

    sector.post("/orders", &own).await.problem(401, "unauthenticated");
    let problem = sector.post_as(&token, "/orders", &mixed).await.problem(403, "not_your_faction");
    insta::assert_json_snapshot!(problem);
    sector.post_as(&idler, "/orders", &own).await.problem(403, "not_your_faction");
    let problem = sector.post_as_bot("/orders", &mixed).await.problem(403, "faction_claimed");
    assert_eq!(problem["errors"][0]["field"], "orders[0].faction");
    assert!(stored(&sector).await.is_empty());

    assert_eq!(sector.post_as_bot("/orders", &free).await.status, 202);
    let entry = stored(&sector).await.remove(0);
    assert_eq!(
        (entry.player.as_str(), entry.source.as_str(), entry.orders.len()),
        ("bot", "bot", 2)
    );

    // The claim of the absent player expires: bots may order the faction again.
    sector.pass_seconds(600);
    sector.post_as(&token, "/orders", &own).await.problem(403, "not_your_faction");
    assert_eq!(sector.post_as_bot("/orders", &own).await.status, 202);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bots_need_the_token_and_a_server_that_accepts_bots() {
    let sector = Sector::start().await;
    let batch = json!({"orders": [a_move(&sector, "F1", "a-1")]});
    let with = |name: &str, value: &str| {
        sector
            .request(http::Method::POST, "/orders")
            .header("content-type", "application/json")
            .header(name, value)
    };
    sector
        .send(with("x-bot-token", "guess"), batch.to_string())
        .await
        .problem(401, "bot_token_wrong");
    let token = sector.log_in(1).await;
    let both = with("x-bot-token", "guess").header("authorization", format!("Bearer {token}"));
    sector.send(both, batch.to_string()).await.problem(400, "two_credentials");
    sector.stop().await;

    let mut config = crate::harness::config();
    config.bot_api_token = None;
    let mut sector = Sector::empty(config).await;
    sector.begin("u-1", 7).await;
    sector.post_as_bot("/orders", &batch).await.problem(403, "bots_disabled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_need_a_running_universe() {
    let mut sector = Sector::empty(crate::harness::config()).await;
    let batch = json!({"orders": [{"faction": "F1", "origin_id": 0, "target_id": 1}]});
    eventually("the follower reaches the store", PATIENCE, async || {
        (sector.get("/health").await.status == 200).then_some(())
    })
    .await;
    sector.post_as_bot("/orders", &batch).await.problem(409, "no_universe");
    sector.begin("u-1", 7).await;
    assert_eq!(sector.post_as_bot("/orders", &batch).await.status, 202);
    sector.end().await;
    sector.post_as_bot("/orders", &batch).await.problem(409, "run_over");
    sector.begin("u-2", 8).await;
    assert_eq!(sector.post_as_bot("/orders", &batch).await.status, 202);
    assert_eq!(stored(&sector).await.last().unwrap().universe, "u-2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_has_one_to_a_hundred_orders() {
    let sector = Sector::start().await;
    let order = json!({"faction": "F1", "origin_id": sector.home(1), "target_id": sector.home(2)});
    for (count, status) in [(0, 400), (1, 202), (100, 202), (101, 400)] {
        let answer = sector.post_as_bot("/orders", &json!({"orders": vec![&order; count]})).await;
        assert_eq!(answer.status, status, "{count}: {answer:?}");
    }
}
