//! `sector bot play`: a bot against others in memory.

use std::path::PathBuf;

use clap::Args;
use service::config::integer;

use super::build::Which;
use crate::arena;
use crate::output::Error;
use crate::replay;

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    which: Which,
    /// Whom it plays against: players of the arena, separated by commas
    #[arg(long, default_value = "classic,greedy", value_name = "PLAYERS")]
    against: String,
    /// How many games
    #[arg(long, default_value_t = 100, value_parser = integer(1..=1_000_000u64))]
    games: u64,
    /// How many play in a game [default: all]
    #[arg(long, value_parser = integer(2..=64u8))]
    seats: Option<u8>,
    /// Seed of the first map
    #[arg(long, default_value_t = 1, value_parser = integer(0..=sector_sim::MAX_SEED))]
    seed: u64,
    /// How many systems [default: as the rules say]
    #[arg(long, value_parser = integer(2..=200_000u32))]
    systems: Option<u32>,
    /// The tick in which the highest score wins [default: as the rules say]
    #[arg(long, value_parser = integer(1..=10_000_000u64))]
    ticks: Option<u64>,
    /// How long the bot may take for an answer, in milliseconds
    #[arg(long, default_value_t = 1_000, value_name = "MS", value_parser = integer(1..=600_000u64))]
    turn_ms: u64,
    /// Keep every game in this directory, with replays
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Watch a game in the browser afterwards, until Ctrl-C: the first that the bot did not win, or the first. Where there
    /// is no screen, as --film
    #[arg(long)]
    watch: bool,
    /// Watch that game as a film in the terminal
    #[arg(long, conflicts_with = "watch")]
    film: bool,
}

pub(crate) fn play(options: &Options) -> Result<(), Error> {
    let player = options.which.build()?.player()?;
    let name = player.split('=').next().unwrap_or_default().to_owned();
    // To be watched a game must be kept somewhere.
    let scratch = match (&options.out, options.watch || options.film) {
        (None, true) => Some(tempfile::tempdir().map_err(|error| format!("no temporary directory: {error}"))?),
        _ => None,
    };
    let out = options.out.clone().or_else(|| scratch.as_ref().map(|scratch| scratch.path().to_owned()));
    let mut words = vec![
        "--players".to_owned(),
        format!("{player},{}", options.against),
        "--games".to_owned(),
        options.games.to_string(),
        "--seed".to_owned(),
        options.seed.to_string(),
        "--turn-ms".to_owned(),
        options.turn_ms.to_string(),
    ];
    let more = [
        ("--seats", options.seats.map(|seats| seats.to_string())),
        ("--systems", options.systems.map(|systems| systems.to_string())),
        ("--ticks", options.ticks.map(|ticks| ticks.to_string())),
    ];
    for (option, value) in more {
        words.extend(value.into_iter().flat_map(|value| [option.to_owned(), value]));
    }
    if let Some(out) = &out {
        words.extend(["--out".to_owned(), out.display().to_string(), "--replays".to_owned(), "all".to_owned()]);
    }
    arena::arena(&arena::Options::of_words(&words)?)?;
    let Some(out) = out.filter(|_| options.watch || options.film) else { return Ok(()) };
    let game = arena::game_to_watch(&out, &name)?;
    if options.film || !replay::can_open() {
        return replay::film(&game);
    }
    replay::watch(&replay::WatchOptions::of(&game))
}
