//! `sector bot play`: plays a bot against others in memory.

use std::path::PathBuf;

use clap::Args;
use process_kit::config::integer;

use super::build::Which;
use crate::arena;
use crate::replay;
use crate::tool::Error;

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    which: Which,
    /// Opponents: players of the arena, separated by commas
    #[arg(long, default_value = "classic,greedy", value_name = "PLAYERS", value_delimiter = ',')]
    against: Vec<String>,
    /// Number of games
    #[arg(long, default_value_t = 100, value_parser = integer(1..=1_000_000u64))]
    games: u64,
    #[command(flatten)]
    setting: arena::Setting,
    /// Store every game in this directory, with replays
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Afterwards, watch a game in the browser until Ctrl-C: the first that the bot did not win, or
    /// the first. Without a display, same as --film
    #[arg(long)]
    watch: bool,
    /// Watch that game in the terminal
    #[arg(long, conflicts_with = "watch")]
    film: bool,
}

pub(crate) fn play(options: &Options) -> Result<(), Error> {
    let player = options.which.build()?.player()?;
    let name = player.split('=').next().unwrap_or_default().to_owned();
    // Watching needs a stored game.
    let scratch = match (&options.out, options.watch || options.film) {
        (None, true) => Some(
            tempfile::tempdir()
                .map_err(|error| format!("cannot create a temporary directory: {error}"))?,
        ),
        _ => None,
    };
    let out =
        options.out.clone().or_else(|| scratch.as_ref().map(|scratch| scratch.path().to_owned()));
    let players = [vec![player], options.against.clone()].concat();
    arena::arena(&arena::Options::of(
        players,
        options.games,
        options.setting.clone(),
        out.clone(),
    ))?;
    let Some(out) = out.filter(|_| options.watch || options.film) else { return Ok(()) };
    let game = arena::game_to_watch(&out, &name)?;
    if options.film || !replay::can_open() {
        return replay::film(&game);
    }
    replay::watch(&replay::WatchOptions::of(&game))
}
