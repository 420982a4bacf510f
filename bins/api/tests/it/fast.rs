//! Public resources: encoded once, compressed, and in parts.

use std::io::Read;

use flate2::read::GzDecoder;
use http::Method;
use sector_sim::order::Amount;
use sector_sim::{Command, Order, Snapshot, SystemId};
use sector_wire::{SectorSnapshot, SnapshotPart};
use serde_json::{Value, json};

use crate::harness::{Reply, Sector};

async fn with(sector: &Sector, path: &str, name: &str, value: &str) -> Reply {
    sector.send(sector.request(Method::GET, path).header(name, value), "").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn public_resources_have_an_etag_and_are_compressed() {
    let sector = Sector::start().await;
    for path in ["/snapshot", "/factions", "/rules", "/openapi.json"] {
        let plain = sector.get(path).await;
        assert_eq!((plain.status, plain.header("content-encoding")), (200, None), "{path}");
        let tag = plain.header("etag").unwrap().to_owned();
        assert!(tag.starts_with('"'), "{path}: {tag}");
        let packed = with(&sector, path, "accept-encoding", "gzip").await;
        if plain.body.len() >= 1_024 {
            assert_eq!(packed.header("content-encoding"), Some("gzip"), "{path}");
            let mut unpacked = Vec::new();
            GzDecoder::new(packed.body.as_slice()).read_to_end(&mut unpacked).unwrap();
            assert_eq!(unpacked, plain.body, "{path}");
            assert_eq!(packed.header("etag").unwrap(), format!("W/{tag}"), "{path}");
        }
        for coding in ["br", "zstd"] {
            let packed = with(&sector, path, "accept-encoding", coding).await;
            assert!(packed.body.len() <= plain.body.len(), "{path}");
        }
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}")] {
            let unchanged = with(&sector, path, "if-none-match", &known).await;
            assert_eq!((unchanged.status, unchanged.body.len()), (304, 0), "{path} {known}");
        }
        assert_eq!(with(&sector, path, "if-none-match", "\"other\"").await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_shows_at_once_and_an_expired_one_within_a_second() {
    let sector = Sector::start().await;
    let claimed = async || {
        let list = sector.get("/factions").await;
        let factions = list.json()["factions"].as_array().unwrap().clone();
        (
            list.header("etag").unwrap().to_owned(),
            factions.iter().filter(|faction| faction["claimed"] == true).count(),
        )
    };
    let (before, none) = claimed().await;
    let token = sector.log_in_with(1, "F1").await;
    let (taken, one) = claimed().await;
    assert_eq!((none, one), (0, 1));
    assert_ne!(before, taken);
    let release = sector
        .request(Method::DELETE, "/factions/claim")
        .header("authorization", format!("Bearer {token}"));
    assert_eq!(sector.send(release, "").await.status, 200);
    assert_eq!(claimed().await, (before.clone(), 0));

    // Claims made by another process show only after the cache expires.
    let now_ms = sector.now_ms();
    sector.store.claim(&"u-1".into(), "F2", "0x01", now_ms, 600_000).await.unwrap();
    sector.pass_seconds(1);
    assert_eq!(claimed().await.1, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_has_the_requested_fields() {
    let sector = Sector::start().await;
    let whole = sector.get("/snapshot").await.json();
    let part = sector.get("/snapshot?fields=tick,fleets,result").await;
    assert_eq!(
        part.json(),
        json!({
            "incarnation": whole["incarnation"], "universe_id": "u-1", "tick": 0, "fleets": whole["fleets"], "result": null
        })
    );
    assert_eq!(part.header("etag"), sector.get("/snapshot").await.header("etag"));
    // All fields together are the whole snapshot.
    let names: Vec<&str> = whole.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(sector.get(&format!("/snapshot?fields={}", names.join(","))).await.json(), whole);
    for fields in ["", "tick,", "Tick", "tick,owners", "tick%20"] {
        sector.get(&format!("/snapshot?fields={fields}")).await.problem(400, "invalid_query");
    }
    let problem =
        sector.get("/snapshot?fields=owners,tick,planets").await.problem(400, "invalid_query");
    let named: Vec<&Value> =
        problem["errors"].as_array().unwrap().iter().map(|error| &error["value"]).collect();
    assert_eq!(named, ["owners", "planets"]);
}

/// Applies a partial snapshot to a snapshot, as documented.
fn apply(snapshot: &mut Snapshot, part: SnapshotPart) {
    for system in part.systems.unwrap() {
        let place = system.id.index();
        snapshot.systems[place] = system;
    }
    let changed = part.fleets.unwrap();
    let removed = part.fleets_removed.unwrap();
    snapshot.fleets.retain(|known| {
        !removed.contains(&known.id.0) && changed.iter().all(|fleet| fleet.id != known.id)
    });
    snapshot.fleets.extend(changed);
    snapshot.fleets.sort_by_key(|fleet| fleet.id);
    let changed = part.factions.unwrap();
    snapshot.factions.retain(|known| changed.iter().all(|faction| faction.id != known.id));
    snapshot.factions.extend(changed);
    snapshot.factions.sort_by_key(|faction| faction.id);
    snapshot.tick = part.tick;
    snapshot.next_fleet_id = sector_sim::FleetId(part.next_fleet_id.unwrap());
    snapshot.result = part.result.flatten();
    snapshot.highlight_ids = part.highlight_ids.unwrap().into_iter().map(SystemId).collect();
    snapshot.events = part.events.unwrap();
    snapshot.history_tail.extend(part.history_tail.unwrap());
    let surplus = snapshot.history_tail.len().saturating_sub(sector_sim::board::HISTORY_LENGTH);
    snapshot.history_tail.drain(..surplus);
    snapshot.digest = part.digest.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_since_a_tick_update_its_snapshot() {
    let mut sector = Sector::start().await;
    let mut mine: SectorSnapshot =
        serde_json::from_slice(&sector.get("/snapshot").await.body).unwrap();
    let step = |sector: &Sector, number: u8| {
        let origin = SystemId(sector.home(number));
        let target = sector.world().map().neighbours(origin)[0].system;
        let faction = format!("F{number}").parse().unwrap();
        Order::new(faction, Command::Move { origin, target, fleet: None, amount: Amount::Fleet })
    };
    for stretch in [1, 7, 40, 200] {
        let orders: Vec<Order> = (1..=5).map(|number| step(&sector, number)).collect();
        sector.tick(&orders).await;
        for _ in 1..stretch {
            sector.tick(&[]).await;
        }
        let since = mine.snapshot.tick;
        let answer = sector.get(&format!("/snapshot?since={since}&universe_id=u-1")).await;
        let part: SnapshotPart = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!((part.since, part.lanes.as_ref()), (Some(since), None));
        apply(&mut mine.snapshot, part);
        assert_eq!(mine.snapshot, sector.snapshot());
    }
    // Since the current tick, nothing has changed.
    let nothing = sector.get("/snapshot?since=248&fields=systems,fleets,factions").await.json();
    assert_eq!(
        (&nothing["systems"], &nothing["fleets"], &nothing["fleets_removed"]),
        (&json!([]), &json!([]), &json!([]))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_since_a_forgotten_tick_are_410() {
    let mut sector = Sector::start().await;
    for _ in 0..1_100 {
        sector.tick(&[]).await;
    }
    for query in ["since=0", "since=75", "since=1101", "since=1100&universe_id=u-0"] {
        sector.get(&format!("/snapshot?{query}")).await.problem(410, "history_trimmed");
    }
    assert_eq!(sector.get("/snapshot?since=100").await.status, 200);
    sector.get("/snapshot?since=-1").await.problem(400, "invalid_query");
    sector.begin("u-2", 9).await;
    sector.get("/snapshot?since=1100").await.problem(410, "history_trimmed");
    assert_eq!(sector.get("/snapshot?since=0&universe_id=u-2").await.status, 200);
}
