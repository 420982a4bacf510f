//! `cargo xtask bench`: runs the benchmarks and compares them with their limits.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::run::{Result, cargo, output, program, root, run};

/// Limit of a benchmark, on one core.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Limit {
    /// Maximum time, in nanoseconds.
    Time(f64),
    /// Maximum time per counted element, in nanoseconds.
    Each(f64),
    /// Minimum number of elements per second.
    Rate(f64),
    /// Minimum number of bytes per second.
    Bytes(f64),
    /// Maximum time relative to another benchmark.
    Times(f64, &'static str),
    /// Maximum time per element relative to another benchmark.
    EachTimes(f64, &'static str),
}

use Limit::{Bytes, Each, EachTimes, Rate, Time, Times};

/// Limits by name of the benchmark.
const PROMISES: [(&str, Limit); 31] = [
    ("quiet_tick/30", Time(200.0)),
    ("quiet_tick/100000", Time(20_000.0)),
    ("busy_tick/30", Each(100.0)),
    ("busy_tick/300", Each(100.0)),
    ("busy_tick/3000", Each(100.0)),
    ("busy_tick/30000", Each(100.0)),
    ("busy_tick/100000", Each(100.0)),
    ("busy_tick/30", Times(8.0, "busy_copy/30")),
    ("busy_tick/300", Times(8.0, "busy_copy/300")),
    ("busy_tick/3000", Times(8.0, "busy_copy/3000")),
    ("busy_tick/30000", Times(8.0, "busy_copy/30000")),
    ("busy_tick/100000", Times(8.0, "busy_copy/100000")),
    ("tick_of_30000_systems_with_10000_fleets_moving", Time(5e6)),
    ("five_classic_decide/30", Time(4_000.0)),
    ("five_classic_decide/300", Time(50_000.0)),
    ("five_classic_decide/30000", Time(5e6)),
    // Linear in systems, lanes and fleets, except for cache misses.
    ("five_classic_decide/30000", EachTimes(3.0, "five_classic_decide/300")),
    ("five_classic_decide/100000", EachTimes(3.0, "five_classic_decide/300")),
    ("match/eight_of_30_systems", Rate(150_000.0)),
    ("world_from_seed/100000", Time(0.5e9)),
    ("snapshot/to_json/30", Bytes(1e9)),
    ("snapshot/to_json/300", Bytes(1e9)),
    ("snapshot/to_json/3000", Bytes(1e9)),
    ("snapshot/to_json/30000", Bytes(1e9)),
    ("snapshot/to_json/100000", Bytes(1e9)),
    // Proportional to the changes, not to the size of the sector.
    ("delta/of/100000", EachTimes(4.0, "delta/of/300")),
    ("delta/apply/100000", EachTimes(6.0, "delta/apply/300")),
    ("replay_verification/30", Rate(1_000_000.0)),
    // The SDK compared with serde_json on the same text.
    ("follow/stream_and_mirror/30", Times(1.2, "follow/parse/30")),
    ("follow/stream_and_mirror/300", Times(1.2, "follow/parse/300")),
    ("follow/stream_and_mirror/3000", Times(1.2, "follow/parse/3000")),
];

/// Time per benchmark, so that all take some minutes.
const SECONDS: [&str; 5] = ["--", "--warm-up-time", "1", "--measurement-time", "2"];

/// The API benchmark, which compares with other servers and prints its own table.
const API: &str = "api";

/// Document and marks around the table.
const DOCUMENT: &str = "docs/explanation/performance.md";
const BEGIN: &str = "<!-- bench: begin -->";
const END: &str = "<!-- bench: end -->";

/// A measurement.
#[derive(Clone, Copy, Debug)]
struct Measured {
    /// Median time of one round, in nanoseconds.
    median: f64,
    /// Elements or bytes per round.
    elements: Option<f64>,
    bytes: Option<f64>,
}

impl Measured {
    fn each(self) -> f64 {
        self.median / self.elements.unwrap_or(1.0)
    }
}

/// A line of the table.
struct Row {
    name: String,
    measured: String,
    counted: String,
    promise: String,
    /// Measured value divided by the limit; above 1 the limit is exceeded.
    ratio: Option<f64>,
}

pub(crate) fn bench(filter: Option<&str>) -> Result {
    if filter == Some(API) {
        return run(
            "benchmark of the API",
            &mut cargo(&["bench", "--locked", "--package", "api", "--bench", "edge"]),
        );
    }
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let results = target.join("criterion");
    if filter.is_none() && results.exists() {
        // Skip figures of removed benchmarks.
        fs::remove_dir_all(&results).map_err(|error| format!("{}: {error}", results.display()))?;
    }
    let mut command = cargo(&[
        "bench",
        "--locked",
        "--package",
        "sector-sim",
        "--package",
        "sector-client",
        "--benches",
    ]);
    command.args(SECONDS);
    command.args(filter);
    run("benchmarks", &mut command)?;
    let mut measured = BTreeMap::new();
    collect(&results, &mut measured)?;
    let mut rows = rows(&measured);
    rows.retain(|row| filter.is_none_or(|filter| row.name.contains(filter)));
    print(&rows);
    if filter.is_none() {
        write(&rows)?;
    }
    let broken: Vec<String> = rows
        .iter()
        .filter(|row| row.ratio.is_some_and(|ratio| ratio > 1.0))
        .map(|row| format!("{} ({} where {} is promised)", row.name, row.counted, row.promise))
        .collect();
    let missing: Vec<&str> = match filter {
        None => PROMISES
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| !measured.contains_key(*name))
            .collect(),
        Some(_) => Vec::new(),
    };
    if !missing.is_empty() {
        return Err(format!("promised, but not measured: {}", missing.join(", ")));
    }
    if broken.is_empty() {
        Ok(())
    } else {
        Err(format!("slower than promised: {}", broken.join(", ")))
    }
}

