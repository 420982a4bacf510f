//! What the tools print, and the files they write.

use std::fs::Permissions;
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sector_sim::{Board, Cause, Outcome};
use tempfile::NamedTempFile;

/// An error in one sentence.
pub(crate) type Error = Box<dyn std::error::Error>;

/// Prints lines. A reader that closes the pipe, as `head` does, is not an error.
pub(crate) fn say(text: &str) -> Result<(), Error> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(format!("the result cannot be printed: {error}").into())
        }
        _ => Ok(()),
    }
}

/// A bar of so many things of this name, on a terminal alone; indicatif sees to that.
pub(crate) fn progress_bar(length: u64, what: &str, is_hidden: bool) -> ProgressBar {
    let target =
        if is_hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(length), target);
    match ProgressStyle::with_template(&format!(
        "{{bar:40}} {what} {{pos}} of {{len}}, {{per_sec}}, {{eta}} left"
    )) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// A file that appears under its name only when it is complete.
#[derive(Debug)]
pub(crate) struct OutputFile<'a> {
    path: &'a Path,
    file: BufWriter<NamedTempFile>,
}

impl<'a> OutputFile<'a> {
    pub(crate) fn create(path: &'a Path) -> Result<OutputFile<'a>, Error> {
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        // As readable as the umask lets any new file be; temporary files are private otherwise.
        let mut file = tempfile::Builder::new();
        let file = file.permissions(Permissions::from_mode(0o666)).tempfile_in(directory);
        let file = file.map_err(|error| cannot_write(path, &error))?;
        Ok(OutputFile { path, file: BufWriter::new(file) })
    }

    pub(crate) fn line(&mut self, line: &str) -> Result<(), Error> {
        writeln!(self.file, "{line}").map_err(|error| cannot_write(self.path, &error))
    }

    /// Puts the file in its place.
    pub(crate) fn finish(self) -> Result<(), Error> {
        let file =
            self.file.into_inner().map_err(|error| cannot_write(self.path, error.error()))?;
        file.persist(self.path).map_err(|error| cannot_write(self.path, &error.error))?;
        Ok(())
    }
}

impl Write for OutputFile<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

pub(crate) fn cannot_write(path: &Path, error: &std::io::Error) -> Error {
    format!("{} cannot be written: {error}", path.display()).into()
}

/// How a run ended, in a few words.
pub(crate) fn ending(board: &Board, outcome: Option<Outcome>) -> String {
    let Some(Outcome { winner, cause, tick }) = outcome else { return "undecided".to_owned() };
    let name = winner.and_then(|winner| board.faction(winner));
    let name =
        name.map_or("nobody".to_owned(), |faction| format!("{} ({})", faction.name, faction.id));
    let how = match cause {
        Cause::Domination => "by domination",
        Cause::LastStanding => "as the last one standing",
        Cause::TickLimit => "on points",
    };
    format!("{name} {how} in tick {tick}")
}

/// The living factions, best first, as a table.
pub(crate) fn standing(board: &Board) -> String {
    let mut table = format!(
        "{:<4} {:<32} {:>7} {:>6} {:>9}\n",
        "id", "faction", "systems", "value", "strength"
    );
    for faction in board.standing() {
        let name: String = faction.name.chars().take(32).collect();
        table.push_str(&format!(
            "{:<4} {name:<32} {:>7} {:>6} {:>9}\n",
            faction.id.to_string(),
            faction.systems,
            faction.value,
            format!("{}.{}k", faction.strength / 1000, faction.strength % 1000 / 100),
        ));
    }
    table
}
