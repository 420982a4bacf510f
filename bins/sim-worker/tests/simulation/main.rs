//! The service logic on virtual time, over a model of the store, with faults at every turn.
//!
//! `SIMULATION_SEED=n` plays one seed and shows its trace. `SIMULATION_SEEDS=n` plays that many
//! instead of the usual number, `SIMULATION_FIRST=n` says from which on. See `docs/explanation/proof.md`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod books;
mod chance;
mod flaws;
mod network;
mod process;
mod server;
mod trace;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use books::Counts;
use flaws::Planted;
use world::{Report, play};

/// Seeds of an ordinary run.
const SEEDS: u64 = 1_000;
/// A planted bug is found within so many seeds.
const SEEDS_UNTIL_CAUGHT: u64 = 1_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}, not a number")))
}

/// Plays a seed; a panic is a fault like any other.
fn judge(seed: u64, planted: Option<Planted>) -> Report {
    catch_unwind(AssertUnwindSafe(|| play(seed, planted, false))).unwrap_or_else(|panic| {
        let what = panic.downcast_ref::<String>().cloned();
        let what = what.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        Report {
            seed,
            faults_found: vec![format!("panic: {}", what.unwrap_or_default())],
            ..Report::default()
        }
    })
}

/// Plays seeds on all cores until they are used up or `stop` says so; what each came to, by seed.
fn play_all(
    first: u64,
    count: u64,
    planted: Option<Planted>,
    stop: impl Fn(&Report) -> bool + Sync,
) -> Vec<Report> {
    let next = AtomicU64::new(first);
    let reports = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        return;
                    }
                    let report = judge(seed, planted);
                    if stop(&report) {
                        next.store(first + count, Ordering::Relaxed);
                    }
                    reports.lock().unwrap().push(report);
                }
            });
        }
    });
    let mut reports = reports.into_inner().unwrap();
    reports.sort_by_key(|report| report.seed);
    reports
}

fn total(reports: &[Report], of: impl Fn(&Counts) -> u64) -> u64 {
    reports.iter().map(|report| of(&report.counts)).sum()
}

#[test]
fn the_books_balance_on_every_seed() {
    if let Some(seed) = number("SIMULATION_SEED") {
        let report = play(seed, None, true);
        println!("{report:#?}");
        assert!(report.faults_found.is_empty(), "seed {seed}: {:#?}", report.faults_found);
        return;
    }
    let (first, count) =
        (number("SIMULATION_FIRST").unwrap_or(0), number("SIMULATION_SEEDS").unwrap_or(SEEDS));
    let started = Instant::now();
    let found = AtomicU64::new(0);
    let reports = play_all(first, count, None, |report| {
        !report.faults_found.is_empty() && found.fetch_add(1, Ordering::Relaxed) >= 9
    });
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{} seeds in {seconds:.1} s ({:.0} a second), {:.0} hours of virtual time, {} faults injected",
        reports.len(),
        reports.len() as f64 / seconds,
        reports.iter().map(|report| report.virtual_ms).sum::<u64>() as f64 / 3_600_000.0,
        reports.iter().map(|report| report.faults_injected).sum::<u64>(),
    );
    println!(
        "{} orders accepted: {} applied, {} refused ({} without a tick, {} of those for a claimed faction), {} entries on \
         record; {} commits, {} repeated; {} epochs; \
         {} universes, {} runs to their end; {} times a reader began anew; {} restores",
        total(&reports, |counts| counts.accepted),
        total(&reports, |counts| counts.applied),
        total(&reports, |counts| counts.refused),
        total(&reports, |counts| counts.passed),
        total(&reports, |counts| counts.claimed),
        total(&reports, |counts| counts.recorded),
        total(&reports, |counts| counts.commits),
        total(&reports, |counts| counts.repeated),
        total(&reports, |counts| counts.epochs),
        total(&reports, |counts| counts.universes),
        total(&reports, |counts| counts.runs),
        total(&reports, |counts| counts.resynchronised),
        total(&reports, |counts| counts.restores),
    );
    let failed: Vec<&Report> =
        reports.iter().filter(|report| !report.faults_found.is_empty()).collect();
    for report in &failed {
        println!(
            "seed {} fails; play it with SIMULATION_SEED={}: {:#?}",
            report.seed, report.seed, report.faults_found
        );
    }
    assert!(failed.is_empty(), "{} seeds fail, the first is {}", failed.len(), failed[0].seed);
    // A simulation in which nothing happens proves nothing.
    for (what, count) in [
        ("applied", total(&reports, |counts| counts.applied)),
        ("passed", total(&reports, |counts| counts.passed)),
        ("claimed", total(&reports, |counts| counts.claimed)),
        ("repeated", total(&reports, |counts| counts.repeated)),
        ("runs", total(&reports, |counts| counts.runs)),
        ("restores", total(&reports, |counts| counts.restores)),
        ("resynchronised", total(&reports, |counts| counts.resynchronised)),
    ] {
        assert!(count >= reports.len() as u64 / 50, "only {count} {what}");
    }
}

/// Seeds that once failed, one a line; what comes after a blank is a remark.
#[test]
fn seeds_that_once_failed_do_so_no_more() {
    for line in include_str!("seeds.txt").lines().filter(|line| !line.starts_with('#')) {
        let seed = line.split_whitespace().next().unwrap().parse().unwrap();
        let report = judge(seed, None);
        assert!(report.faults_found.is_empty(), "seed {seed}: {:#?}", report.faults_found);
    }
}

#[test]
fn a_seed_plays_the_same_every_time() {
    for seed in 0..30 {
        let (first, second) = (play(seed, None, false), play(seed, None, false));
        assert_eq!(first, second, "seed {seed}");
        assert_ne!(first.hash, play(seed + 1_000, None, false).hash);
    }
}

#[test]
fn every_planted_bug_is_caught() {
    let mut missed = Vec::new();
    for planted in Planted::all() {
        let reports = play_all(0, SEEDS_UNTIL_CAUGHT, Some(planted), |report| {
            !report.faults_found.is_empty()
        });
        match reports.iter().find(|report| !report.faults_found.is_empty()) {
            Some(report) => {
                println!("{planted:?}: seed {}: {}", report.seed, report.faults_found[0]);
            }
            None => missed.push(planted),
        }
    }
    assert!(missed.is_empty(), "not caught by {SEEDS_UNTIL_CAUGHT} seeds: {missed:?}");
}
