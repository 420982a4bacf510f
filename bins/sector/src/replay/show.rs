//! `sector replay show`: prints or draws the map of a tick.

mod area;
mod caption;
mod player;
mod svg;
mod terminal;

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::Args;
use process_kit::config::integer;

use self::caption::Caption;
pub(crate) use self::player::film;
use self::terminal::Ink;
use crate::replay::file;
use crate::tool::{Error, say, write_text};

/// Default width of a map, in columns.
const COLUMNS: usize = 100;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Replay file
    file: PathBuf,
    /// Tick [default: the last]
    #[arg(long)]
    tick: Option<u64>,
    /// Write the map to an SVG file instead
    #[arg(long, value_name = "OUT.SVG")]
    svg: Option<PathBuf>,
    /// Play the run in the terminal, tick by tick, until Ctrl-C
    #[arg(long, conflicts_with_all = ["tick", "svg"])]
    play: bool,
    /// Columns of the map [default: width of the terminal]
    #[arg(long, value_parser = integer(40..=400u16))]
    width: Option<u16>,
}

pub(crate) fn show(options: &Options) -> Result<(), Error> {
    if options.play {
        return player::play(&options.file, columns(options.width));
    }
    let replay = file::read(&options.file)?;
    let failed = |error| format!("{}: {error}", options.file.display());
    let last = replay.ticks().last().map_or(0, |tick| tick.tick);
    let tick = options.tick.unwrap_or(last);
    if tick > last {
        return Err(format!(
            "{}: there is no tick {tick}; the ticks are 0 to {last}",
            options.file.display()
        )
        .into());
    }
    let mut playback = replay.play().map_err(failed)?;
    while playback.world().tick() < tick && playback.next_tick().map_err(failed)?.is_some() {}
    let world = playback.world();
    let caption = Caption::of(&replay, world);
    let Some(path) = &options.svg else {
        let (width, ink) = (columns(options.width), ink());
        return say(&terminal::draw(world, &caption, width, ink));
    };
    write_text(path, &svg::draw(world, &caption))?;
    say(&format!("tick {tick} drawn in {}", path.display()))
}

fn columns(asked: Option<u16>) -> usize {
    let terminal = || terminal_size::terminal_size().map(|(width, _)| width.0.clamp(40, 400));
    let named = || {
        std::env::var("COLUMNS").ok()?.parse().ok().filter(|columns| (40..=400).contains(columns))
    };
    asked.or_else(terminal).or_else(named).map_or(COLUMNS, usize::from)
}

/// Colours that the terminal supports.
fn ink() -> Ink {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if !std::io::stdout().is_terminal() || is_set("NO_COLOR") {
        return Ink::Plain;
    }
    match std::env::var("COLORTERM").as_deref() {
        Ok("truecolor" | "24bit") => Ink::True,
        _ => Ink::Indexed,
    }
}
