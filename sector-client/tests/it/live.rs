//! Ticks: in order, exact, across cuts, gaps and new universes.

use std::time::Duration;

use sector_client::{Client, Transport};
use sector_redis::StreamId;
use sector_sim::order::Focus;
use sector_sim::{Command, Order, Rules};

use crate::harness::{BOT_TOKEN, Sector, in_time, until};

/// Both ways to follow.
const BOTH: [Transport; 2] = [Transport::Stream, Transport::LongPoll(Duration::from_secs(10))];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_tick_comes_once_and_exact_across_a_restart_of_the_api() {
    for transport in BOTH {
        let mut sector = Sector::start(20, 10_000).await;
        let mut ticks = sector.client().await.ticks_by(transport);
        let first = in_time("the first tick", ticks.next()).await.unwrap();
        assert!(first.is_new_universe && first.missed == 0 && first.mirror.is_exact());
        let mut number = first.number();
        for round in 0..3 {
            for _ in 0..10 {
                let tick = in_time("a tick", ticks.next()).await.unwrap();
                assert_eq!(
                    (tick.number(), tick.missed, tick.is_new_universe),
                    (number + 1, 0, false)
                );
                assert!(tick.mirror.is_exact());
                number += 1;
            }
            if round < 2 {
                sector.stop_api().await;
                let store = &sector.store;
                let away =
                    || async { store.head().await.unwrap().filter(|head| head.tick > number + 10) };
                until("ticks while the API is away", away).await;
                sector.start_api().await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_tick_is_told_how_many_were_missed() {
    for transport in BOTH {
        let sector = Sector::start(20, 10_000).await;
        let mut ticks = sector.client().await.ticks_by(transport);
        let before = in_time("the first tick", ticks.newest()).await.unwrap().number();
        let store = &sector.store;
        let behind =
            || async { store.head().await.unwrap().filter(|head| head.tick > before + 250) };
        let head = until("more ticks than one page holds", behind).await;
        let (mut turns, mut missed) = (0, 0);
        // What is still on its way to the client when it looks comes with the turn after.
        let number = in_time("the newest tick", async {
            loop {
                let tick = ticks.newest().await.unwrap();
                assert_eq!(tick.turn().missed, tick.missed);
                (turns, missed) = (turns + 1, missed + tick.missed);
                if tick.number() >= head.tick {
                    assert!(tick.mirror.is_exact());
                    return tick.number();
                }
            }
        })
        .await;
        assert_eq!(missed, number - before - turns);
        assert!(turns <= 10, "{turns} turns for {} ticks", number - before);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_are_gone_are_made_up_for_by_a_snapshot() {
    for transport in BOTH {
        let mut sector = Sector::start(20, 5).await;
        let mut ticks = sector.client().await.ticks_by(transport);
        let before = in_time("the first tick", ticks.next()).await.unwrap().number();
        sector.stop_api().await;
        let store = &sector.store;
        // The entry of tick n has the id n + 1: the first is the snapshot of tick 0.
        let after = StreamId::new(store.head().await.unwrap().unwrap().tick + 1);
        let trimmed = || async { store.events_after(after, 1, Duration::ZERO).await.err() };
        until("the events are trimmed", trimmed).await;
        sector.start_api().await;
        // What had come over the stream before is shown first.
        let mut last = before;
        in_time("a tick after the gap", async {
            loop {
                let tick = ticks.next().await.unwrap();
                assert!(!tick.is_new_universe, "{tick:?}");
                assert!(tick.mirror.is_exact(), "{tick:?}");
                assert_eq!(tick.number(), last + tick.missed + 1);
                last = tick.number();
                if tick.missed > 0 {
                    return;
                }
            }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_universe_is_followed() {
    for transport in BOTH {
        let sector = Sector::start(20, 10_000).await;
        let admin = sector.player(200).await;
        let mut ticks = admin.ticks_by(transport);
        let first = in_time("the first tick", ticks.next()).await.unwrap().universe_id().to_owned();
        admin.restart(Some(99)).await.unwrap();
        let (tick, universe) = in_time("a new universe", async {
            loop {
                let tick = ticks.next().await.unwrap();
                if tick.is_new_universe {
                    assert_eq!((tick.missed, tick.board().seed()), (0, 99));
                    return (tick.number(), tick.universe_id().to_owned());
                }
                assert_eq!(tick.universe_id(), first);
            }
        })
        .await;
        assert_ne!(universe, first);
        let next = in_time("its next tick", ticks.next()).await.unwrap();
        assert_eq!((next.number(), next.is_new_universe), (tick + 1, false));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_may_be_given_up_without_loss() {
    for transport in BOTH {
        let sector = Sector::start(30, 10_000).await;
        let mut ticks = sector.client().await.ticks_by(transport);
        let mut number = in_time("the first tick", ticks.next()).await.unwrap().number();
        let mut given_up = 0;
        while given_up < 20 {
            match tokio::time::timeout(Duration::from_millis(7), ticks.next()).await {
                Ok(tick) => {
                    number += 1;
                    assert_eq!(tick.unwrap().number(), number);
                }
                Err(_) => given_up += 1,
            }
        }
        assert_eq!(in_time("a tick", ticks.next()).await.unwrap().number(), number + 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restore_the_ticks_begin_anew_by_themselves() {
    for transport in BOTH {
        let mut sector = Sector::start(20, 10_000).await;
        let mut ticks = sector.client().await.ticks_by(transport);
        for _ in 0..5 {
            in_time("a tick", ticks.next()).await.unwrap();
        }
        sector.restore().await;
        let restored = in_time("a tick after the restore", async {
            loop {
                let tick = ticks.next().await.unwrap();
                if tick.is_new_universe {
                    return tick.number();
                }
            }
        })
        .await;
        for number in restored + 1..restored + 10 {
            let tick = in_time("a tick", ticks.next()).await.unwrap();
            assert_eq!((tick.number(), tick.missed, tick.is_new_universe), (number, 0, false));
            assert!(tick.mirror.is_exact());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_stream_the_events_are_asked_for() {
    let sector = Sector::start(20, 10_000).await;
    // An address may have twenty.
    let mut taken = Vec::new();
    for _ in 0..20 {
        let mut ticks = sector.client().await.ticks();
        in_time("a tick", ticks.next()).await.unwrap();
        assert!(ticks.is_streaming());
        taken.push(ticks);
    }
    let mut ticks = sector.client().await.ticks();
    let number = in_time("a tick", ticks.next()).await.unwrap().number();
    assert_eq!(in_time("the next tick", ticks.next()).await.unwrap().number(), number + 1);
    assert!(!ticks.is_streaming());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ticks_come_with_the_rules_that_the_sector_publishes() {
    let mut rules = Rules::classic();
    rules.name = "slow".into();
    rules.set("production.per_value", 1).unwrap();
    rules.set("battle.overwhelming", 3).unwrap();
    for transport in BOTH {
        let sector = Sector::under(rules.clone(), 20, 10_000).await;
        let client = sector.client().await;
        assert_eq!(client.rules().await.unwrap(), rules);
        let mut ticks = client.ticks_by(transport);
        let tick = in_time("a tick", ticks.next()).await.unwrap();
        assert_eq!(tick.rules, &rules);
        // What the engine foresees under them is what comes.
        let mut fork = tick.view("F1".parse().unwrap()).fork();
        let digest = fork.step(&[]).digest;
        assert_eq!(in_time("the next", ticks.next()).await.unwrap().mirror.digest(), digest);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outcomes_are_told_also_of_ticks_that_were_passed_over() {
    for transport in BOTH {
        let sector = Sector::start(20, 10_000).await;
        let client = sector.player(1).await;
        let me = "F2".parse().unwrap();
        client.claim(me).await.unwrap();
        let mut ticks = client.ticks_by(transport);
        let tick = in_time("a tick", ticks.newest()).await.unwrap();
        let (home, first) = (tick.view(me).faction().unwrap().home.unwrap(), tick.number());
        for number in 0..3 {
            let mut order = Order::new(me, Command::Focus { system: home, focus: Focus::Garrison });
            order.client_id = Some(format!("mine-{number}").into());
            client.send_orders(&[order]).await.unwrap();
            let before = client.snapshot().await.unwrap().tick;
            in_time("ticks that pass", async {
                while client.snapshot().await.unwrap().tick < before + 2 {}
            })
            .await;
        }
        let mut seen = Vec::new();
        in_time("all outcomes", async {
            while seen.len() < 3 {
                let tick = ticks.newest().await.unwrap();
                assert!(tick.number() > first);
                seen.extend(tick.outcomes(me));
            }
        })
        .await;
        let ids: Vec<_> =
            seen.iter().map(|outcome| outcome.client_id.as_deref().unwrap()).collect();
        assert_eq!(ids, ["mine-0", "mine-1", "mine-2"]);
        assert!(seen.iter().all(|outcome| outcome.is_applied() && outcome.tick > first));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_no_tick_takes_has_an_outcome_too() {
    let sector = Sector::start(20, 10_000).await;
    let bots = sector.client().await.with_bot_token(&BOT_TOKEN.parse().unwrap()).unwrap();
    let admin = sector.player(200).await;
    let me = "F2".parse().unwrap();
    let mut ticks = bots.ticks();
    let home =
        in_time("a tick", ticks.next()).await.unwrap().view(me).faction().unwrap().home.unwrap();
    // Accepted while the sector stands still; then its universe is replaced.
    admin.set_paused(true).await.unwrap();
    stands_still(&admin).await;
    let mut order = Order::new(me, Command::Focus { system: home, focus: Focus::Garrison });
    order.client_id = Some("too-late".into());
    bots.send_orders(&[order]).await.unwrap();
    admin.restart(Some(3)).await.unwrap();
    admin.set_paused(false).await.unwrap();
    let outcome = in_time("its outcome", async {
        loop {
            let tick = ticks.next().await.unwrap();
            if let Some(outcome) = tick.outcomes(me).next() {
                assert_eq!(tick.untaken().len(), 1, "{outcome:?}");
                return outcome;
            }
        }
    })
    .await;
    assert_eq!(outcome.client_id.as_deref(), Some("too-late"));
    assert_eq!(outcome.refused.as_deref(), Some("run_over"));
}

/// Waits until no tick has come for ten times as long as one takes.
async fn stands_still(client: &Client) {
    in_time("a standstill", async {
        let mut last = 0;
        loop {
            let tick = client.snapshot().await.unwrap().tick;
            if tick == last {
                return;
            }
            last = tick;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    })
    .await;
}
