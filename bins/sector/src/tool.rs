//! Shared by all tools: errors, printing, files, progress bars, threads.

use std::fmt::Display;
use std::fs::Permissions;
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sector_sim::board::Outcome;
use sector_sim::event::Cause;
use sector_sim::{Board, Rules};
use tempfile::NamedTempFile;

/// An error in one sentence.
pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

/// Prints lines. A reader that closes the pipe, as `head` does, is not an error.
pub(crate) fn say(text: &str) -> Result<(), Error> {
    print_line(text).map(|_| ())
}

/// Prints lines; false if the reader has closed the pipe.
pub(crate) fn print_line(text: &str) -> Result<bool, Error> {
    match writeln!(std::io::stdout(), "{text}") {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(format!("cannot print the result: {error}").into()),
    }
}

/// A progress bar that counts `what`. Shown only if stderr is a terminal.
pub(crate) fn progress_bar(length: u64, what: &str, is_hidden: bool) -> ProgressBar {
    let template = format!("{{bar:40}} {what} {{pos}} of {{len}}, {{per_sec}}, {{eta}} left");
    styled_bar(length, &template, is_hidden)
}

/// A progress bar with a template of indicatif.
pub(crate) fn styled_bar(length: u64, template: &str, is_hidden: bool) -> ProgressBar {
    let target =
        if is_hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(length), target);
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Number of threads: as asked, or one per core.
pub(crate) fn jobs(asked: Option<usize>) -> usize {
    asked.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
}

/// Computes `work(0)` to `work(count - 1)` on `jobs` threads; results are in order.
pub(crate) fn parallel<T: Send>(
    jobs: usize,
    count: usize,
    work: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let jobs = jobs.clamp(1, count.max(1));
    let work = &work;
    let mut done: Vec<(usize, T)> = std::thread::scope(|scope| {
        let share = |job| move || (job..count).step_by(jobs).map(|index| (index, work(index)));
        let threads: Vec<_> =
            (0..jobs).map(|job| scope.spawn(move || share(job)().collect::<Vec<_>>())).collect();
        let results = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        results.flatten().collect()
    });
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Runs a tool that needs the async runtime.
pub(crate) fn block_on(tool: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start the runtime: {error}"))?
        .block_on(tool)
}

/// Reads a text file.
pub(crate) fn read_text(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|error| cannot_read(path, &error))
}

/// Reads a rules file; without one, the classic rules.
pub(crate) fn read_rules(path: Option<&Path>) -> Result<Rules, Error> {
    let Some(path) = path else { return Ok(Rules::classic()) };
    Rules::from_toml(&read_text(path)?)
        .map_err(|error| format!("{}: {error}", path.display()).into())
}

/// Writes a whole text file, with a line break at its end.
pub(crate) fn write_text(path: &Path, text: &str) -> Result<(), Error> {
    let mut file = OutputFile::create(path)?;
    file.line(text.trim_end())?;
    file.finish()
}

/// Directory of a file: `.` for a bare name.
pub(crate) fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

pub(crate) fn cannot_read(path: &Path, error: &dyn Display) -> Error {
    format!("{} cannot be read: {error}", path.display()).into()
}

pub(crate) fn cannot_write(path: &Path, error: &dyn Display) -> Error {
    format!("{} cannot be written: {error}", path.display()).into()
}

/// A file that appears under its name only when it is complete.
#[derive(Debug)]
pub(crate) struct OutputFile<'a> {
    path: &'a Path,
    file: BufWriter<NamedTempFile>,
}

impl<'a> OutputFile<'a> {
    pub(crate) fn create(path: &'a Path) -> Result<OutputFile<'a>, Error> {
        // Temporary files are private by default; the umask restricts this one like any new file.
        let mut file = tempfile::Builder::new();
        let file = file.permissions(Permissions::from_mode(0o666)).tempfile_in(directory_of(path));
        let file = file.map_err(|error| cannot_write(path, &error))?;
        Ok(OutputFile { path, file: BufWriter::new(file) })
    }

    pub(crate) fn line(&mut self, line: &str) -> Result<(), Error> {
        writeln!(self.file, "{line}").map_err(|error| cannot_write(self.path, &error))
    }

    /// Moves the file into place.
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

/// The winner of a run, such as "Ember Pact (F1) by domination in tick 412".
pub(crate) fn ending(board: &Board, outcome: Option<Outcome>) -> String {
    let winner = outcome.and_then(|outcome| board.faction(outcome.winner?));
    ending_of(outcome, winner.map(|faction| format!("{} ({})", faction.name, faction.id)))
}

/// The same with this name for the winner.
pub(crate) fn ending_of(outcome: Option<Outcome>, winner: Option<String>) -> String {
    let Some(Outcome { cause, tick, .. }) = outcome else { return "undecided".to_owned() };
    let name = winner.unwrap_or_else(|| "nobody".to_owned());
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
            thousands(faction.strength),
        ));
    }
    table
}

/// A strength in thousands, with one decimal.
pub(crate) fn thousands(milli: i64) -> String {
    format!("{}.{}k", milli / 1000, milli % 1000 / 100)
}

/// Text for HTML and SVG.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Quantile of sorted values; 0 without values.
pub(crate) fn quantile(sorted: &[u64], per_mille: usize) -> u64 {
    let index = (sorted.len() * per_mille / 1000).min(sorted.len().saturating_sub(1));
    sorted.get(index).copied().unwrap_or(0)
}
