//! Plays a recorded run in the terminal.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use super::caption::Caption;
use super::{columns, ink, terminal};
use crate::replay::file;
use crate::tool::{Error, say};

/// Time between pictures.
const PICTURE: Duration = Duration::from_millis(80);
/// Approximate maximum number of pictures. Long runs skip ticks, so that a film takes about a
/// minute.
const PICTURES: u64 = 750;
/// Escape sequences: cursor to the upper left corner, clear below the cursor, clear all.
const HOME: &str = "\x1b[H";
const CLEAR_BELOW: &str = "\x1b[J";
const CLEAR: &str = "\x1b[2J";

/// Plays a run at the width of the terminal.
pub(crate) fn film(path: &Path) -> Result<(), Error> {
    play(path, columns(None))
}

/// Plays a run; without a terminal, prints its last tick.
pub(super) fn play(path: &Path, width: usize) -> Result<(), Error> {
    let replay = file::read(path)?;
    let failed = |error| format!("{}: {error}", path.display());
    let mut playback = replay.play().map_err(failed)?;
    let (ink, is_film) = (ink(), std::io::stdout().is_terminal());
    let last = replay.ticks().last().map_or(0, |tick| tick.tick);
    let stride = last.div_ceil(PICTURES).max(1);
    let mut out = std::io::stdout();
    if is_film {
        write!(out, "{CLEAR}")?;
    }
    while playback.next_tick().map_err(failed)?.is_some() {
        let world = playback.world();
        if is_film && (world.tick().is_multiple_of(stride) || world.tick() == last) {
            let picture = terminal::draw(world, &Caption::of(&replay, world), width, ink);
            match write!(out, "{HOME}{picture}{CLEAR_BELOW}").and_then(|()| out.flush()) {
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
                written => written.map_err(|error| format!("cannot print the run: {error}"))?,
            }
            std::thread::sleep(PICTURE);
        }
    }
    let world = playback.world();
    if is_film {
        Ok(())
    } else {
        say(&terminal::draw(world, &Caption::of(&replay, world), width, ink))
    }
}
