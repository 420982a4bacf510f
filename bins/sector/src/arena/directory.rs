//! The directory of an arena (`--out`): what it is, and its games so far.
//!
//! `arena.json` says what is played; `games.jsonl` gets a line for each game, in order, as soon as it is known. A
//! process that is killed leaves at most a torn last line, which is cut off when the arena goes on.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::record::Record;
use super::table::{Fresh, Table};
use crate::output::{Error, OutputFile};

/// The file with the games.
const GAMES: &str = "games.jsonl";

/// An arena's directory, open for one process.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    games: File,
}

impl Directory {
    /// Opens or makes the directory for an arena with these parameters, and reads the games that it holds.
    pub(crate) fn open(
        path: &Path,
        parameters: &Value,
        table: &Table,
        games: u64,
    ) -> Result<(Directory, Vec<Record>), Error> {
        let (file, text) = open_games(path)?;
        let directory = Directory { path: path.to_owned(), games: file };
        directory.same_parameters(parameters, !text.is_empty())?;
        let records = directory.read(&path.join(GAMES), &text, table)?;
        if records.len() as u64 > games {
            return Err(format!(
                "{} holds {} games already; ask for --games {} or more, or for another directory",
                path.display(),
                records.len(),
                records.len()
            )
            .into());
        }
        Ok((directory, records))
    }

    fn same_parameters(&self, parameters: &Value, has_games: bool) -> Result<(), Error> {
        let path = self.path.join("arena.json");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !has_games => {
                let mut file = OutputFile::create(&path)?;
                file.line(&serde_json::to_string_pretty(parameters)?)?;
                return file.finish();
            }
            Err(error) => return Err(format!("{} cannot be read: {error}", path.display()).into()),
        };
        let known: Value = serde_json::from_str(&text)
            .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        match difference("", &known, parameters) {
            None => Ok(()),
            Some(what) => Err(format!(
                "{} holds an arena with other parameters ({what}); ask for the same, or for another directory",
                self.path.display()
            )
            .into()),
        }
    }

    fn read(&self, path: &Path, text: &[u8], table: &Table) -> Result<Vec<Record>, Error> {
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let mut records = Vec::new();
        for (index, line) in text[..whole].split_inclusive(|byte| *byte == b'\n').enumerate() {
            let fault = |what: &str| format!("{}, line {}: {what}", path.display(), index + 1);
            let record: Record =
                serde_json::from_slice(line).map_err(|error| fault(&error.to_string()))?;
            let expected = table
                .schedule
                .pairing(index as u64)
                .map(|pairing| (pairing.seed, pairing.rotation));
            // Beyond the schedule there are only games that more were asked for once; they are counted by the caller.
            if record.game != index as u64
                || expected.is_some_and(|expected| expected != (record.seed, record.rotation))
                || record.places.len() != usize::from(table.size.factions)
                || record.players.len() != record.places.len()
                || record.value_per_mille.len() != record.places.len()
            {
                return Err(fault(&format!("is not game {index} of this arena")).into());
            }
            records.push(record);
        }
        // What another build would play differently must not be mixed: the last game is played again.
        if let Some(last) =
            records.last().filter(|last| table.schedule.pairing(last.game).is_some())
        {
            let mut fresh: Fresh = None;
            // Programs may be late once and in time again: then the games differ, and nobody is to blame for it.
            let again = table.play(last.game, &mut fresh)?;
            if again != *last && again.faults.is_empty() && last.faults.is_empty() {
                return Err(format!(
                    "{}, line {}: this program plays the game otherwise; finish the arena with the one that began it",
                    path.display(),
                    records.len()
                )
                .into());
            }
        }
        if whole < text.len() {
            self.games.set_len(whole as u64).map_err(|error| self.cannot_write(&error))?;
        }
        Ok(records)
    }

    fn cannot_write(&self, error: &std::io::Error) -> Error {
        format!("{} cannot be written: {error}", self.path.join(GAMES).display()).into()
    }

    /// Appends the line of a game.
    pub(crate) fn append(&mut self, line: &str) -> Result<(), Error> {
        append(&self.path, &mut self.games, &format!("{line}\n"))
    }

    /// Writes a whole file into the directory.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        let path = self.path.join(name);
        let mut file = OutputFile::create(&path)?;
        file.line(text.trim_end())?;
        file.finish()
    }
}

/// Opens or makes the games of a directory, for one process alone, and reads them.
pub(super) fn open_games(path: &Path) -> Result<(File, Vec<u8>), Error> {
    let cannot_write =
        |error: std::io::Error| format!("{} cannot be written: {error}", path.display());
    fs::create_dir_all(path).map_err(cannot_write)?;
    let games_path = path.join(GAMES);
    let file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(&games_path)
        .map_err(cannot_write)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(format!("another arena is being played in {}", path.display()).into());
        }
        Err(TryLockError::Error(error)) => return Err(cannot_write(error).into()),
    }
    let text = fs::read(&games_path)
        .map_err(|error| format!("{} cannot be read: {error}", games_path.display()))?;
    Ok((file, text))
}

/// Appends lines, with their ends, to the games of a directory.
pub(super) fn append(path: &Path, games: &mut File, lines: &str) -> Result<(), Error> {
    let cannot =
        |error| format!("{} cannot be written: {error}", path.join(GAMES).display()).into();
    games.write_all(lines.as_bytes()).map_err(cannot)
}

/// The first thing in which two values differ, in words.
pub(super) fn difference(path: &str, known: &Value, asked: &Value) -> Option<String> {
    match (known, asked) {
        _ if known == asked => None,
        (Value::Object(left), Value::Object(right)) => {
            left.keys().chain(right.keys().filter(|key| !left.contains_key(*key))).find_map(|key| {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let value = |map: &serde_json::Map<String, Value>| {
                    map.get(key).cloned().unwrap_or_default()
                };
                difference(&path, &value(left), &value(right))
            })
        }
        _ => Some(format!("{path} = {known} there, {asked} asked for")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_difference_is_named() {
        let known = json!({ "seed": 1, "rules": { "map": { "systems": 30 } } });
        assert_eq!(difference("", &known, &known), None);
        let asked = json!({ "seed": 1, "rules": { "map": { "systems": 31 } } });
        assert_eq!(
            difference("", &known, &asked).unwrap(),
            "rules.map.systems = 30 there, 31 asked for"
        );
        let asked = json!({ "seed": 1, "rules": { "map": { "systems": 30 } }, "new": true });
        assert_eq!(difference("", &known, &asked).unwrap(), "new = null there, true asked for");
    }
}
