//! Status and rules of the sector.

use base64::Engine;
use sector_sim::Rules;
use sector_wire::{RulesDocument, SectorCondition, SectorStatus};
use serde_json::json;
use sha2::Digest;

use store_testkit::eventually;

use crate::harness::{PATIENCE, Sector, config};

async fn status(sector: &Sector) -> SectorStatus {
    let answer = sector.get("/").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_slice(&answer.body).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_status_is_served_from_before_the_start_to_the_end() {
    let mut sector = Sector::empty(config()).await;
    // The follower detects this; until then the state is unknown.
    let waiting = eventually("the follower reaches the store", PATIENCE, async || {
        let status = status(&sector).await;
        (status.status != SectorCondition::Unreachable).then_some(status)
    })
    .await;
    assert_eq!(
        (waiting.status, waiting.universe_id, waiting.tick),
        (SectorCondition::Waiting, None, None)
    );

    sector.begin("u-1", 7).await;
    sector.tick(&[]).await;
    let running = status(&sector).await;
    assert_eq!(
        (
            running.status,
            running.paused,
            running.universe_id.as_deref(),
            running.tick,
            running.rules.as_deref()
        ),
        (SectorCondition::Running, Some(false), Some("u-1"), Some(1), Some("classic"))
    );
    assert_eq!(
        (running.sector.as_str(), running.result, running.next_universe_at_ms),
        ("default", None, None)
    );

    sector.store.set_paused(true).await.unwrap();
    assert_eq!(status(&sector).await.status, SectorCondition::Paused);
    sector.store.set_paused(false).await.unwrap();

    sector.end().await;
    let over = status(&sector).await;
    assert_eq!(over.status, SectorCondition::Over);
    assert_eq!(over.result.unwrap().tick, 2);
    assert_eq!(over.next_universe_at_ms, Some(sector.now_ms() + 15_000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_link_resolves_and_stays_in_its_sector() {
    let sector = Sector::start().await;
    let (plain, named) = (status(&sector).await, sector.get("/v1/sectors/default").await);
    let named: SectorStatus = serde_json::from_slice(&named.body).unwrap();
    assert_eq!(
        (&plain.links["snapshot"], &named.links["snapshot"]),
        (&"/snapshot".to_owned(), &"/sectors/default/snapshot".to_owned())
    );
    for path in plain.links.values().chain(named.links.values()) {
        let answer = sector.get(path).await;
        // Links to POST operations say so.
        assert!(matches!(answer.status, 200 | 405), "{path}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rules_are_those_of_the_universe_with_their_ranges() {
    let sector = Sector::start().await;
    let answer = sector.get("/rules").await;
    let document: RulesDocument = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((document.universe_id.as_str(), document.name.as_str()), ("u-1", "classic"));
    let rules: Rules = serde_json::from_value(document.rules.into()).unwrap();
    assert_eq!(rules, Rules::classic());
    assert_eq!(document.numbers.len(), Rules::ranges().count());
    for (number, range) in document.numbers.iter().zip(Rules::ranges()) {
        assert_eq!(
            (number.key.as_str(), number.least, number.most),
            (range.key, range.least, range.most)
        );
        assert_eq!(Some(number.value), rules.get(range.key));
    }
    sector.get("/rules?key=battle").await.problem(400, "invalid_query");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_universe_has_its_own_rules() {
    let mut sector = Sector::start().await;
    assert_eq!(sector.get("/rules").await.json()["universe_id"], "u-1");
    sector.end().await;
    sector.begin("u-2", 8).await;
    assert_eq!(sector.get("/rules").await.json()["universe_id"], json!("u-2"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reference_is_one_self_contained_page() {
    let sector = Sector::start().await;
    let page = sector.get("/docs").await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline';"), "{policy}");
    let text = String::from_utf8(page.body.clone()).unwrap();
    // The policy allows only the script of the page.
    let script = text.split_once("<script>").unwrap().1.split_once("</script>").unwrap().0;
    let digest = base64::prelude::BASE64_STANDARD.encode(sha2::Sha256::digest(script));
    assert!(policy.contains(&format!("; script-src 'sha256-{digest}';")), "{policy}");
    for route in api::declared() {
        assert!(
            text.contains(&format!("<code>{}</code>", route.path.replace('/', "<wbr>/"))),
            "{}",
            route.path
        );
    }
    let known = sector
        .request(http::Method::GET, "/docs")
        .header("if-none-match", page.header("etag").unwrap());
    assert_eq!(sector.send(known, "").await.status, 304);
    sector.get("/sectors/default/docs").await.problem(404, "not_found");
}
