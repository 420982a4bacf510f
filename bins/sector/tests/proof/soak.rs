//! A whole sector under load for a while: does it grow, does it fall behind?

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use store_testkit::RedisServer;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::load::Load;
use crate::services::{Service, free_port};

/// Time from tick to tick.
const TICK: Duration = Duration::from_millis(100);
/// Followers that read the events as they come.
const FOLLOWERS: usize = 20;
/// What is sampled before this part of the run has passed is warming up: a third.
const WARM_UP_DIVISOR: u32 = 3;

const REDIS: &str = "redis-server";

/// Memory and descriptors of one process at one moment.
struct Sample {
    at: Duration,
    rss_kib: f64,
    descriptors: f64,
}

fn sample(process_id: u32, at: Duration) -> Option<Sample> {
    let folder = Path::new("/proc").join(process_id.to_string());
    let status = std::fs::read_to_string(folder.join("status")).ok()?;
    let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let rss_kib = rss.split_whitespace().next()?.parse().ok()?;
    let descriptors = std::fs::read_dir(folder.join("fd")).ok()?.count() as f64;
    Some(Sample { at, rss_kib, descriptors })
}

/// The slope of a line through the points, by the least squares, per hour.
fn slope_per_hour(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let (mean_x, mean_y) = (
        points.iter().map(|point| point.0).sum::<f64>() / count,
        points.iter().map(|point| point.1).sum::<f64>() / count,
    );
    let covariance: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let variance: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    if variance == 0.0 { 0.0 } else { covariance / variance * 3_600.0 }
}

/// Reads the events over HTTP as they come; how late each tick came, against the beat, in
/// milliseconds.
async fn follow(api: String, is_over: Arc<AtomicBool>) -> Vec<f64> {
    let http = reqwest::Client::builder().timeout(Duration::from_secs(40)).build().unwrap();
    let (mut late, mut last) = (Vec::new(), None::<Instant>);
    let mut position = "after=0-0".to_owned();
    while !is_over.load(Ordering::Relaxed) {
        let url = format!("{api}/events?{position}&count=100&wait_ms=2000");
        let Ok(response) = http.get(url).send().await else {
            sleep(Duration::from_millis(200)).await;
            continue;
        };
        if response.status() == 410 {
            let snapshot = http.get(format!("{api}/snapshot")).send().await.unwrap();
            let tag = snapshot.headers()["etag"].to_str().unwrap().trim_matches('"');
            position = format!("after={}", tag.replace('.', "&incarnation="));
            continue;
        }
        let Ok(page) = response.json::<Value>().await else { continue };
        let (Some(next), Some(incarnation)) = (page["next"].as_str(), page["incarnation"].as_str())
        else {
            sleep(Duration::from_millis(200)).await;
            continue;
        };
        position = format!("after={next}&incarnation={incarnation}");
        let ticks = page["events"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|event| event["type"] == "delta")
            .count();
        let now = Instant::now();
        // A page of several is history, or what had piled up.
        if let (1, Some(last)) = (ticks, last) {
            late.push(((now - last).as_secs_f64() - TICK.as_secs_f64()).max(0.0) * 1_000.0);
        }
        if ticks > 0 {
            last = Some(now);
        }
    }
    late
}

