//! Which factions the bots play, and when.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use bot_worker::Error;
use sector_client::Client;
use sector_sim::FactionId;

use crate::harness::{Sector, Watch, in_time};

pub(crate) fn starters() -> Vec<FactionId> {
    (0..5).filter_map(FactionId::starter).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_faction_is_played_and_orders_reach_the_next_tick() {
    let sector = Sector::start(300).await;
    sector.play(sector.options("classic", 1_000));
    let mut watch = Watch::new(&sector.player(1).await);
    let mut in_time_for_the_next = BTreeSet::new();
    in_time("an order of every faction in the very next tick", async {
        while in_time_for_the_next.len() < 5 {
            let prompt =
                watch.next().await.into_iter().filter(|outcome| outcome.taken == outcome.given + 1);
            in_time_for_the_next.extend(prompt.map(|outcome| outcome.faction));
        }
    })
    .await;
    assert!(starters().iter().all(|faction| in_time_for_the_next.contains(faction)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_300_systems_orders_arrive_before_the_next_tick() {
    let sector = Sector::of_size(300, 300).await;
    let mut watch = Watch::new(&sector.player(1).await);
    let mut config = sector.options("classic", 1_000);
    config.bot_strategies = "F1=raider,F2=turtle@200/300/400/900,F3=greedy".parse().ok();
    assert!(config.bot_strategies.is_some());
    let (work, _playing) = sector.play_apart(config);
    watch.until_all_are_played().await;
    let (mut orders, mut prompt) = (0, 0);
    for _ in 0..60 {
        let outcomes = watch.next().await;
        orders += outcomes.len();
        prompt += outcomes.iter().filter(|outcome| outcome.taken == outcome.given + 1).count();
    }
    let most = |time: &AtomicU64| time.load(Ordering::Relaxed) as f64 / 1_000.0;
    println!(
        "{prompt} of {orders} orders in the next tick; at most {:.1} ms to decide, {:.1} ms until accepted",
        most(&work.decided_us),
        most(&work.delivered_us)
    );
    // Allow some delay, because other tests run at the same time.
    assert!(orders > 30 && prompt * 10 >= orders * 9, "{prompt} of {orders}");
}

/// A faction that always has something to do in the sectors of these tests.
fn busy() -> FactionId {
    starters()[1]
}

/// Claims a faction. Returns the last tick in which orders of the bots for it may still have been
/// accepted.
async fn claim(human: &Client, faction: FactionId) -> u64 {
    human.claim(faction).await.unwrap();
    human.snapshot().await.unwrap().tick + 1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_is_detected_by_a_refused_order_and_other_factions_play_on() {
    let sector = Sector::start(40).await;
    // The claims are polled only once per hour.
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
            while !watch
                .next()
                .await
                .iter()
                .any(|outcome| outcome.faction == busy() && outcome.given > last)
            {}
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bots_survive_a_restart_of_the_api_and_the_end_of_a_universe() {
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
    in_time("a new universe", async {
        while watch.0.next().await.unwrap().universe_id() == before.universe_id {}
    })
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

/// Outcomes of the bots' orders in the next tick, by `client_id`; fails on duplicates.
pub(crate) async fn outcomes(
    watch: &mut Watch,
    seen: &mut BTreeSet<String>,
) -> Vec<(FactionId, String)> {
    let tick = in_time("a tick", watch.0.next()).await.unwrap();
    let mut found = Vec::new();
    // Orders accepted just before a player's claim.
    for order in tick.untaken() {
        assert!(seen.insert(order.client_id.clone().unwrap()), "{order:?} came twice");
    }
    for faction in starters() {
        for outcome in tick.outcomes(faction) {
            let id = outcome.client_id.unwrap().to_string();
            assert!(seen.insert(id.clone()), "{id} came twice");
            found.push((faction, id));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_share_the_factions_and_one_takes_over_when_the_other_is_killed() {
    let sector = Sector::start(60).await;
    let (one, first) = sector.play_apart(sector.options("random", 50));
    let admin = sector.player(200).await;
    let mut watch = Watch::new(&admin);
    watch.until_all_are_played().await;
    let (other, second) = sector.play_apart(sector.options("random", 50));
    let count = |count: &AtomicU64| count.load(Ordering::Relaxed);

    // Wait until they have shared the factions.
    let mut seen = BTreeSet::new();
    in_time("the other one's ticks", async {
        while count(&other.ticks) < 10 {
            outcomes(&mut watch, &mut seen).await;
        }
    })
    .await;
    // Then there are no duplicates, and each strategy is called once per tick, except for
    // occasional attempts.
    let (asked, ticks) = (count(&one.asked) + count(&other.asked), count(&other.ticks));
    let mut orders = 0;
    while count(&other.ticks) < ticks + 100 {
        orders += outcomes(&mut watch, &mut seen).await.len();
    }
    let asked = count(&one.asked) + count(&other.asked) - asked;
    let passed = count(&other.ticks) - ticks;
    assert!(orders > 0);
    assert!(asked <= passed * 5 * 6 / 5 + 10, "{asked} turns of 5 factions in {passed} ticks");

    // Every accepted order has an outcome, and the other worker plays on alone.
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let asked = count(&other.asked);
    let ticks = count(&other.ticks);
    let living = async || {
        let list = admin.factions().await.unwrap().factions;
        list.into_iter()
            .filter(|faction| faction.alive && faction.strength > 0)
            .map(|faction| faction.id)
            .collect()
    };
    let mut missing: BTreeSet<FactionId> = living().await;
    let killed = watch.0.next().await.unwrap().number();
    in_time("an order for every faction by the one that is left", async {
        while !missing.is_empty() {
            for (faction, id) in outcomes(&mut watch, &mut seen).await {
                let given: u64 = id.rsplit('-').nth(2).unwrap().parse().unwrap();
                if given > killed + 1 {
                    missing.remove(&faction);
                }
            }
            let still: BTreeSet<FactionId> = living().await;
            missing.retain(|faction| still.contains(faction));
            let passed = count(&other.ticks) - ticks;
            assert!(
                passed < 400,
                "{missing:?} after {passed} ticks, asked {}",
                count(&other.asked) - asked
            );
        }
    })
    .await;
    sector.stop();
    in_time("the bots stop", second).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_order_accepted_from_several_workers_has_one_outcome() {
    let sector = Sector::start(40).await;
    let watcher = sector.player(1).await;
    let mut watch = Watch::new(&watcher);
    let mut seen = BTreeSet::new();
    outcomes(&mut watch, &mut seen).await;
    let workers = [0, 1, 2].map(|_| sector.play_apart(sector.options("random", 50)));
    for _ in 0..80 {
        outcomes(&mut watch, &mut seen).await;
    }
    // The workers stop giving orders when humans hold all factions.
    for (number, faction) in starters().into_iter().enumerate() {
        sector.player(10 + number as u8).await.claim(faction).await.unwrap();
    }
    let quiet = async {
        let mut ticks = 0;
        while ticks < 15 {
            ticks = if outcomes(&mut watch, &mut seen).await.is_empty() { ticks + 1 } else { 0 };
        }
    };
    in_time("quiet", quiet).await;
    let accepted: u64 = workers.iter().map(|(work, _)| work.accepted.load(Ordering::Relaxed)).sum();
    assert_eq!(seen.len() as u64, accepted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invalid_options_are_errors() {
    let sector = Sector::start(40).await;
    let mut config = sector.options("random", 50);
    config.bot_api_url = "localhost".into();
    let error = in_time("a refusal", sector.play(config)).await.unwrap().unwrap_err();
    assert!(error.to_string().starts_with("BOT_API_URL"), "{error}");
    let mut config = sector.options("random", 50);
    config.bot_api_token = sector_auth::Secret::new("wrong").unwrap();
    let error = in_time("a refusal", sector.play(config)).await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Token(_)), "{error}");
}
