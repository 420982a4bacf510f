//! Many replicates of a fork with different seeds, to separate a change from luck.
//! Each replicate plays twice with the same seed, with the recorded players and with the change, so
//! that the two differ only by the change. The replicates that only one of the arms wins show
//! whether a difference is luck.

use sector_sim::draw::next_seed;
use sector_sim::event::Cause;
use sector_sim::game::{Fork, ForkError};
use sector_sim::replay::Replay;
use sector_sim::{FactionId, Game};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Options, change, is_over};
use crate::arena::Share;
use crate::tool::{Error, jobs, parallel, progress_bar, quantile, say};

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
    /// Value of each faction at the end.
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
    let bar = progress_bar(seeds.len() as u64, "replicate", options.json);
    let jobs = jobs(options.jobs.map(usize::from));
    let pairs = parallel(jobs, seeds.len(), |index| {
        let pair = pair(options, unchanged, changed, index, seeds[index]);
        bar.inc(1);
        pair
    });
    bar.finish_and_clear();
    pairs.into_iter().collect()
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
            let Share { share, low, high, .. } = Share::new(hits as u64, count as u64);
            let interval = format!("{:.1} – {:.1} %", 100.0 * low, 100.0 * high);
            let _ = write!(text, "{gap} {:>5.1} % {interval:>18}", 100.0 * share);
        }
        let alone = |pattern| pairs.iter().filter(|pair| won(pair) == pattern).count();
        let _ = write!(text, "   {:>8} {:>8}", alone((true, false)), alone((false, true)));
    }
    for (name, arm) in [("recorded", 0), ("changed", 1)] {
        let mut lengths: Vec<u64> =
            pairs.iter().filter_map(|pair| pair.get(arm)).map(|played| played.ticks).collect();
        lengths.sort_unstable();
        let _ = write!(
            text,
            "\n{}{name:<9} median end in tick {}, 90 % before tick {}",
            if arm == 0 { "\n" } else { "" },
            quantile(&lengths, 500),
            quantile(&lengths, 900)
        );
    }
    text
}