fn percentile(sorted: &[f64], per_mille: usize) -> f64 {
    sorted
        .get((sorted.len() * per_mille / 1_000).min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or(0.0)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes long; run by cargo xtask soak"]
async fn nothing_grows_and_nothing_falls_behind() {
    let minutes: f64 = std::env::var("SOAK_MINUTES").map_or(1.0, |text| text.parse().unwrap());
    let length = Duration::from_secs_f64(minutes * 60.0);
    let redis = RedisServer::start_with(&["--appendfsync", "everysec"]);
    let (url, port) = (redis.url(), free_port().to_string());
    let tick = format!("{}ms", TICK.as_millis());
    let worker = [
        "--tick-ms",
        &tick,
        "--systems",
        "30",
        "--factions",
        "5",
        "--universe-pause-ms",
        "1000",
        "--event-stream-maxlen",
        "300",
    ];
    let mut services = [
        Service::new("sim-worker", "worker 0", &url, &worker),
        Service::new("sim-worker", "worker 1 (standby)", &url, &worker),
        Service::new("api", "api", &url, &["--port", &port]),
    ];
    services.iter_mut().for_each(Service::start);
    let api = format!("http://127.0.0.1:{port}");
    while !reqwest::get(format!("{api}/snapshot"))
        .await
        .is_ok_and(|response| response.status() == 200)
    {
        sleep(Duration::from_millis(100)).await;
    }
    let load = Load::start(&api, 5, Duration::from_millis(50));
    let is_over = Arc::<AtomicBool>::default();
    let followers: Vec<JoinHandle<Vec<f64>>> =
        (0..FOLLOWERS).map(|_| tokio::spawn(follow(api.clone(), is_over.clone()))).collect();

    let started = Instant::now();
    let pause = (length / 200).clamp(Duration::from_millis(500), Duration::from_secs(10));
    let mut samples: BTreeMap<String, Vec<Sample>> = BTreeMap::new();
    while started.elapsed() < length {
        sleep(pause).await;
        let at = started.elapsed();
        let mut note = |name: &str, id: u32| {
            let sample = sample(id, at).unwrap_or_else(|| panic!("{name} is gone"));
            samples.entry(name.to_owned()).or_default().push(sample);
        };
        note(REDIS, redis.process_id());
        for service in &mut services {
            assert!(!service.keep_up(), "{} has ended", service.name);
            note(&service.name, service.process_id().unwrap());
        }
    }
    is_over.store(true, Ordering::Relaxed);
    let mut late = Vec::new();
    for follower in followers {
        late.extend(follower.await.unwrap());
    }
    let told = load.stop().await;

    late.sort_by(f64::total_cmp);
    println!(
        "{minutes} minutes, {} orders accepted, {FOLLOWERS} followers",
        told.receipts.lock().unwrap().len()
    );
    println!(
        "ticks come late by p50 {:.1} ms, p90 {:.1} ms, p99 {:.1} ms, p99.9 {:.1} ms, at most {:.1} ms ({} seen)",
        percentile(&late, 500),
        percentile(&late, 900),
        percentile(&late, 990),
        percentile(&late, 999),
        percentile(&late, 1_000),
        late.len()
    );
    let mut grows = Vec::new();
    for (name, samples) in &samples {
        let warm: Vec<&Sample> =
            samples.iter().filter(|sample| sample.at >= length / WARM_UP_DIVISOR).collect();
        let points = |of: fn(&Sample) -> f64| -> Vec<(f64, f64)> {
            warm.iter().map(|sample| (sample.at.as_secs_f64(), of(sample))).collect()
        };
        let memory = slope_per_hour(&points(|sample| sample.rss_kib)) / 1_024.0;
        let descriptors = slope_per_hour(&points(|sample| sample.descriptors));
        let (first, last) = (&samples[0], &samples[samples.len() - 1]);
        println!(
            "{name:<20} RSS {:.1} → {:.1} MiB, {memory:+.1} MiB/h; descriptors {} → {}, {descriptors:+.1}/h",
            first.rss_kib / 1_024.0,
            last.rss_kib / 1_024.0,
            first.descriptors,
            last.descriptors,
        );
        // In a short run a single page or connection makes a steep line: what counts is what it
        // adds up to.
        let hours = length.as_secs_f64() * f64::from(WARM_UP_DIVISOR - 1)
            / f64::from(WARM_UP_DIVISOR)
            / 3_600.0;
        // Redis holds the client ids of a universe and the replays of the last runs: it grows until
        // those are full.
        let is_redis = name == REDIS;
        if descriptors * hours > 8.0 || (memory * hours > 24.0 && !is_redis) {
            grows.push(name.clone());
        }
    }
    println!(
        "verdict: {}",
        if grows.is_empty() {
            "no service grows (Redis does until it holds as many runs as it keeps)".to_owned()
        } else {
            format!("{grows:?} grow")
        }
    );
    assert!(grows.is_empty(), "{grows:?} grow");
    assert!(
        !late.is_empty() && percentile(&late, 500) < TICK.as_secs_f64() * 1_000.0,
        "the sector falls behind"
    );
}