/// A line per limit, and per benchmark without one.
fn rows(measured: &BTreeMap<String, Measured>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, &found) in measured {
        let plain = match (found.elements, found.bytes) {
            (_, Some(bytes)) => rate(bytes / found.median * 1e9, "B"),
            (Some(_), _) => format!("{} each", time(found.each())),
            _ => String::new(),
        };
        let promises = PROMISES.iter().filter(|(promised, _)| promised == name);
        let before = rows.len();
        for (_, limit) in promises {
            let other = |other: &str| measured.get(other).copied();
            let (counted, promise, ratio) = match *limit {
                Time(limit) => (plain.clone(), format!("≤ {}", time(limit)), found.median / limit),
                Each(limit) => {
                    (plain.clone(), format!("≤ {} each", time(limit)), found.each() / limit)
                }
                Rate(limit) => {
                    let reached = 1e9 / found.each();
                    (rate(reached, ""), format!("≥ {}", rate(limit, "")), limit / reached)
                }
                Bytes(limit) => {
                    let reached = found.bytes.unwrap_or(0.0) / found.median * 1e9;
                    (rate(reached, "B"), format!("≥ {}", rate(limit, "B")), limit / reached)
                }
                Times(limit, than) => {
                    let Some(than_found) = other(than) else { continue };
                    let times = found.median / than_found.median;
                    (format!("{times:.1} × {than}"), format!("≤ {limit} × {than}"), times / limit)
                }
                EachTimes(limit, than) => {
                    let Some(than_found) = other(than) else { continue };
                    let times = found.each() / than_found.each();
                    (
                        format!("{times:.1} × {than}, each"),
                        format!("≤ {limit} × {than}, each"),
                        times / limit,
                    )
                }
            };
            rows.push(Row {
                name: name.clone(),
                measured: time(found.median),
                counted,
                promise,
                ratio: Some(ratio),
            });
        }
        if rows.len() == before {
            let measured = time(found.median);
            rows.push(Row {
                name: name.clone(),
                measured,
                counted: plain,
                promise: String::new(),
                ratio: None,
            });
        }
    }
    rows.sort_by_cached_key(|row| order(&row.name));
    rows
}

/// Sort key: names, with numbers compared as numbers.
fn order(name: &str) -> Vec<(u64, String)> {
    name.split('/').map(|part| (part.parse().unwrap_or(0), part.to_owned())).collect()
}

fn shown(ratio: Option<f64>) -> String {
    ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default()
}

fn print(rows: &[Row]) {
    println!(
        "\n{:<48} {:>10} {:>36} {:>40} {:>6}",
        "benchmark", "median", "counted", "promised", "ratio"
    );
    for row in rows {
        let ratio = shown(row.ratio);
        println!(
            "{:<48} {:>10} {:>36} {:>40} {ratio:>6}",
            row.name, row.measured, row.counted, row.promise
        );
    }
}

