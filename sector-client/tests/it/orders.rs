//! Orders and bots.

use std::sync::{Arc, mpsc};

use sector_client::{Bot, Error, number_orders};
use sector_sim::order::Focus;
use sector_sim::{Command, FactionId, FleetId, Order, Strategy, SystemId, Turn, View, strategy};
use tokio::sync::Notify;

use crate::harness::{Sector, in_time};

fn faction(text: &str) -> FactionId {
    text.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_goes_on_without_what_is_refused_and_counts_once() {
    let sector = Sector::start(50, 1_000).await;
    let client = sector.player(1).await;
    let me = faction("F1");
    client.claim(me).await.unwrap();
    let mut ticks = client.ticks();
    let tick = in_time("a tick", ticks.next()).await.unwrap();
    let home = tick.board().faction(me).unwrap().home.unwrap();
    let focus =
        |faction, system| Order::new(faction, Command::Focus { system, focus: Focus::Industry });
    let mut orders = vec![focus(me, SystemId(9_999)), focus(me, home), focus(faction("F2"), home)];
    orders.push(Order::new(me, Command::Cancel { fleet: FleetId(9_999) }));
    // More than one batch: the rest are good.
    orders.resize(150, focus(me, home));
    number_orders(tick.universe_id(), tick.number(), &mut orders);
    for _ in 0..2 {
        let delivery = client.deliver(&orders).await.unwrap();
        assert_eq!(delivery.accepted, 147);
        let mut codes: Vec<_> =
            delivery.refused.iter().map(|refused| refused.code.as_str()).collect();
        codes.sort_unstable();
        assert_eq!(codes, ["invalid_orders", "invalid_orders", "not_your_faction"]);
    }
    let mut applied = Vec::new();
    in_time("all outcomes, and two ticks more", async {
        let mut quiet = 0;
        while quiet < 2 {
            let tick = ticks.next().await.unwrap();
            let before = applied.len();
            applied.extend(tick.outcomes(me).map(|outcome| {
                assert!(outcome.is_applied(), "{outcome:?}");
                outcome.client_id.unwrap()
            }));
            quiet = if applied.len() == before && before >= 147 { quiet + 1 } else { 0 };
        }
    })
    .await;
    assert_eq!(applied.len(), 147);
    applied.sort();
    applied.dedup();
    assert_eq!(applied.len(), 147);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_plays_across_a_new_universe() {
    let sector = Sector::start(30, 10_000).await;
    let (player, admin) = (sector.player(1).await, sector.player(200).await);
    let mut watch = admin.ticks();
    let personality = sector_sim::Rules::classic().personality(0);
    let mut bot =
        Bot::new(&player, faction("F2"), strategy::by_name("random", personality).unwrap());
    let stop = Arc::new(Notify::new());
    let stopped = stop.clone();
    let playing =
        tokio::spawn(async move { bot.run(async move { stopped.notified().await }).await });
    for round in 0..2 {
        in_time("orders of the bot", async {
            let mut is_fresh = round == 0;
            loop {
                let tick = watch.next().await.unwrap();
                is_fresh |= tick.is_new_universe;
                if is_fresh && tick.outcomes(faction("F2")).next().is_some() {
                    return;
                }
            }
        })
        .await;
        if round == 0 {
            admin.restart(None).await.unwrap();
        }
    }
    assert_eq!(player.me().await.unwrap().faction.as_deref(), Some("F2"));
    stop.notify_one();
    let summary = in_time("the bot stops", playing).await.unwrap().unwrap();
    assert!(summary.turns > 0 && summary.accepted > 0 && summary.applied > 0, "{summary}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_does_not_take_a_faction_from_somebody() {
    let sector = Sector::start(50, 1_000).await;
    sector.player(1).await.claim(faction("F1")).await.unwrap();
    let personality = sector_sim::Rules::classic().personality(0);
    let mut bot = Bot::new(
        &sector.player(2).await,
        faction("F1"),
        strategy::by_name("random", personality).unwrap(),
    );
    let error = in_time("the bot gives up", bot.run(std::future::pending())).await.unwrap_err();
    assert_eq!(error.code(), Some("faction_claimed"));
}

/// Blocks until the test lets it continue; panics when the test has ended.
struct Slow {
    begun: Option<Arc<Notify>>,
    told: mpsc::Receiver<()>,
}

impl Strategy for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    fn orders(&mut self, _: &View<'_>, _: &Turn) -> Vec<Order> {
        if let Some(begun) = self.begun.take() {
            begun.notify_one();
        }
        self.told.recv().unwrap();
        Vec::new()
    }
}

/// On one thread, so that blocking it blocks the sector, the API and both bots.
#[tokio::test]
async fn a_bot_that_thinks_for_long_holds_up_nobody_and_can_be_stopped() {
    let sector = Sector::start(30, 1_000).await;
    let (slow, quick) = (sector.player(1).await, sector.player(2).await);
    let (go_on, told) = mpsc::channel();
    let begun = Arc::new(Notify::new());
    let mut slow =
        Bot::new(&slow, faction("F1"), Box::new(Slow { begun: Some(begun.clone()), told }));
    let mut quick = Bot::new(&quick, faction("F2"), Box::new(sector_sim::strategy::Idle));
    let mut watch = sector.client().await.ticks();
    let stop = async {
        begun.notified().await;
        for _ in 0..10 {
            watch.next().await.unwrap();
        }
    };
    let (stop_quick, stopped) = tokio::sync::oneshot::channel();
    let stop_slow = async {
        stop.await;
        stop_quick.send(()).unwrap();
    };
    let (slowly, quickly) = in_time("both bots", async {
        tokio::join!(slow.run(stop_slow), quick.run(async { stopped.await.unwrap() }))
    })
    .await;
    assert_eq!(slowly.unwrap().turns, 1);
    let quickly = quickly.unwrap();
    assert!(quickly.turns >= 8, "{quickly}");
    drop(go_on);
}

#[tokio::test]
async fn a_strategy_that_panics_is_named() {
    let sector = Sector::start(30, 1_000).await;
    let (_, told) = mpsc::channel();
    let mut bot =
        Bot::new(&sector.player(1).await, faction("F1"), Box::new(Slow { begun: None, told }));
    let error = in_time("the bot gives up", bot.run(std::future::pending())).await.unwrap_err();
    assert!(matches!(&error, Error::Strategy { name: "slow", .. }), "{error:?}");
    assert!(
        error.to_string().starts_with("strategy \"slow\" of F1 returned no orders for tick "),
        "{error}"
    );
}
