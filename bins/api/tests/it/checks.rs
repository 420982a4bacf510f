//! Previews of orders.

use http::Method;
use sector_sim::map::Planner;
use sector_sim::order::OrderForm;
use sector_sim::{Order, SystemId};
use sector_wire::{OrderCheck, OrderPreview, OrderVerdict};
use serde_json::{Value, json};

use crate::harness::Sector;

async fn check(sector: &Sector, orders: Value) -> Vec<OrderPreview> {
    let answer = sector.post("/orders/check", &json!({"orders": orders})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let check: OrderCheck = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((check.universe_id.as_str(), check.tick), ("u-1", sector.world().tick()));
    check.orders
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preview_of_a_move_matches_its_outcome() {
    let mut sector = Sector::start().await;
    for _ in 0..5 {
        sector.tick(&[]).await;
    }
    let (home, target) = (SystemId(sector.home(1)), SystemId(sector.home(2)));
    let order = json!({"kind": "move", "faction": "F1", "origin_id": home, "target_id": target});
    let [preview] = check(&sector, json!([order])).await.try_into().unwrap();
    assert_eq!(preview.verdict, OrderVerdict::Good, "{preview:?}");
    let faction = "F1".parse().unwrap();
    let (map, board) = (sector.world().map().clone(), sector.world().board());
    let (route, ticks) = Planner::new(map.len()).route(&map, board, faction, home, target).unwrap();
    assert_eq!(preview.route, route.iter().map(|system| system.0).collect::<Vec<_>>());
    assert_eq!(preview.arrives, Some(board.tick() + 1 + ticks));
    // A rival's home, with a garrison and the rival's first fleet.
    let battle = preview.battle.clone().unwrap();
    assert_eq!(
        (battle.system_id, battle.owner.map(|owner| owner.to_string())),
        (target.0, Some("F2".to_owned()))
    );
    assert!(battle.defence > 0 && (1..1_000).contains(&battle.odds), "{battle:?}");

    // No order was sent: the sector is unchanged, and no order waits.
    assert_eq!(sector.store.order_backlog().await.unwrap(), 0);
    let form: OrderForm = serde_json::from_value(order).unwrap();
    let given: Order = form.check().unwrap();
    sector.tick(&[given]).await;
    let fleet = sector
        .world()
        .board()
        .fleets()
        .iter()
        .find(|fleet| Some(fleet.id.0) == preview.fleet_id)
        .unwrap();
    assert_eq!((Some(fleet.strength), fleet.destination()), (preview.strength, target));
    let arrival = fleet.schedule(&map, sector.world().tick()).last().unwrap();
    assert_eq!((arrival.0, Some(arrival.1)), (target, preview.arrives));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_invalid_order_is_explained_and_the_others_are_checked() {
    let sector = Sector::start().await;
    let (home, other) = (sector.home(1), sector.home(2));
    let near = sector.world().map().neighbours(SystemId(home))[0].system.0;
    let previews = check(
        &sector,
        json!([
            {"faction": "F1", "origin_id": home, "target_id": home},
            {"faction": "F1", "origin_id": home, "target_id": near, "strength": 2_000},
            {"faction": "F1", "origin_id": other, "target_id": near},
            {"kind": "focus", "faction": "F1", "system_id": other, "focus": "industry"},
            {"kind": "muster", "faction": "F1", "target_id": home},
            {"kind": "cancel", "faction": "F1", "fleet_id": 99},
            {"faction": "F1", "origin_id": 1_000, "target_id": near},
            {"faction": "F7", "origin_id": home, "target_id": near},
            {"faction": "F1", "origin_id": home},
            {"kind": "focus", "faction": "F1", "system_id": home, "focus": "order", "client_id": "a"},
            {"kind": "focus", "faction": "F1", "system_id": home, "focus": "industry", "client_id": "a"},
            17,
        ]),
    )
    .await;
    let told: Vec<(OrderVerdict, &str)> = previews
        .iter()
        .map(|preview| (preview.verdict, preview.code.as_deref().unwrap_or_default()))
        .collect();
    use OrderVerdict::{Good, Invalid, Refused};
    assert_eq!(
        told,
        [
            (Refused, "already_there"),
            (Good, ""),
            (Refused, "no_idle_fleet"),
            (Refused, "not_owner"),
            (Good, ""),
            (Invalid, "unknown_fleet"),
            (Invalid, "unknown_system"),
            (Invalid, "unknown_faction"),
            (Invalid, "invalid_order"),
            (Good, ""),
            (Refused, "duplicate"),
            (Invalid, "invalid_order"),
        ]
    );
    // The detached part gets a new id and moves alone.
    assert_eq!(
        (previews[1].fleet_id, previews[1].strength),
        (Some(sector.world().board().next_fleet_id().0), Some(2_000))
    );
    assert!(previews.iter().all(|preview| (preview.verdict == Good) == preview.detail.is_none()));
    assert!(
        previews.iter().all(|preview| (preview.verdict == Invalid) != preview.errors.is_empty())
    );
    assert_eq!(previews[6].errors[0].field, "orders[6].origin_id");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invalid_bodies_and_sectors_without_a_run_are_refused() {
    let mut sector = Sector::start().await;
    for body in [
        json!({}),
        json!({"orders": []}),
        json!({"orders": vec![json!({}); 101]}),
        json!({"orders": [], "x": 1}),
    ] {
        sector.post("/orders/check", &body).await.problem(400, "invalid_body");
    }
    let request =
        sector.request(Method::POST, "/orders/check").header("content-type", "application/json");
    sector.send(request, "{").await.problem(400, "malformed_json");
    sector.end().await;
    let order = json!({"orders": [{"kind": "muster", "faction": "F1", "target_id": 0}]});
    sector.post("/orders/check", &order).await.problem(409, "run_over");
}
