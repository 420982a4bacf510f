//! A recorded run as a film in the terminal.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use super::caption::Caption;
use super::{columns, ink, terminal};
use crate::output::{Error, say};
use crate::replay::file;

/// The time from picture to picture.
const PICTURE: Duration = Duration::from_millis(80);
/// About how many pictures a run has: longer ones leave out ticks, so that a film takes about a minute at most.
const PICTURES: u64 = 750;
/// Moves the cursor to the upper left corner, and clears what is below the picture.
const HOME: &str = "\x1b[H";
const CLEAR_BELOW: &str = "\x1b[J";
const CLEAR: &str = "\x1b[2J";

/// Shows a run, in as many columns as the terminal has.
pub(crate) fn film(path: &Path) -> Result<(), Error> {
    play(path, columns(None))
}

/// Shows a run; where there is no terminal, its last tick.
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
                written => written.map_err(|error| format!("the run cannot be shown: {error}"))?,
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
