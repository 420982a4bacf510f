//! Cost of the API over the server below it, next to a bare hyper server that returns the same bytes
//! and `redis-benchmark`, in one run with the same clients.
//!
//! Promises: `GET /snapshot` and its 304 reach 0.8 of the bare server's rate; `POST /orders` of one
//! order over 16 connections reaches 0.7 of unpipelined `XADD`, with a 99th percentile of at most
//! 5 ms; at most 40 MB at rest. Clients, API and Redis share this machine. Exits with 1 if a promise
//! is broken.
//!
//! `-- cost` prints the CPU time per request instead, which is more reliable on a busy machine.
//! `-- serve` and `-- ask` are its two halves, for profilers; with `LOG` set, the server logs and traces.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark that cannot run must fail loudly"
)]

mod cost;
mod load;
mod servers;

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use store_testkit::RedisServer;
use tokio::net::{TcpListener, TcpStream};

use crate::load::{CONNECTIONS, Until, body, fetch, get, load, post};
use crate::servers::Servers;

const ROUNDS: usize = 5;
const ROUND: Until = Until::Over(Duration::from_millis(700));

/// Result of a promise.
struct Held {
    name: &'static str,
    measured: f64,
    beside: f64,
    ratio: f64,
    is_kept: bool,
    promise: &'static str,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    // Cargo appends `--bench`.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => hold(&runtime.block_on(measure())),
        ["cost"] => runtime.block_on(cost::cost()),
        ["serve"] => runtime.block_on(cost::serve()),
        ["ask", what, address, times, tag] => {
            runtime.block_on(cost::ask(
                what,
                address.parse().unwrap(),
                times.parse().unwrap(),
                tag,
            ));
        }
        _ => panic!("nothing, `cost`, `serve`, or `ask WHAT ADDRESS TIMES TAG`"),
    }
}

fn hold(held: &[Held]) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{:<28} {:>12} {:>12} {:>8}   promise", "", "API", "beside", "ratio").unwrap();
    for line in held {
        let mark = if line.is_kept { "" } else { "   BROKEN" };
        let Held { name, measured, beside, ratio, promise, .. } = line;
        writeln!(out, "{name:<28} {measured:>12.1} {beside:>12.1} {ratio:>8.2}   {promise}{mark}")
            .unwrap();
    }
    if held.iter().any(|line| !line.is_kept) {
        std::process::exit(1);
    }
}

async fn measure() -> Vec<Held> {
    let mut servers = Servers::start().await;
    let mut held = Vec::new();
    for (name, beside, tag) in [
        ("GET /snapshot, 1/s", servers.bare, ""),
        ("GET /snapshot 304, 1/s", servers.bare_empty, servers.tag.as_str()),
    ] {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            // New addresses each round stay within the quotas.
            let client = |index: usize| round * CONNECTIONS + index;
            ours.push(load(servers.api, ROUND, |index, _| get(client(index), tag)).await.rate);
            theirs.push(load(beside, ROUND, |index, _| get(client(index), tag)).await.rate);
        }
        let (ours, theirs) = (median(ours), median(theirs));
        let ratio = ours / theirs;
        let promise = "at least 0.8 of a bare server";
        held.push(Held {
            name,
            measured: ours,
            beside: theirs,
            ratio,
            is_kept: ratio >= 0.8,
            promise,
        });
    }

    servers.begin_to_tick();
    let (mut ours, mut theirs, mut p99s) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let loaded =
            load(servers.api, ROUND, |index, number| post(index + round * CONNECTIONS, number))
                .await;
        ours.push(loaded.rate);
        p99s.push(loaded.p99_ms);
        theirs.push(redis_benchmark(&servers.redis.url(), 30_000));
    }
    let (ours, theirs, p99) = (median(ours), median(theirs), median(p99s));
    let ratio = ours / theirs;
    held.push(Held {
        name: "POST /orders, 1/s",
        measured: ours,
        beside: theirs,
        ratio,
        is_kept: ratio >= 0.7,
        promise: "at least 0.7 of XADD by redis-benchmark",
    });
    held.push(Held {
        name: "POST /orders p99, ms",
        measured: p99,
        beside: 5.0,
        ratio: p99 / 5.0,
        is_kept: p99 <= 5.0,
        promise: "at most 5 ms",
    });
    let redis = servers.stop().await;
    let memory = memory_mb(&redis).await;
    held.push(Held {
        name: "memory at rest, MB",
        measured: memory,
        beside: 40.0,
        ratio: memory / 40.0,
        is_kept: memory <= 40.0,
        promise: "at most 40 MB",
    });
    held
}

/// Unpipelined `XADD` with the same payload size and number of connections.
pub(crate) fn redis_benchmark(url: &str, times: u64) -> f64 {
    let socket = url.split("unix://").nth(1).unwrap().to_owned();
    let (connections, times) = (CONNECTIONS.to_string(), times.to_string());
    let output = Command::new("redis-benchmark")
        .args([
            "-s",
            &socket,
            "-c",
            &connections,
            "-n",
            &times,
            "-q",
            "--csv",
            "XADD",
            "bench:raw",
            "*",
            "order",
            &body(0, 0),
        ])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().last().unwrap();
    line.rsplit("\",\"").nth(6).unwrap_or_default().trim_matches('"').parse().unwrap()
}

/// Memory of the API as a separate process, after its first response.
async fn memory_mb(redis: &RedisServer) -> f64 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut child = Command::new(env!("CARGO_BIN_EXE_api"))
        .args(["--port", &address.port().to_string(), "--redis-url", &redis.url()])
        .env("JWT_SECRET", "a secret of at least thirty-two bytes")
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(address).await.is_err() {
        assert!(Instant::now() < deadline, "the API does not come up");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    loop {
        let (head, _) = fetch(address, "").await;
        if head.starts_with("HTTP/1.1 200") {
            break;
        }
        assert!(Instant::now() < deadline, "{head}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
