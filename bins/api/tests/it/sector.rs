//! Snapshots, events, and health.

use std::time::Duration;

use http::Method;
use sector_redis::StreamId;
use sector_sim::order::Focus;
use sector_sim::{Command, Mirror, Order, Snapshot, SystemId};
use serde_json::json;

use store_testkit::eventually;

use crate::harness::{PATIENCE, Sector};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_and_the_events_after_it_are_the_next_snapshot() {
    let mut sector = Sector::start().await;
    let answer = sector.get("/snapshot").await;
    let snapshot: Snapshot = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(snapshot, sector.snapshot());
    let tag = answer.header("etag").unwrap().to_owned();
    let (after, incarnation) = tag.trim_matches('"').split_once('.').unwrap();
    let (after, incarnation) = (after.to_owned(), incarnation.to_owned());
    assert_eq!(incarnation, sector.store.incarnation().await.unwrap().to_string());
    assert_eq!(answer.json()["incarnation"], incarnation.as_str());

    let faction = "F1".parse().unwrap();
    let system = SystemId(sector.home(1));
    sector.tick(&[Order::new(faction, Command::Focus { system, focus: Focus::Industry })]).await;
    for _ in 0..20 {
        sector.tick(&[]).await;
    }
    let mut mirror = Mirror::new(&snapshot).unwrap();
    let mut after = after;
    while mirror.board().tick() < 21 {
        let page =
            sector.get(&format!("/events?after={after}&incarnation={incarnation}&count=8")).await;
        let page: sector_wire::EventPage = serde_json::from_slice(&page.body).unwrap();
        assert!((1..=8).contains(&page.events.len()));
        for entry in &page.events {
            let sector_wire::StreamEntry::Delta { data, .. } = entry else { panic!("{entry:?}") };
            mirror.apply(data).unwrap();
        }
        after = page.next;
    }
    assert!(mirror.is_exact());
    assert_eq!(mirror.snapshot(), sector.snapshot());
    assert_eq!(
        sector.get(&sector.after(&after).await).await.json(),
        json!({"events": [], "next": after, "incarnation": incarnation})
    );

    let current = sector.get("/snapshot").await;
    assert_eq!(serde_json::from_slice::<Snapshot>(&current.body).unwrap(), sector.snapshot());
    let unchanged = current.header("etag").unwrap();
    let again = sector.request(Method::GET, "/snapshot").header("if-none-match", unchanged);
    assert_eq!(sector.send(again, "").await.status, 304);
    let stale = sector.request(Method::GET, "/snapshot").header("if-none-match", tag);
    assert_eq!(sector.send(stale, "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stream_reports_ends_and_starts_of_runs() {
    let mut sector = Sector::start().await;
    sector.tick(&[]).await;
    sector.end().await;
    sector.begin("u-2", 8).await;
    let page = sector.get("/events").await.json();
    let kinds: Vec<_> =
        page["events"].as_array().unwrap().iter().map(|entry| entry["type"].clone()).collect();
    assert_eq!(kinds, ["snapshot", "delta", "delta", "run_end", "snapshot"]);
    assert_eq!(page["next"], "5-0");
    let page: sector_wire::EventPage = serde_json::from_value(page).unwrap();
    assert_eq!(page.events.len(), 5);
    let snapshot = sector.get("/snapshot").await.json();
    assert_eq!((&snapshot["universe_id"], &snapshot["tick"]), (&json!("u-2"), &json!(0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_polls_return_with_the_next_tick() {
    let mut sector = Sector::start().await;
    let follower = sector.follower.clone();
    let waiting = tokio::spawn(async move {
        follower.read_after(StreamId::new(1), 10, Duration::from_secs(30)).await
    });
    sector.tick(&[]).await;
    let entries = waiting.await.unwrap().unwrap();
    assert_eq!((entries.len(), entries[0].id), (1, StreamId::new(2)));
    let page = sector.get(&(sector.after("1-0").await + "&wait_ms=30000")).await.json();
    assert_eq!(page["next"], "2-0");
    let started = std::time::Instant::now();
    let page = sector.get(&(sector.after("2-0").await + "&wait_ms=50")).await.json();
    assert_eq!((&page["events"], &page["next"]), (&json!([]), &json!("2-0")));
    assert!(started.elapsed() >= Duration::from_millis(50));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trimmed_or_unknown_history_is_410() {
    let mut sector = Sector::start().await;
    sector.get(&sector.after("2-0").await).await.problem(410, "history_trimmed");
    for _ in 0..1_030 {
        sector.tick(&[]).await;
    }
    // Events that are no longer in memory come from the store.
    let page = sector.get(&(sector.after("1-0").await + "&count=1")).await.json();
    assert_eq!(page["next"], "2-0");
    sector.trim().await;
    sector.get(&sector.after("1-0").await).await.problem(410, "history_trimmed");
    let problem = sector.get("/events").await.problem(410, "history_trimmed");
    insta::assert_json_snapshot!(problem);
    assert_eq!(sector.get(&sector.after("1031-0").await).await.json()["next"], "1032-0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_reports_the_follower() {
    let mut sector = Sector::start().await;
    sector.tick(&[]).await;
    let health: sector_wire::HealthDocument =
        serde_json::from_slice(&sector.get("/health").await.body).unwrap();
    assert_eq!((health.status.as_str(), health.service.as_str()), ("ok", "api"));
    assert_eq!((health.universe_id.as_deref(), health.tick), (Some("u-1"), Some(1)));
    assert_eq!(sector.get("/openapi.json").await.body, api::openapi().unwrap().into_bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_answers_long_polls() {
    let sector = Sector::start().await;
    let token = sector.log_in_with(1, "F1").await;
    let key = json!({"label": "waits", "verbs": ["read"]});
    let key = sector.post_as(&token, "/keys", &key).await.json();
    let key = key["key"].as_str().unwrap();
    let path = sector.after("1-0").await + "&wait_ms=30000";
    let (answer, ()) = tokio::join!(sector.get_as(key, &path), async {
        // The request is under way once its key was used.
        eventually("the key is used", PATIENCE, async || {
            let keys = sector.get_as(&token, "/keys").await.json();
            (!keys["keys"][0]["used_at"].is_null()).then_some(())
        })
        .await;
        sector.shut_down();
    });
    assert!(matches!(answer.status, 200 | 503), "{answer:?}");
    sector.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restore_410_tells_whoever_knows_another_incarnation() {
    let mut sector = Sector::start().await;
    sector.tick(&[]).await;
    let before = sector.get("/snapshot").await;
    let known = before.json()["incarnation"].as_str().unwrap().to_owned();
    let events = format!("/events?after=1-0&incarnation={known}");
    assert_eq!(sector.get(&events).await.json()["next"], "2-0");
    // Waiting clients are answered at once.
    let waiting = format!("/events?after=2-0&incarnation={known}&wait_ms=30000");
    let (answer, renewed) = tokio::join!(sector.get(&waiting), sector.restore());
    answer.problem(410, "history_restored");
    let problem = sector.get(&events).await.problem(410, "history_restored");
    assert!(problem["detail"].as_str().unwrap().contains(&known), "{problem}");
    // The id of the last event may be the same as before; the tag is not.
    let tag = before.header("etag").unwrap();
    let after = sector
        .send(sector.request(Method::GET, "/snapshot").header("if-none-match", tag), "")
        .await;
    assert_eq!((after.status, after.json()["incarnation"].as_str()), (200, Some(renewed.as_str())));
    // An id alone could name another event by now.
    let problem = sector.get("/events?after=1-0").await.problem(400, "invalid_query");
    assert_eq!(problem["errors"][0]["field"], "incarnation");
    assert_eq!(sector.get("/events?after=0-0").await.json()["incarnation"], renewed.as_str());
    let events = format!("/events?after=0-0&incarnation={renewed}");
    assert_eq!(sector.get(&events).await.json()["next"], "2-0");
    sector.get("/events?incarnation=xyz").await.problem(400, "invalid_query");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probes_distinguish_liveness_from_readiness() {
    let sector = Sector::start().await;
    for path in ["/livez", "/readyz"] {
        let answer = sector.get(path).await;
        let health: sector_wire::HealthDocument = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(
            (answer.status, health.status.as_str(), health.service.as_str()),
            (200, "ok", "api"),
            "{path}"
        );
    }
}
