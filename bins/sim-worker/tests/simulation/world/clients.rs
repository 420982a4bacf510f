//! Who looks at the sector and orders in it: players at copies of the API, and processes that follow.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use follow::Follower;
use process_kit::CancellationToken;
use sector_redis::roles::*;
use sector_redis::{BatchOrder, Error as StoreError, OrderBatch, Right, StreamId};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::{IDLE_MS, Scene};
use crate::chance::Chance;

/// A player at a copy of the API: it looks, claims, and gives orders until they are accepted or refused.
pub(super) async fn player_life(scene: Arc<Scene>, player: u64, chance: Chance) {
    let link = scene.link("player", 10 + usize::try_from(player).unwrap(), chance.fork());
    // Computer players may order whatever faction nobody holds.
    let is_bot = player == scene.bot;
    let name = if is_bot { "bot".to_owned() } else { format!("player-{player}") };
    let mut earlier: Vec<(String, BatchOrder)> = Vec::new();
    loop {
        sleep(Duration::from_millis(chance.between(10, 500))).await;
        if scene.is_calm() {
            return;
        }
        let Ok(Some(head)) = link.head().await else { continue };
        if is_bot {
            // It has no seat to take care of.
        } else if chance.per_mille(80) {
            let faction = format!("F{}", chance.between(1, scene.factions));
            drop(link.claim(&head.universe, &faction, &name, scene.now_ms(0), IDLE_MS).await);
        } else if chance.per_mille(100) {
            drop(link.touch(&head.universe, &name, scene.now_ms(0), IDLE_MS).await);
        } else if chance.per_mille(40) {
            drop(link.release(&head.universe, &name).await);
        }
        earlier.retain(|(universe, _)| **universe == *head.universe);
        let mut orders = Vec::new();
        for _ in 0..chance.between(1, 4) {
            if !earlier.is_empty() && chance.per_mille(200) {
                // A client that has forgotten that it was answered.
                let index = usize::try_from(chance.between(0, earlier.len() as u64 - 1)).unwrap();
                orders.push(earlier[index].1.clone());
            } else {
                let order = order(&scene, &chance, is_bot);
                earlier.push((head.universe.to_string(), order.clone()));
                orders.push(order);
            }
        }
        let batch = OrderBatch {
            universe: head.universe,
            player: name.clone(),
            source: if is_bot { "bot" } else { "human" }.into(),
            at_ms: scene.now_ms(0),
            right: right(&scene, &chance, is_bot, &orders),
            backlog_max: chance.per_mille(300).then(|| chance.between(1, 40)),
            orders,
        };
        for _ in 0..chance.between(1, 6) {
            match link.append_orders(&batch).await {
                Ok(_) => {
                    scene.server.books().told(&batch);
                    break;
                }
                Err(StoreError::Unavailable { .. } | StoreError::BacklogFull { .. }) => {
                    sleep(Duration::from_millis(chance.between(20, 900))).await;
                }
                Err(
                    StoreError::WrongUniverse { .. }
                    | StoreError::NotYourSeat { .. }
                    | StoreError::SeatTaken { .. },
                ) => {
                    break;
                }
                Err(error) => return scene.fault(format!("orders are refused: {error}")),
            }
        }
    }
}

/// Who checks the right to order: the store, or the sender.
fn right(scene: &Scene, chance: &Chance, is_bot: bool, orders: &[BatchOrder]) -> Right {
    if is_bot {
        let faction = |order: &BatchOrder| {
            let body: Value = serde_json::from_str(&order.body).unwrap_or_default();
            body["faction"].as_str().map(str::to_owned)
        };
        return Right::Unclaimed {
            factions: orders.iter().filter_map(faction).collect(),
            idle_ms: IDLE_MS,
        };
    }
    if chance.per_mille(100) {
        return Right::Seat {
            faction: format!("F{}", chance.between(1, scene.factions)),
            idle_ms: IDLE_MS,
        };
    }
    Right::Any
}

