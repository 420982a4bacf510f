//! `cargo xtask bench`: runs the benchmarks and holds them against what is promised.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::run::{Result, cargo, root, run};

/// The most nanoseconds that a benchmark may take on one core: a tick, or whatever it counts.
const PROMISES: [(&str, f64); 7] = [
    // 40 000 ticks a second, decisions and deltas included.
    ("match/eight_of_30_systems", 25_000.0),
    ("tick_of_30000_systems_with_10000_fleets_moving", 5e6),
    ("quiet_tick/30", 200.0),
    ("quiet_tick/100000", 20_000.0),
    ("five_classic_decide/30", 4_000.0),
    ("five_classic_decide/300", 50_000.0),
    ("five_classic_decide/30000", 5e6),
];

pub(crate) fn bench(filter: Option<&str>) -> Result {
    let mut command = cargo(&["bench", "--locked", "--package", "sector-sim", "--benches"]);
    if let Some(filter) = filter {
        command.args(["--", filter]);
    }
    run("benchmarks", &mut command)?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let mut rows = Vec::new();
    collect(&target.join("criterion"), &mut rows)?;
    rows.retain(|(name, _)| filter.is_none_or(|filter| name.contains(filter)));
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    println!("\n{:<44} {:>12} {:>12} {:>7}", "benchmark", "median", "promised", "ratio");
    let mut broken = Vec::new();
    for (name, median) in rows {
        let promise = PROMISES.iter().find(|(promised, _)| *promised == name).map(|(_, limit)| *limit);
        let (limit, ratio) = match promise {
            Some(limit) => (time(limit), format!("{:.2}", median / limit)),
            None => (String::new(), String::new()),
        };
        println!("{name:<44} {:>12} {limit:>12} {ratio:>7}", time(median));
        if promise.is_some_and(|limit| median > limit) {
            broken.push(name);
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(format!("slower than promised: {}", broken.join(", "))) }
}

/// The medians that criterion left, in nanoseconds for each thing counted, by the name of the benchmark.
fn collect(folder: &Path, rows: &mut Vec<(String, f64)>) -> Result {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries.flatten().filter(|entry| entry.path().is_dir()) {
        let path = entry.path();
        if path.file_name().is_some_and(|name| name != "new") {
            collect(&path, rows)?;
            continue;
        }
        let read = |file: &str| -> Result<Value> {
            let text = fs::read_to_string(path.join(file)).map_err(|error| format!("{}: {error}", path.display()))?;
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
        };
        let benchmark = read("benchmark.json")?;
        let name = benchmark["full_id"].as_str().unwrap_or_default().to_owned();
        let counted = benchmark["throughput"]["Elements"].as_f64().unwrap_or(1.0);
        if let Some(median) = read("estimates.json")?["median"]["point_estimate"].as_f64() {
            rows.push((name, median / counted));
        }
    }
    Ok(())
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ns if ns < 1e3 => format!("{ns:.1} ns"),
        ns if ns < 1e6 => format!("{:.2} µs", ns / 1e3),
        ns if ns < 1e9 => format!("{:.2} ms", ns / 1e6),
        ns => format!("{:.2} s", ns / 1e9),
    }
}
