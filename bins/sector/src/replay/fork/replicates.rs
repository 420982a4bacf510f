//! The same question under many draws: how much of an answer is luck.
//!
//! Each replicate plays on twice from the fork under the same draws, once with the recorded players and once with the
//! change. So the two differ by the change alone, and a difference of shares is told from luck by the replicates in
//! which only one of the two arms has the winner.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use sector_sim::replay::Replay;
use sector_sim::{Cause, FactionId, Fork, ForkError, Game, next_seed};
use serde::Serialize;

use super::{Options, change, is_over};
use crate::output::{Error, progress_bar, say};

/// How one match ended, as a line of JSON.
#[derive(Debug, Serialize)]
struct Match {
    replicate: usize,
    /// `recorded` or `changed`.
    arm: &'static str,
    draws: u64,
    winner: Option<FactionId>,
    cause: Option<Cause>,
    ticks: u64,
    digest: String,
    /// What each faction that ever was holds in the end.
    values: BTreeMap<String, i64>,
}

impl Match {
    fn of(game: &Game, replicate: usize, arm: &'static str, draws: u64) -> Match {
        let (world, board) = (game.world(), game.world().board());
        let result = board.result();
        Match {
            replicate,
            arm,
            draws,
            winner: result.and_then(|outcome| outcome.winner),
            cause: result.map(|outcome| outcome.cause),
            ticks: world.tick(),
            digest: world.digest().to_string(),
            values: board
                .factions()
                .iter()
                .map(|faction| (faction.id.to_string(), faction.value))
                .collect(),
        }
    }
}

pub(super) fn play(
    options: &Options,
    replay: &Replay,
    unchanged: &Fork<'_>,
    changed: &Fork<'_>,
    count: u32,
) -> Result<(), Error> {
    let mut seed = options.draws.unwrap_or(replay.header().seed);
    let seeds: Vec<u64> = std::iter::repeat_with(|| {
        seed = next_seed(seed);
        seed
    })
    .take(count as usize)
    .collect();
    let pairs = all(options, unchanged, changed, &seeds);
    let pairs = pairs.map_err(|error| format!("{}: {error}", options.file.display()))?;
    if options.json {
        let lines: Result<Vec<String>, _> =
            pairs.iter().flatten().map(serde_json::to_string).collect();
        return say(&lines?.join("\n"));
    }
    say(&table(options, &pairs))
}

/// Plays all replicates; results are in the order of the seeds.
fn all(
    options: &Options,
    unchanged: &Fork<'_>,
    changed: &Fork<'_>,
    seeds: &[u64],
) -> Result<Vec<[Match; 2]>, ForkError> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let jobs = options.jobs.map_or(cores, usize::from).min(seeds.len());
    let bar = progress_bar(seeds.len() as u64, "replicate", options.json);
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let done = Mutex::new(Vec::with_capacity(seeds.len()));
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(&seed) = seeds.get(index).filter(|_| !failed.load(Ordering::Relaxed)) else {
                return;
            };
            let pair = pair(options, unchanged, changed, index, seed);
            if pair.is_err() {
                failed.store(true, Ordering::Relaxed);
            }
            // A thread that panicked has left whole answers behind.
            let mut done = done.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            done.push((index, pair));
            bar.inc(1);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(work);
        }
    });
    bar.finish_and_clear();
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, pair)| pair).collect()
}

fn pair(
    options: &Options,
    unchanged: &Fork<'_>,
    changed: &Fork<'_>,
    replicate: usize,
    draws: u64,
) -> Result<[Match; 2], ForkError> {
    let play = |fork: &Fork<'_>, arm| {
        let mut game = fork.clone().draws(draws).play()?;
        while !is_over(&game, options) {
            game.step();
        }
        Ok::<_, ForkError>(Match::of(&game, replicate, arm, draws))
    };
    Ok([play(unchanged, "recorded")?, play(changed, "changed")?])
}

/// The bounds of a share, 95 % of the time (Wilson 1927), in percent.
fn wilson(hits: usize, of: usize) -> (f64, f64) {
    const Z: f64 = 1.959_964;
    let (hits, of) = (hits as f64, (of as f64).max(1.0));
    let (share, spread) = (hits / of, Z * Z / of);
    let middle = share + spread / 2.0;
    let half = Z * (share * (1.0 - share) / of + spread / of / 4.0).sqrt();
    let bound = |value: f64| (100.0 * value / (1.0 + spread)).clamp(0.0, 100.0);
    (bound(middle - half), bound(middle + half))
}

fn table(options: &Options, pairs: &[[Match; 2]]) -> String {
    let count = pairs.len();
    let mut text = format!(
        "fork      after tick {}: {}, under {count} draws each\n\n",
        options.tick,
        change(options)
    );
    let _ = writeln!(
        text,
        "{:<8} {:^26}   {:^26}   {:^17}",
        "", "won as recorded", "won with the change", "won in one alone"
    );
    let _ = write!(
        text,
        "{:<8} {:>7} {:>18}   {:>7} {:>18}   {:>8} {:>8}",
        "faction", "share", "95 %", "share", "95 %", "recorded", "changed"
    );
    let mut winners: Vec<Option<FactionId>> =
        pairs.iter().flatten().map(|played| played.winner).collect();
    winners.extend(options.seats.iter().map(|(faction, _)| Some(*faction)));
    winners.sort_unstable_by_key(|winner| (winner.is_none(), *winner));
    winners.dedup();
    for winner in winners {
        let won = |[recorded, changed]: &&[Match; 2]| {
            (recorded.winner == winner, changed.winner == winner)
        };
        let name = winner.map_or("nobody".to_owned(), |winner| winner.to_string());
        let _ = write!(text, "\n{name:<8}");
        for (gap, arm) in [("", 0), ("  ", 1)] {
            let hits = pairs
                .iter()
                .map(|pair| won(&pair))
                .filter(|(recorded, changed)| [*recorded, *changed][arm])
                .count();
            let (low, high) = wilson(hits, count);
            let share = 100.0 * hits as f64 / count.max(1) as f64;
            let _ = write!(text, "{gap} {share:>5.1} % {:>18}", format!("{low:.1} – {high:.1} %"));
        }
        let alone = |pattern| pairs.iter().filter(|pair| won(pair) == pattern).count();
        let _ = write!(text, "   {:>8} {:>8}", alone((true, false)), alone((false, true)));
    }
    for (name, arm) in [("recorded", 0), ("changed", 1)] {
        let mut lengths: Vec<u64> =
            pairs.iter().filter_map(|pair| pair.get(arm)).map(|played| played.ticks).collect();
        lengths.sort_unstable();
        let at = |part: usize| lengths.get(lengths.len() * part / 100).copied().unwrap_or_default();
        let _ = write!(
            text,
            "\n{}{name:<9} median end in tick {}, 90 % before tick {}",
            if arm == 0 { "\n" } else { "" },
            at(50),
            at(90)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values from the formula, computed by hand.
    #[test]
    fn shares_have_wilson_bounds() {
        let near = |(low, high): (f64, f64), (wanted_low, wanted_high): (f64, f64)| {
            (low - wanted_low).abs() < 0.05 && (high - wanted_high).abs() < 0.05
        };
        assert!(near(wilson(5, 10), (23.7, 76.3)), "{:?}", wilson(5, 10));
        assert!(near(wilson(0, 10), (0.0, 27.8)), "{:?}", wilson(0, 10));
        assert!(near(wilson(200, 200), (98.1, 100.0)), "{:?}", wilson(200, 200));
    }
}
