//! Who is played, by whom and when.

use std::collections::BTreeSet;

use bot_worker::Error;
use sector_client::Client;
use sector_sim::FactionId;

use crate::harness::{Sector, Watch, in_time};

fn starters() -> Vec<FactionId> {
    (0..5).filter_map(FactionId::starter).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_faction_is_played_and_orders_reach_the_very_next_tick() {
    let sector = Sector::start(300).await;
    sector.play(sector.options("classic", 1_000));
    let mut watch = Watch::new(&sector.player(1).await);
    let mut in_time_for_the_next = BTreeSet::new();
    in_time("an order of every faction in the very next tick", async {
        while in_time_for_the_next.len() < 5 {
            let prompt = watch.next().await.into_iter().filter(|outcome| outcome.taken == outcome.given + 1);
            in_time_for_the_next.extend(prompt.map(|outcome| outcome.faction));
        }
    })
    .await;
    assert!(starters().iter().all(|faction| in_time_for_the_next.contains(faction)));
}

/// In the sectors of these tests this one always has something to do.
fn busy() -> FactionId {
    starters()[1]
}

/// Claims a faction, and says which is the last tick whose orders for it the bots may still have had accepted.
async fn claim(human: &Client, faction: FactionId) -> u64 {
    human.claim(faction).await.unwrap();
    human.snapshot().await.unwrap().tick + 1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_is_noticed_by_the_refusal_and_the_others_play_on() {
    let sector = Sector::start(40).await;
    // The next look at the claims is an hour away.
    sector.play(sector.options("classic", 3_600_000));
    let human = sector.player(1).await;
    let mut watch = Watch::new(&human);
    watch.until_all_are_played().await;
    let last = claim(&human, busy()).await;
    watch.others_are_played(busy(), last, 12).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_faction_is_handed_over_and_taken_back() {
    let sector = Sector::start(40).await;
    sector.play(sector.options("classic", 50));
    let human = sector.player(1).await;
    let mut watch = Watch::new(&human);
    watch.until_all_are_played().await;
    for _ in 0..2 {
        let last = claim(&human, busy()).await;
        watch.others_are_played(busy(), last, 8).await;
        human.release().await.unwrap();
        in_time("an order of the bots again", async {
            while !watch.next().await.iter().any(|outcome| outcome.faction == busy() && outcome.given > last) {}
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bots_survive_an_api_that_goes_and_a_universe_that_ends() {
    let mut sector = Sector::start(40).await;
    let playing = sector.play(sector.options("classic", 50));
    let admin = sector.player(200).await;
    let mut watch = Watch::new(&admin);
    watch.until_all_are_played().await;

    let before = admin.snapshot().await.unwrap();
    sector.stop_api().await;
    sector.start_api().await;
    in_time("orders after the API was away", async {
        while !watch.next().await.iter().any(|outcome| outcome.given > before.tick) {}
    })
    .await;

    admin.set_paused(true).await.unwrap();
    admin.restart(Some(3)).await.unwrap();
    admin.set_paused(false).await.unwrap();
    in_time("a new universe", async { while watch.0.next().await.unwrap().universe_id() == before.universe_id {} })
        .await;
    watch.until_all_are_played().await;
    sector.stop();
    in_time("the bots stop", playing).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bots_can_start_before_the_api() {
    let mut sector = Sector::start(40).await;
    sector.stop_api().await;
    let playing = sector.play(sector.options("random", 50));
    sector.start_api().await;
    let mut watch = Watch::new(&sector.player(1).await);
    in_time("an order", async { while watch.next().await.is_empty() {} }).await;
    assert!(!playing.is_finished());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_give_no_order_twice() {
    let sector = Sector::start(40).await;
    sector.play(sector.options("random", 50));
    sector.play(sector.options("random", 50));
    let admin = sector.player(200).await;
    let mut watch = Watch::new(&admin);
    let mut seen = BTreeSet::new();
    let mut ticks = 0;
    while ticks < 50 {
        let tick = in_time("a tick", watch.0.next()).await.unwrap();
        ticks += 1;
        for event in tick.events() {
            let (sector_sim::Event::OrderApplied { client_id: Some(id), .. }
            | sector_sim::Event::OrderRefused { client_id: Some(id), .. }) = event
            else {
                continue;
            };
            assert!(seen.insert(id.clone()), "{id} came twice");
        }
    }
    assert!(!seen.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_is_named() {
    let sector = Sector::start(40).await;
    let mut config = sector.options("classical", 50);
    let error = in_time("a refusal", sector.play(config.clone())).await.unwrap().unwrap_err();
    assert!(
        error.to_string().contains("BOT_STRATEGY") && error.to_string().contains("known are classic, greedy"),
        "{error}"
    );
    config.bot_strategy = "random".into();
    config.bot_api_url = "localhost".into();
    let error = in_time("a refusal", sector.play(config)).await.unwrap().unwrap_err();
    assert!(error.to_string().starts_with("BOT_API_URL"), "{error}");
    let mut config = sector.options("random", 50);
    config.bot_api_token = sector_auth::Secret::new("wrong").unwrap();
    let error = in_time("a refusal", sector.play(config)).await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Token(_)), "{error}");
}