/// Some order; the tick may well refuse it.
fn order(scene: &Scene, chance: &Chance, is_bot: bool) -> BatchOrder {
    let faction = format!("F{}", chance.between(1, scene.factions));
    let system = || chance.between(0, scene.systems - 1);
    let mut body = match chance.between(0, 9) {
        0..=4 => json!({ "faction": faction, "origin_id": system(), "target_id": system() }),
        5 => {
            json!({ "faction": faction, "origin_id": system(), "target_id": system(), "all": true })
        }
        6 => json!({ "kind": "muster", "faction": faction, "target_id": system() }),
        7 => json!({ "kind": "cancel", "faction": faction, "fleet_id": chance.between(0, 20) }),
        8 => {
            json!({ "kind": "focus", "faction": faction, "system_id": system(), "focus": "industry" })
        }
        _ if chance.per_mille(200) => {
            json!({ "no": "order", "client_id": "" })
        }
        _ => json!({ "kind": "muster", "faction": "F60", "target_id": system() }),
    };
    // What may be refused beside the tick has an id: nothing else tells it from its neighbours.
    let client_id = (is_bot || body["no"] == "order" || !chance.per_mille(100)).then(|| {
        // Ids may come again in another universe.
        format!("c{}", scene.numbers.fetch_add(1, Ordering::Relaxed) % 200)
    });
    if let Some(client_id) = &client_id {
        body["client_id"] = client_id.as_str().into();
    }
    BatchOrder { client_id, body: body.to_string() }
}

/// A process that follows, as the API and the frontend do, with one reader; it is started anew now and then.
pub(super) async fn follower_life(scene: Arc<Scene>, chance: Chance) {
    loop {
        let is_last = scene.is_calm();
        let shutdown = CancellationToken::new();
        let link = Arc::new(scene.link("follower", 50, chance.fork()));
        let random = chance.fork();
        let random = Arc::new(move || random.next());
        let follower = Follower::spawn_with(link, random, shutdown.clone());
        let life = Duration::from_millis(if is_last { 20_000 } else { chance.between(500, 6_000) });
        let reading = timeout(life, read(&scene, &follower, &chance)).await;
        shutdown.cancel();
        match reading {
            Ok(()) => return,
            Err(_) if is_last => return scene.fault("a follower does not catch up".into()),
            Err(_) => {}
        }
    }
}

/// Reads entry by entry, from the current frame on when told to; ends in calm, once nothing is left.
async fn read(scene: &Scene, follower: &Arc<Follower>, chance: &Chance) {
    loop {
        let Ok(frame) = follower.ready().await else { return };
        enter_frame(scene, &frame);
        // A reader that resumes names where it was; that may be long ago.
        let newest = frame.event_id().number();
        let after = if chance.per_mille(500) && !scene.is_calm() {
            chance.between(0, newest)
        } else {
            newest
        };
        let mut subscription = follower.subscribe(StreamId::new(after));
        drop(frame);
        loop {
            let wait = Duration::from_millis(if scene.is_calm() { 200 } else { 3_000 });
            match timeout(wait, subscription.next()).await {
                Ok(Ok(entry)) => {
                    scene.server.books().read_entry(entry.incarnation, entry.id, &entry.json);
                    if let Some(frame) = follower.current() {
                        enter_frame(scene, &frame);
                    }
                }
                Ok(Err(error)) if error.needs_frame() => {
                    scene.server.books().counts.resynchronised += 1;
                    sleep(Duration::from_millis(5)).await;
                    break;
                }
                Ok(Err(follow::Error::Stopped)) => return,
                Ok(Err(_)) => sleep(Duration::from_millis(50)).await,
                Err(_) => {}
            }
            let newest: StreamId = scene.server.books().last_event();
            if scene.is_calm() && subscription.position() == newest && newest > StreamId::START {
                // And that of the history there is now.
                let incarnation = scene.server.model.incarnation().await.unwrap();
                if follower.current().is_some_and(|frame| frame.incarnation() == incarnation) {
                    return;
                }
            }
        }
    }
}

fn enter_frame(scene: &Scene, frame: &follow::Frame) {
    let digest = frame.mirror().digest().to_string();
    scene.server.books().read_frame(frame.incarnation(), frame.universe(), frame.tick(), &digest);
}