/// Writes the table between the marks in the document.
fn write(rows: &[Row]) -> Result {
    let path = root().join(DOCUMENT);
    let text = fs::read_to_string(&path).map_err(|error| format!("{DOCUMENT}: {error}"))?;
    let (Some(begin), Some(end)) = (text.find(BEGIN), text.find(END)) else {
        return Err(format!("{DOCUMENT} has no {BEGIN} and {END}"));
    };
    let mut table = format!("{BEGIN}\n{}\n\n", machine());
    table.push_str(
        "| benchmark | median | counted | promised | ratio |\n|---|---:|---:|---:|---:|\n",
    );
    for row in rows {
        let ratio = shown(row.ratio);
        // Writing to a string cannot fail.
        let _ = writeln!(
            table,
            "| {} | {} | {} | {} | {ratio} |",
            row.name, row.measured, row.counted, row.promise
        );
    }
    let text = format!("{}{table}{}", &text[..begin], &text[end..]);
    fs::write(&path, text).map_err(|error| format!("{DOCUMENT}: {error}"))
}

/// Machine and method of the measurement.
fn machine() -> String {
    let information = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = information
        .lines()
        .find_map(|line| {
            line.strip_prefix("model name")?.split_once(':').map(|(_, name)| name.trim().to_owned())
        })
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let compiler = output(program("rustc", "").arg("--version")).unwrap_or_default();
    let day = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs() / 86_400);
    let (year, month, day) = date(day);
    format!(
        "Measured on {year}-{month:02}-{day:02} with `cargo xtask bench` (medians of criterion, one thread): {model}, \
         {cores} cores, {}.",
        compiler.trim()
    )
}

/// The date so many days after 1970-01-01 (Hinnant, "chrono-compatible low-level date algorithms").
fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

/// Results of criterion, by name of the benchmark.
fn collect(folder: &Path, measured: &mut BTreeMap<String, Measured>) -> Result {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        if !path.is_dir() {
            continue;
        }
        if path.file_name().is_none_or(|name| name != "new") {
            collect(&path, measured)?;
            continue;
        }
        let read = |file: &str| -> Result<Value> {
            let text = fs::read_to_string(path.join(file))
                .map_err(|error| format!("{}: {error}", path.display()))?;
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
        };
        let benchmark = read("benchmark.json")?;
        let name = benchmark["full_id"].as_str().unwrap_or_default().to_owned();
        let throughput = &benchmark["throughput"];
        if let Some(median) = read("estimates.json")?["median"]["point_estimate"].as_f64() {
            let (elements, bytes) = (throughput["Elements"].as_f64(), throughput["Bytes"].as_f64());
            measured.insert(name, Measured { median, elements, bytes });
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

fn rate(per_second: f64, unit: &str) -> String {
    match per_second {
        rate if rate < 1e3 => format!("{rate:.0} {unit}/s"),
        rate if rate < 1e6 => format!("{:.1} k{unit}/s", rate / 1e3),
        rate if rate < 1e9 => format!("{:.2} M{unit}/s", rate / 1e6),
        rate => format!("{:.2} G{unit}/s", rate / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(median: f64, elements: Option<f64>, bytes: Option<f64>) -> Measured {
        Measured { median, elements, bytes }
    }

    #[test]
    fn promises_are_held_against_what_they_count() {
        let measured = BTreeMap::from([
            ("quiet_tick/30".to_owned(), found(100.0, None, None)),
            ("busy_tick/30".to_owned(), found(1_200.0, Some(10.0), None)),
            ("busy_copy/30".to_owned(), found(200.0, Some(10.0), None)),
            ("match/eight_of_30_systems".to_owned(), found(1e9, Some(300_000.0), None)),
            ("snapshot/to_json/30".to_owned(), found(10_000.0, None, Some(20_000.0))),
            ("unpromised/30".to_owned(), found(5.0, None, None)),
        ]);
        let rows = rows(&measured);
        let ratio = |name: &str, promise: &str| {
            let row = rows.iter().find(|row| row.name == name && row.promise == promise);
            row.unwrap_or_else(|| panic!("{name} {promise}")).ratio
        };
        assert_eq!(ratio("quiet_tick/30", "≤ 200.0 ns"), Some(0.5));
        assert_eq!(ratio("busy_tick/30", "≤ 100.0 ns each"), Some(1.2));
        assert_eq!(ratio("busy_tick/30", "≤ 8 × busy_copy/30"), Some(0.75));
        assert_eq!(ratio("match/eight_of_30_systems", "≥ 150.0 k/s"), Some(0.5));
        assert_eq!(ratio("snapshot/to_json/30", "≥ 1.00 GB/s"), Some(0.5));
        assert_eq!(ratio("unpromised/30", ""), None);
    }

    #[test]
    fn days_are_dates() {
        assert_eq!(date(0), (1970, 1, 1));
        assert_eq!(date(11_016), (2000, 2, 29));
        assert_eq!(date(20_779), (2026, 11, 22));
    }
}
